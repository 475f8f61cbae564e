// SPDX-License-Identifier: PostgreSQL
// The three formats of a log: lines in, messages out. Of most lines a log has, nobody wants to know
// more than that they are not about a connection; so they are passed by without being read.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "server_log/entry.h"
#include "server_log/prefix.h"

namespace server_log {

class Dialect {
 public:
  /// Called for each message that may be about a connection.
  using Tell = std::function<void(const Entry&)>;

  explicit Dialect(const Tell& tell) : tell_(tell) {}
  Dialect(const Dialect&) = delete;
  Dialect& operator=(const Dialect&) = delete;
  virtual ~Dialect() = default;

  /// Text that was passed by: whole lines, or parts of one that is longer than the buffer.
  virtual void pass(std::string_view) {}
  /// A line without its newline, in which find_candidate found something; `cut`: the log ends with
  /// it, and without a newline.
  virtual void add(std::string_view line, bool cut) = 0;
  /// The log is over.
  virtual void end() {}
  /// What this format writes behind the word FATAL.
  [[nodiscard]] virtual char behind_fatal() const = 0;

  /// Lines that may be about a connection and could not be read whole, or were not recognised.
  [[nodiscard]] std::uint64_t unreadable() const { return unreadable_; }

 protected:
  const Tell& tell_;
  std::uint64_t unreadable_ = 0;
};

/// Standard error, or log_destination = stderr. A prefix is recognised anew wherever another
/// begins: a reload changes it.
std::unique_ptr<Dialect> stderr_dialect(std::vector<Prefix> prefixes, const Dialect::Tell& tell);
/// log_destination = csvlog. A log that is damaged amid a message is taken up at the next line that
/// a record begins with.
std::unique_ptr<Dialect> csv_dialect(const Dialect::Tell& tell);
/// log_destination = jsonlog, from PostgreSQL 15 on.
std::unique_ptr<Dialect> json_dialect(const Dialect::Tell& tell);

/// Whether a line is the beginning of one of their messages.
bool begins_csv(std::string_view line);
bool begins_json(std::string_view line);
bool begins_stderr(std::string_view line, const std::vector<Prefix>& prefixes);

}  // namespace server_log
