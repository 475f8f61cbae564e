// SPDX-License-Identifier: PostgreSQL
// A TOML text as a tree whose every key and value knows its line and column. It exists so that
// one file alone sees the TOML library, and so that problems can be told with their place. A value
// looks at what the library read: a copy of ten thousand tables would cost more than reading them.
#pragma once

#include <cstdint>
#include <memory>
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

/// A part of a Document, valid as long as that. Asked for what it is not, it gives "", 0, nothing.
class Value {
 public:
  [[nodiscard]] ValueKind kind() const;
  [[nodiscard]] Position at() const;
  [[nodiscard]] std::string_view text() const;
  [[nodiscard]] std::int64_t integer() const;
  [[nodiscard]] bool boolean() const;
  [[nodiscard]] base::Time date() const;              ///< the day's first second
  [[nodiscard]] std::vector<Value> items() const;     ///< of an array
  [[nodiscard]] std::vector<Member> members() const;  ///< of a table, in the order of the text

 private:
  friend class Document;
  explicit Value(const void* node) : node_(node) {}
  const void* node_;  ///< the library's own
};

struct Member {
  std::string_view key;
  Position at;
  Value value;
};

struct SyntaxProblem {
  std::string what;  ///< never repeats what stands in the text: it may be half of a passphrase
  Position at;
};

class Document {
 public:
  static std::variant<Document, SyntaxProblem> parse(std::string_view text);
  [[nodiscard]] Value top() const;

 private:
  struct Tree;
  struct Fell {
    void operator()(Tree* tree) const;
  };
  explicit Document(Tree* tree) : tree_(tree) {}
  std::unique_ptr<Tree, Fell> tree_;
};

}  // namespace configuration
