// SPDX-License-Identifier: PostgreSQL
// Bytes as text: hexadecimal, base64 (RFC 4648 section 4, strict), and the one writer that makes
// foreign text harmless before it reaches a terminal, JSON or HTML.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace base {

std::string hex(std::string_view bytes);
std::optional<std::string> unhex(std::string_view text);

/// Percent signs undone (RFC 3986 section 2.1); null where one is not followed by two hexadecimal
/// digits, and for %00, which no C string holds.
std::optional<std::string> percent_decoded(std::string_view text);

std::string base64(std::string_view bytes);
/// Null where `text` is not exactly what `base64` would write.
std::optional<std::string> unbase64(std::string_view text);

/// Control characters (C0 but newline and tab, DEL, C1), bidirectional overrides and bytes that are
/// not UTF-8 become \xNN or \u{NNNN}; the rest stays. Idempotent but for backslashes, which stay.
std::string printable(std::string_view foreign);
/// The same, newline and tab escaped too: for names within a line.
std::string printable_line(std::string_view foreign);

bool valid_utf8(std::string_view bytes);

std::vector<std::string_view> split(std::string_view text, char separator);
std::string_view trim(std::string_view text);
std::string lower(std::string_view text);

/// An identifier as SQL quotes it, always: "Report ""x""".
std::string sql_identifier(std::string_view name);

/// The word of `known` nearest to `word` by edit distance (at most a third of its length), or "".
std::string nearest(std::string_view word, const std::vector<std::string_view>& known);

}  // namespace base
