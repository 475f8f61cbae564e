// SPDX-License-Identifier: PostgreSQL
// Which of the rules so far is the first to catch a connection, for whole sets of connections.
#pragma once

#include <array>
#include <functional>
#include <map>
#include <optional>
#include <vector>

#include "admission/by_names.h"
#include "admission/intervals.h"
#include "admission/least_members.h"

namespace admission {

class FirstMatches {
 public:
  explicit FirstMatches(const Names& names) : names_(names) {}

  /// Rules come in their order; `number` is the rule's. Takes time in what is new of its addresses.
  void add(const hba::Rule& rule, const Addresses& addresses, std::size_t number);

  /// The first address of `wanted` at which none catches the member.
  [[nodiscard]] std::optional<Number> hole(const Member& member, hba::Family family,
                                           const std::vector<Interval>& wanted) const;

  /// Calls `visit` with who is first over `wanted`, from the lowest address on; of more than `most`
  /// changes from one to another the rest is left out.
  void deciders(const Member& member, hba::Family family, const std::vector<Interval>& wanted,
                int most, const std::function<void(std::size_t)>& visit) const;

 private:
  struct Piece {
    Number last = 0;
    std::size_t number = 0;
  };
  /// Pieces do not overlap; `covered` is their union.
  struct Set {
    Intervals covered;
    std::map<Number, Piece> pieces;
    void fill(const Interval& interval, std::size_t number);
  };
  using Sets = std::array<Set, 2>;  ///< by family

  [[nodiscard]] std::vector<const Set*> sets_of(const Member& member, hba::Family family) const;

  const Names& names_;
  ByNames<Sets> sets_;
};

}  // namespace admission
