// SPDX-License-Identifier: PostgreSQL
#include "base/text.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <numeric>

namespace base {
namespace {

constexpr std::string_view hex_digits = "0123456789abcdef";
constexpr std::string_view base64_digits =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

int digit_value(std::string_view digits, char c) {
  const auto at = digits.find(c);
  return at == std::string_view::npos ? -1 : static_cast<int>(at);
}

/// One code point at the front of `text`, and how many bytes it takes; length 0: not UTF-8
/// (RFC 3629: no overlong forms, no surrogates, nothing above U+10FFFF).
struct Rune {
  std::uint32_t value = 0;
  std::size_t length = 0;
};

Rune first_rune(std::string_view text) {
  const auto lead = static_cast<unsigned char>(text[0]);
  if (lead < 0x80) return {lead, 1};
  const std::size_t length = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
  if (lead < 0xc2 || lead > 0xf4 || text.size() < length) return {};
  std::uint32_t value = lead & (0x7fU >> length);
  for (std::size_t i = 1; i < length; ++i) {
    const auto next = static_cast<unsigned char>(text[i]);
    if ((next & 0xc0) != 0x80) return {};
    value = (value << 6) | (next & 0x3fU);
  }
  constexpr std::array<std::uint32_t, 5> least = {0, 0, 0x80, 0x800, 0x10000};
  if (value < least[length] || value > 0x10ffff || (value >= 0xd800 && value < 0xe000)) return {};
  return {value, length};
}

/// Characters that move or hide others on a terminal or a page: Unicode's bidirectional controls,
/// line and paragraph separator, the byte order mark.
bool deceptive(std::uint32_t rune) {
  return (rune >= 0x202a && rune <= 0x202e) || (rune >= 0x2066 && rune <= 0x2069) ||
         rune == 0x200e || rune == 0x200f || rune == 0x061c || rune == 0x2028 || rune == 0x2029 ||
         rune == 0xfeff;
}

bool control(std::uint32_t rune, bool keep_layout) {
  if (keep_layout && (rune == '\n' || rune == '\t')) return false;
  return rune < 0x20 || (rune >= 0x7f && rune < 0xa0);
}

std::string escape(std::string_view foreign, bool keep_layout) {
  if (std::all_of(foreign.begin(), foreign.end(), [](char c) { return c >= ' ' && c <= '~'; }))
    return std::string(foreign);
  std::string safe;
  safe.reserve(foreign.size());
  while (!foreign.empty()) {
    const Rune rune = first_rune(foreign);
    if (rune.length == 0) {
      safe += fmt::format("\\x{:02x}", static_cast<unsigned char>(foreign[0]));
      foreign.remove_prefix(1);
      continue;
    }
    if (control(rune.value, keep_layout))
      safe += fmt::format("\\x{:02x}", rune.value);
    else if (deceptive(rune.value))
      safe += fmt::format("\\u{{{:04x}}}", rune.value);
    else
      safe += foreign.substr(0, rune.length);
    foreign.remove_prefix(rune.length);
  }
  return safe;
}

std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), 0);
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t replaced = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({replaced, row[j] + 1, row[j - 1] + 1});
    }
  }
  return row.back();
}

}  // namespace

std::string hex(std::string_view bytes) {
  std::string text;
  text.reserve(bytes.size() * 2);
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    text += hex_digits[byte >> 4];
    text += hex_digits[byte & 15];
  }
  return text;
}

std::optional<std::string> unhex(std::string_view text) {
  if (text.size() % 2 != 0) return std::nullopt;
  std::string bytes;
  for (std::size_t i = 0; i < text.size(); i += 2) {
    const int high = digit_value(hex_digits, text[i]);
    const int low = digit_value(hex_digits, text[i + 1]);
    if (high < 0 || low < 0) return std::nullopt;
    bytes += static_cast<char>(high * 16 + low);
  }
  return bytes;
}

std::optional<std::string> percent_decoded(std::string_view text) {
  std::string plain;
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (text[at] != '%') {
      plain += text[at];
      continue;
    }
    const auto byte = unhex(lower(text.substr(at + 1, 2)));
    if (!byte || byte->size() != 1 || byte->front() == '\0') return std::nullopt;
    plain += *byte;
    at += 2;
  }
  return plain;
}

std::string base64(std::string_view bytes) {
  std::string text;
  text.reserve((bytes.size() + 2) / 3 * 4);
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    std::uint32_t group = 0;
    const std::size_t got = std::min<std::size_t>(3, bytes.size() - i);
    for (std::size_t k = 0; k < 3; ++k)
      group = (group << 8) | (k < got ? static_cast<unsigned char>(bytes[i + k]) : 0U);
    for (std::size_t k = 0; k < 4; ++k)
      text += k <= got ? base64_digits[(group >> (18 - 6 * k)) & 63] : '=';
  }
  return text;
}

std::optional<std::string> unbase64(std::string_view text) {
  if (text.size() % 4 != 0) return std::nullopt;
  std::size_t padding = 0;
  while (padding < 2 && padding < text.size() && text[text.size() - 1 - padding] == '=') ++padding;
  std::string bytes;
  bytes.reserve(text.size() / 4 * 3);
  std::uint32_t group = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool pad = i >= text.size() - padding;
    const int value = pad ? 0 : digit_value(base64_digits, text[i]);
    if (value < 0) return std::nullopt;
    group = (group << 6) | static_cast<std::uint32_t>(value);
    if (i % 4 != 3) continue;
    for (int shift = 16; shift >= 0; shift -= 8) bytes += static_cast<char>((group >> shift) & 255);
    group = 0;
  }
  bytes.resize(bytes.size() - padding);
  if (base64(bytes) != text) return std::nullopt;  // left-over bits in the last group
  return bytes;
}

std::string printable(std::string_view foreign) { return escape(foreign, true); }
std::string printable_line(std::string_view foreign) { return escape(foreign, false); }

bool valid_utf8(std::string_view bytes) {
  while (!bytes.empty()) {
    const Rune rune = first_rune(bytes);
    if (rune.length == 0) return false;
    bytes.remove_prefix(rune.length);
  }
  return true;
}

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  for (;;) {
    const auto at = text.find(separator);
    parts.push_back(text.substr(0, at));
    if (at == std::string_view::npos) return parts;
    text.remove_prefix(at + 1);
  }
}

std::string_view trim(std::string_view text) {
  constexpr std::string_view blanks = " \t\r\n\f\v";
  const auto first = text.find_first_not_of(blanks);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(blanks) - first + 1);
}

std::string sql_identifier(std::string_view name) {
  std::string quoted = "\"";
  for (const char c : name) {
    if (c == '"') quoted += c;
    quoted += c;
  }
  return quoted + '"';
}

std::string lower(std::string_view text) {
  std::string result(text);
  for (char& c : result)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return result;
}

std::string nearest(std::string_view word, const std::vector<std::string_view>& known) {
  std::string best;
  std::size_t least = std::max<std::size_t>(1, word.size() / 3) + 1;
  for (const std::string_view candidate : known) {
    const std::size_t distance = edit_distance(word, candidate);
    if (distance >= least) continue;
    least = distance;
    best = candidate;
  }
  return best;
}

}  // namespace base
