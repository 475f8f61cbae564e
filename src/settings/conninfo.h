// SPDX-License-Identifier: PostgreSQL
// libpq's connection strings (libpq-connect, "Connection Strings"): keyword/value and URI, taken
// apart without loss, so that one keyword can be rewritten and the rest stays byte for byte.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "settings/configuration_file.h"

namespace settings {

struct ConninfoItem {
  std::string keyword;   ///< as libpq names it: a URI's user, password, host, port, dbname too
  std::string value;     ///< quotes, backslashes or percent signs undone
  TextRange text;        ///< keyword, equals sign and value; in a URI's authority the value alone
  TextRange value_text;  ///< the value as written, with its quotes
};

struct Conninfo {
  bool uri = false;  ///< begins with postgresql:// or postgres://
  std::string text;  ///< as parsed
  std::vector<ConninfoItem> items;

  /// The value that counts (the last one), or null.
  [[nodiscard]] const ConninfoItem* find(std::string_view keyword) const;
};

/// Error (parse) where libpq would refuse the string's form; unknown keywords are no error. The
/// message never repeats any of the text, which may hold a password.
base::Result<Conninfo> parse_conninfo(std::string_view text);

/// `conninfo.text` with `keyword` set: its last value replaced in place, or the pair appended. The
/// rest stays byte for byte. Error (parse) where the value holds NUL, or where the keyword stands
/// before the "?" of a URI and cannot be rewritten there, or where the rest of a URI would be read
/// differently.
base::Result<std::string> with_keyword(const Conninfo& conninfo, std::string_view keyword,
                                       std::string_view value);

/// `value` as the keyword/value form wants it: bare where that is safe, else quoted.
std::string conninfo_quoted(std::string_view value);

}  // namespace settings
