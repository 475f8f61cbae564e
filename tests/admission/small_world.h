// SPDX-License-Identifier: PostgreSQL
// A world so small that every connection in it can be put to explain: of what random rules and
// memberships are made that a proof, a comparison and the lint are tried with.
#pragma once

#include <fmt/format.h>

#include <cstdint>
#include <cstdlib>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "admission/roles.h"

namespace small_world {

using Pool = std::vector<std::string>;

inline const Pool types = {"host",       "host",         "hostssl", "hostnossl",
                           "hostgssenc", "hostnogssenc", "local"};
inline const Pool databases = {"all",      "all",      "a",           "b,g",
                               "sameuser", "samerole", "replication", "all,replication"};
inline const Pool users = {"all", "all", "a", "b", "a,b", "+g", "+h", "g", "+a"};
inline const Pool addresses = {
    "all",         "0.0.0.0/0",   "10.0.0.0/28", "10.0.0.0/29",
    "10.0.0.8/29", "10.0.0.4/30", "10.0.0.1/32", "10.0.0.0 255.255.255.249",
    "::/0",        "::8/125"};
// Two that no rule names.
inline const Pool everybody = {"a", "b", "g", "h", "f", "k"};

class Dice {
 public:
  explicit Dice(std::uint64_t seed) : dice_(seed) {}

  std::size_t below(std::size_t end) { return dice_() % end; }
  const std::string& one_of(const Pool& pool) { return pool[below(pool.size())]; }

  /// Lines "member group".
  std::string roles() {
    std::string text;
    for (std::size_t lines = below(5); lines > 0; --lines)
      text += fmt::format("{} {}\n", everybody[below(4)], everybody[below(4)]);
    return text;
  }

 private:
  std::mt19937_64 dice_;
};

/// Visits memberships of a role: those that are known, or each way in which they may be, with the
/// groups of that way.
template <class Visit>
void for_each_way(const admission::Roles& roles, const std::string& user, const Visit& visit) {
  const unsigned ways = roles.known() ? 1U : 1U << everybody.size();
  for (unsigned groups = 0; groups < ways; ++groups) {
    std::set<std::string> in;
    for (std::size_t i = 0; i < everybody.size(); ++i)
      if (((groups >> i) & 1U) != 0) in.insert(everybody[i]);
    if (in.contains(user)) continue;
    visit(roles.known() ? roles : admission::Roles::of_one(user, in), in);
  }
}

/// How many to try: what the variable says, or as many as are usual, or that at length.
inline int wanted(const char* variable, int usual, int at_length) {
  if (const char* text = std::getenv(variable)) return std::atoi(text);
  return std::getenv("PGSEAL_FULL") != nullptr ? at_length : usual;
}
/// Where a row of seeds begins.
inline std::uint64_t first_seed(std::uint64_t usual) {
  const char* text = std::getenv("PGSEAL_SEED");
  return text == nullptr ? usual : std::strtoull(text, nullptr, 10);
}

inline int wanted(const char* variable, int usual) { return wanted(variable, usual, usual * 20); }

}  // namespace small_world
