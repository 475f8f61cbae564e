// SPDX-License-Identifier: PostgreSQL
// A server's log from its first to its last byte: which connections it tells of. Its format is told
// by its content. Memory is bounded by constants.
#pragma once

#include <optional>
#include <string>

#include "base/result.h"
#include "server_log/blocks.h"
#include "server_log/connection.h"

namespace server_log {

enum class Format : std::uint8_t { standard_error, csv, json };

/// What became of a log's lines.
struct Summary {
  Format format = Format::standard_error;
  /// Lines that may be about a connection, but are cut off, ambiguous, of an unknown form,
  /// contradicted by what the process said before, or made by a client or a function.
  std::uint64_t unreadable = 0;
  std::uint64_t authorized = 0;  ///< connections of each ending
  std::uint64_t failed = 0;
  std::uint64_t failed_at_start = 0;
  std::uint64_t abandoned = 0;
  /// Connections for replication of which the log names no database, though they may have one.
  std::uint64_t perhaps_physical = 0;
  bool cut = false;     ///< ends in the middle of a line
  bool shrunk = false;  ///< was cut short while it was read: a part of it is lost
};

struct Settings {
  std::string name;         ///< of the log, for messages
  std::string line_prefix;  ///< of log_destination = stderr; "" where it is to be recognised
  /// A line that it does not hold is about no connection.
  std::size_t buffer = Blocks::usual_buffer;
  std::string command{};  ///< that reads the log from standard input, for messages
};

/// Gives each connection as soon as it is over or well begun. Errors: those of reading; usage for a
/// line_prefix without process; parse for what is compressed, for what is no log, and for a log
/// that tells of no connection, each with a hint.
base::Result<Summary> read_connections(const Read& read, const Settings& settings,
                                       const Take& take);

/// From a file, a FIFO, or standard input ("-"). A file that is written, cut short or rotated
/// meanwhile is read to where it ends then; that it was cut short is told. Error file_io for
/// folders and devices.
base::Result<Summary> read_connections(const std::string& path, const Settings& settings,
                                       const Take& take);

/// "stderr", "csvlog", "jsonlog"
const char* to_string(Format format);

}  // namespace server_log
