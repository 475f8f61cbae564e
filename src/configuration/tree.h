// SPDX-License-Identifier: PostgreSQL
// A TOML text as a plain tree whose every key and value knows its line and column. It exists so
// that one file alone sees the TOML library, and so that problems can be told with their place.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/time.h"

namespace configuration {

struct Position {
  int line = 0;  ///< 1-based; 0: nowhere in particular
  int column = 0;
  auto operator<=>(const Position&) const = default;
};

/// `other`: floats, times of day, times with a date. No key of ours takes one.
enum class ValueKind : std::uint8_t { text, integer, boolean, date, array, table, other };

/// "a string", "an integer".
std::string_view to_string(ValueKind kind);

struct Member;

struct Value {
  ValueKind kind = ValueKind::other;
  Position at;
  std::string text;
  std::int64_t integer = 0;
  bool boolean = false;
  base::Time date;              ///< the day's first second
  std::vector<Value> items;     ///< array
  std::vector<Member> members;  ///< table, in the order of the text
};

struct Member {
  std::string key;
  Position at;
  Value value;
};

struct SyntaxProblem {
  std::string what;  ///< never repeats what stands in the text: it may be half of a passphrase
  Position at;
};

std::variant<Value, SyntaxProblem> parse_toml(std::string_view text);

}  // namespace configuration
