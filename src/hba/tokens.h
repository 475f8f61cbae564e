// SPDX-License-Identifier: PostgreSQL
// pg_hba.conf and pg_ident.conf as tokens, exactly as the server of a version reads them: physical
// lines, continued lines, fields, tokens, `@file`, includes (chapter "Client Authentication",
// "The pg_hba.conf File"; src/backend/libpq/hba.c, tokenize_auth_file and next_token).
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "hba/sources.h"
#include "hba/version.h"

namespace hba {

struct Token {
  std::string text;
  bool quoted = false;  ///< began with a quote: no keyword, no group, no file

  /// Unquoted and exactly this word.
  [[nodiscard]] bool is(std::string_view keyword) const { return !quoted && text == keyword; }
  /// "+group": its members.
  [[nodiscard]] bool is_group() const { return !quoted && text.starts_with('+'); }
  /// Of a database: the role of its name has the user as a member.
  [[nodiscard]] bool is_same_role() const { return is("samerole") || is("samegroup"); }
  /// Of a database: a word of the language, no name.
  [[nodiscard]] bool is_database_word() const {
    return is("all") || is("sameuser") || is_same_role() || is("replication");
  }
  /// Of a role or a database: a regular expression, quoted or not.
  [[nodiscard]] bool is_expression(const Version& version) const {
    return has_includes(version) && text.starts_with('/');
  }
};

using Field = std::vector<Token>;

/// A line with something on it. Either `fields` or `error`.
struct Line {
  std::string file;
  int number = 0;  ///< of its first physical line, 1-based
  std::vector<Field> fields;
  std::string error;      ///< the server's words; with it the file is refused
  std::string text;       ///< continued lines joined, as the server's log quotes it
  std::size_t begin = 0;  ///< its bytes in its file, continued lines and line end included
  std::size_t end = 0;
};

/// What the server only logs: the file loads all the same.
struct Remark {
  std::string file;
  int line = 0;
  std::string message;
};

struct Tokens {
  std::vector<Line> lines;  ///< of the file and of what it includes, in the order of the rules
  std::vector<Remark> remarks;
};

/// The lines of `text`, which stands in `file`. Total: any bytes are taken. Files that include one
/// another without end are an error of the line that closes the circle; to 15 the server has no
/// such error and its postmaster dies.
Tokens tokenize(const std::string& file, std::string_view text, const Version& version,
                const Sources& sources);

}  // namespace hba
