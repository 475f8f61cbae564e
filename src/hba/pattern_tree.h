// SPDX-License-Identifier: PostgreSQL
// A pattern as it was read: what pattern.cpp builds and pattern_match.cpp tries.
#pragma once

#include <bitset>
#include <optional>
#include <string_view>
#include <vector>

#include "hba/pattern.h"

namespace hba {

struct PatternNode {
  enum class Kind { bytes, begin, end, sequence, choice, repeat };
  Kind kind = Kind::sequence;
  std::bitset<256> bytes;             ///< of `bytes`: those that it takes
  std::vector<PatternNode> children;  ///< of `repeat` one
  int least = 0;
  std::optional<int> most;  ///< null: any number
};

struct ReadPattern {
  PatternVerdict verdict;
  PatternNode root;  ///< meaningless unless it compiles
};

ReadPattern read_pattern(std::string_view pattern);

}  // namespace hba
