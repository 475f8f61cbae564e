// SPDX-License-Identifier: PostgreSQL
// Whether a role's or database's regular expression compiles as PostgreSQL's ARE (chapter "POSIX
// Regular Expressions") in the C collation: decided for literals, ".", anchors, bracket lists,
// groups, alternation, the quantifiers and a leading "(?i)". The rest is undecided: escapes with a
// letter or digit, classes, look-around, non-greedy quantifiers, directors.
#pragma once

#include <string>
#include <string_view>

namespace hba {

struct PatternVerdict {
  enum class State { compiles, refused, undecided };
  State state = State::compiles;
  std::string why;  ///< the server's text where it is refused
};

PatternVerdict check_pattern(std::string_view pattern);

}  // namespace hba
