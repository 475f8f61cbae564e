// SPDX-License-Identifier: PostgreSQL
#include "admission/first_matches.h"

#include <algorithm>

namespace admission {

void FirstMatches::Set::fill(const Interval& interval, std::size_t number) {
  Number point = interval.first;
  for (;;) {
    Number last = interval.last;
    if (const Interval* around = covered.around(point)) {
      last = around->last;
    } else {
      if (const Interval* next = covered.behind(point)) last = std::min(last, next->first - 1);
      pieces.emplace(point, Piece{last, number});
    }
    if (last >= interval.last) break;
    point = last + 1;
  }
  covered.add(interval);
}

void FirstMatches::add(const hba::Rule& rule, const Addresses& addresses, std::size_t number) {
  sets_.for_all(names_.user_keys(rule), names_.database_keys(rule), [&](Sets& sets) {
    for (const Interval& interval : addresses.ipv4) sets[0].fill(interval, number);
    for (const Interval& interval : addresses.ipv6) sets[1].fill(interval, number);
  });
}

std::vector<const FirstMatches::Set*> FirstMatches::sets_of(const Member& member,
                                                            hba::Family family) const {
  std::vector<const Set*> made;
  sets_.for_known(names_.user_keys(member), names_.database_keys(member), [&](const Sets& sets) {
    made.push_back(&sets[family == hba::Family::ipv4 ? 0 : 1]);
  });
  return made;
}

std::optional<Number> FirstMatches::hole(const Member& member, hba::Family family,
                                         const std::vector<Interval>& wanted) const {
  std::vector<const Intervals*> covered;
  for (const Set* set : sets_of(member, family)) covered.push_back(&set->covered);
  return admission::hole(covered, wanted);
}

void FirstMatches::deciders(const Member& member, hba::Family family,
                            const std::vector<Interval>& wanted, int most,
                            const std::function<void(std::size_t)>& visit) const {
  const std::vector<const Set*> sets = sets_of(member, family);
  for (const Interval& interval : wanted) {
    Number point = interval.first;
    for (;;) {
      // How far it is the same in every set.
      Number last = interval.last;
      std::optional<std::size_t> first;
      for (const Set* set : sets) {
        auto at = set->pieces.upper_bound(point);
        if (at != set->pieces.end()) last = std::min(last, at->first - 1);
        if (at == set->pieces.begin()) continue;
        const Piece& piece = std::prev(at)->second;
        if (piece.last < point) continue;
        last = std::min(last, piece.last);
        if (!first || piece.number < *first) first = piece.number;
      }
      if (first) visit(*first);
      if (--most <= 0) return;
      if (last >= interval.last) break;
      point = last + 1;
    }
  }
}

}  // namespace admission
