// SPDX-License-Identifier: PostgreSQL
// The tokens of postgresql.conf (guc-file.l), one line at a time: no token holds a newline. Longest
// match, the earlier rule where two are as long: so `a.b` is a qualified name and never a value.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace settings {

enum class TokenKind : std::uint8_t {
  end,  ///< of the line; a comment counts as nothing
  name,
  qualified_name,
  string,
  unquoted,
  integer,
  real,
  equals,
  error,
};

struct Token {
  TokenKind kind = TokenKind::end;
  std::size_t begin = 0;
  std::size_t end = 0;
};

/// The token of `line` at or after `from`; `line` without its newline.
Token next_token(std::string_view line, std::size_t from);

/// A string token or an unquoted one as the server stores it, that is up to the first NUL.
std::string token_value(TokenKind kind, std::string_view text);

}  // namespace settings
