// SPDX-License-Identifier: PostgreSQL
// log_line_prefix as a pattern: what the server writes before each message on standard error
// (chapter "Error Reporting and Logging"; src/backend/utils/error/elog.c, log_line_prefix).
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "server_log/entry.h"

namespace server_log {

class Prefix {
 public:
  /// Error usage where it names no process (%p or %c), or has what no version knows.
  static base::Result<Prefix> parse(std::string_view setting);
  /// What distributions and services set, and log analysers ask for.
  static std::vector<Prefix> well_known();

  /// Takes prefix and severity off a line; false, with `entry` in any state, where it does not
  /// begin so.
  bool match(std::string_view line, Entry& entry) const;

  /// Whether a line begins as it does up to the first text of a client; false where it has one
  /// first.
  [[nodiscard]] bool begins(std::string_view line) const;

  /// Whether names or other texts of clients stand in it, which may look like what follows.
  [[nodiscard]] bool has_free_text() const { return free_text_; }
  /// Whether a user or a database stands in it: these, as clients send them, may have line breaks.
  [[nodiscard]] bool has_names() const { return names_; }
  [[nodiscard]] const std::string& setting() const { return setting_; }

 private:
  struct Part {
    char escape = 0;  ///< 0: a literal
    std::string literal;
    std::size_t width = 0;  ///< "%-10u" has so many bytes at least
  };
  class Matching;

  Prefix() = default;
  base::Result<std::size_t> parse_escape(std::size_t at);

  std::string setting_;
  std::vector<Part> parts_;
  bool free_text_ = false;
  bool names_ = false;
};

}  // namespace server_log
