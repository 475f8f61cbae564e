// SPDX-License-Identifier: PostgreSQL
// A role's or database's regular expression as PostgreSQL's ARE (chapter "POSIX Regular
// Expressions") in the C collation: whether it compiles and what it matches. Decided for literals,
// ".", anchors, bracket lists, groups, alternation, the quantifiers and a leading "(?i)". The rest
// is undecided: escapes with a letter or digit, classes, look-around, non-greedy quantifiers,
// directors.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace hba {

struct PatternVerdict {
  enum class State { compiles, refused, undecided };
  State state = State::compiles;
  std::string why;  ///< the server's text where it is refused
};

PatternVerdict check_pattern(std::string_view pattern);

/// A pattern that compiles, to be tried on names.
class Pattern {
 public:
  /// Null where it is refused or undecided.
  static std::optional<Pattern> compile(std::string_view pattern);

  /// Somewhere in `name`, byte by byte: before a connection is authenticated the server counts
  /// every byte as a character (its encoding is SQL_ASCII until it has a database). Takes time in
  /// the product of both lengths.
  [[nodiscard]] bool matches(std::string_view name) const;

  /// Every name, the empty one too.
  [[nodiscard]] bool matches_everything() const;
  /// A shortest name that matches; null where none does, "a^b" say.
  [[nodiscard]] std::optional<std::string> example() const;

  /// Thompson's construction: `first` and, of a fork, `second` are where it goes on.
  struct Step {
    enum class Kind { bytes, begin, end, fork, found };
    Kind kind = Kind::found;
    std::size_t set = 0;  ///< of `bytes`: its number in the sets
    std::size_t first = 0;
    std::size_t second = 0;
  };

 private:
  std::vector<Step> steps_;
  std::vector<std::vector<bool>> sets_;
  std::size_t start_ = 0;
};

/// What "\1" stands for where the pattern matches `name`: the text of its first group. Null unless
/// the pattern is "^before(group)after$" and only one text of `name` can stand in the group: of
/// several the server's matcher chooses one.
std::optional<std::string> first_group(std::string_view pattern, std::string_view name);

}  // namespace hba
