// SPDX-License-Identifier: PostgreSQL
// postgresql.conf understood as the server understands it (chapter "Setting Parameters" of
// PostgreSQL's manual, config-setting; the scanner guc-file.l), and kept line by line, so that what
// was parsed can be written again byte for byte. One bad line makes the server refuse the whole
// reload; all of them are reported here, none hides the next.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "base/finding.h"

namespace settings {

/// Bytes [begin, end) of the parsed text.
struct TextRange {
  std::size_t begin = 0;
  std::size_t end = 0;
  bool operator==(const TextRange&) const = default;
};

struct Assignment {
  std::string name;      ///< lower case; names are case-insensitive
  std::string value;     ///< quotes and escapes undone
  int line = 0;          ///< 1-based
  TextRange text;        ///< from the name to the end of the value, comment not included
  TextRange value_text;  ///< the value as written, with its quotes
  bool operator==(const Assignment&) const = default;
};

enum class IncludeKind { file, if_exists, directory };

/// A directive, not a setting: the files' lines count as if they stood here.
struct Include {
  IncludeKind kind = IncludeKind::file;
  std::string path;  ///< relative to the directory of the file that includes
  int line = 0;
  TextRange text;
  bool operator==(const Include&) const = default;
};

enum class LineKind { blank, assignment, include, bad };

struct Line {
  LineKind kind = LineKind::blank;  ///< blank: nothing, or only a comment
  std::string text;                 ///< with its newline; the last line may have none
  bool operator==(const Line&) const = default;
};

struct ConfigurationFile {
  std::vector<Line> lines;  ///< line n stands at n - 1
  std::vector<Assignment> assignments;
  std::vector<Include> includes;
  base::Findings findings;  ///< code "settings.syntax", severity error, one for each bad line

  /// The assignment that counts within this file alone: the last one. Null where there is none.
  /// An include after it may still say otherwise. `name` in any case.
  [[nodiscard]] const Assignment* effective(std::string_view name) const;
  /// The text that was parsed, byte for byte, whatever it was.
  [[nodiscard]] std::string write() const;
};

/// Never fails: what the server would refuse becomes a finding with `file_name` and its line.
/// Stops at no error, while the server gives up after a hundred of them in one file.
ConfigurationFile parse(std::string_view text, std::string_view file_name = "postgresql.conf");

/// `value` between single quotes, as every version of the server reads it back: quotes doubled,
/// backslash, newline and carriage return escaped. `value` must hold no NUL.
std::string quoted(std::string_view value);

}  // namespace settings
