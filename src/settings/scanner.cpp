// SPDX-License-Identifier: PostgreSQL
#include "settings/scanner.h"

#include <algorithm>
#include <array>

namespace settings {
namespace {

bool digit(char c) { return c >= '0' && c <= '9'; }
bool octal(char c) { return c >= '0' && c <= '7'; }
bool ascii_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool hex_digit(char c) { return digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); }
/// LETTER: any byte above ASCII is one.
bool letter(char c) {
  return ascii_letter(c) || c == '_' || (static_cast<unsigned char>(c) & 0x80);
}
bool name_byte(char c) { return letter(c) || digit(c); }
bool unquoted_byte(char c) { return name_byte(c) || c == '-' || c == '.' || c == ':' || c == '/'; }
bool blank(char c) { return c == ' ' || c == '\t' || c == '\r'; }

template <class Predicate>
std::size_t run(std::string_view text, std::size_t from, Predicate holds) {
  while (from < text.size() && holds(text[from])) ++from;
  return from;
}

std::size_t after_sign(std::string_view text) {
  return !text.empty() && (text[0] == '-' || text[0] == '+') ? 1 : 0;
}

std::size_t name_length(std::string_view text) {
  return !text.empty() && letter(text[0]) ? run(text, 0, name_byte) : 0;
}

std::size_t qualified_length(std::string_view text) {
  const std::size_t first = name_length(text);
  if (first == 0 || first >= text.size() || text[first] != '.') return 0;
  const std::size_t second = name_length(text.substr(first + 1));
  return second == 0 ? 0 : first + 1 + second;
}

std::size_t unquoted_length(std::string_view text) {
  return !text.empty() && letter(text[0]) ? run(text, 0, unquoted_byte) : 0;
}

/// Up to the last quote that can close the string: `''` inside may be a quote or an end.
std::size_t string_length(std::string_view text) {
  if (text.empty() || text[0] != '\'') return 0;
  std::size_t closed = 0;
  for (std::size_t i = 1; i < text.size();) {
    if (text[i] == '\\') {
      if (i + 1 >= text.size()) break;
      i += 2;
    } else if (text[i] == '\'') {
      closed = i + 1;
      if (i + 1 >= text.size() || text[i + 1] != '\'') break;
      i += 2;
    } else {
      ++i;
    }
  }
  return closed;
}

std::size_t integer_length(std::string_view text) {
  const std::size_t start = after_sign(text);
  const std::size_t digits = run(text, start, digit);
  if (digits == start) return 0;
  std::size_t longest = run(text, digits, ascii_letter);
  if (digits == start + 1 && text[start] == '0' && digits < text.size() && text[digits] == 'x') {
    const std::size_t hex = run(text, digits + 1, hex_digit);
    if (hex > digits + 1) longest = std::max(longest, run(text, hex, ascii_letter));
  }
  return longest;
}

/// No unit may follow, unlike an integer: 1.5GB must be quoted.
std::size_t real_length(std::string_view text) {
  std::size_t at = run(text, after_sign(text), digit);
  if (at >= text.size() || text[at] != '.') return 0;
  at = run(text, at + 1, digit);
  if (at >= text.size() || (text[at] != 'e' && text[at] != 'E')) return at;
  const std::size_t exponent = at + 1 + after_sign(text.substr(at + 1));
  const std::size_t end = run(text, exponent, digit);
  return end > exponent ? end : at;
}

char escaped(char c) {
  switch (c) {
    case 'b':
      return '\b';
    case 'f':
      return '\f';
    case 'n':
      return '\n';
    case 'r':
      return '\r';
    case 't':
      return '\t';
    default:
      return c;
  }
}

/// The server's DeescapeQuotedString, which works on a C string: with a NUL inside, the byte before
/// it is taken for the closing quote.
std::string unescape(std::string_view text) {
  const std::size_t length = std::min(text.find('\0'), text.size());
  const auto at = [&](std::size_t i) { return i < length ? text[i] : '\0'; };
  std::string value;
  for (std::size_t i = 1; i + 1 < length; ++i) {
    if (text[i] == '\\') {
      ++i;
      if (octal(at(i))) {
        int number = 0;
        std::size_t count = 0;
        for (; count < 3 && octal(at(i + count)); ++count) {
          number = number * 8 + (at(i + count) - '0');
        }
        i += count - 1;
        value += static_cast<char>(number);
      } else {
        value += escaped(at(i));
      }
    } else if (text[i] == '\'' && at(i + 1) == '\'') {
      value += text[++i];
    } else {
      value += text[i];
    }
  }
  return value.substr(0, value.find('\0'));
}

}  // namespace

Token next_token(std::string_view line, std::size_t from) {
  from = run(line, from, blank);
  if (from >= line.size() || line[from] == '#') return {TokenKind::end, line.size(), line.size()};
  const std::string_view rest = line.substr(from);
  struct Match {
    TokenKind kind;
    std::size_t length;
  };
  // In the order of the scanner's rules.
  const std::array<Match, 7> matches = {{
      {TokenKind::name, name_length(rest)},
      {TokenKind::qualified_name, qualified_length(rest)},
      {TokenKind::string, string_length(rest)},
      {TokenKind::unquoted, unquoted_length(rest)},
      {TokenKind::integer, integer_length(rest)},
      {TokenKind::real, real_length(rest)},
      {TokenKind::equals, rest[0] == '=' ? 1U : 0U},
  }};
  const auto* best = std::max_element(matches.begin(), matches.end(),
                                      [](Match a, Match b) { return a.length < b.length; });
  if (best->length == 0) return {TokenKind::error, from, from + 1};
  return {best->kind, from, from + best->length};
}

std::string token_value(TokenKind kind, std::string_view text) {
  return kind == TokenKind::string ? unescape(text) : std::string(text);
}

}  // namespace settings
