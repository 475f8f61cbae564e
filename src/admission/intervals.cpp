// SPDX-License-Identifier: PostgreSQL
#include "admission/intervals.h"

#include <algorithm>

namespace admission {
namespace {

using hba::Family;

// A mask with gaps makes two intervals of one for each bit that it lacks above its lowest.
constexpr std::size_t most_intervals = 4096;

constexpr Number one = 1;

std::size_t bytes_of(Family family) { return static_cast<std::size_t>(hba::bits_of(family)) / 8; }

/// Where (address XOR candidate) AND mask = 0 holds.
std::optional<std::vector<Interval>> matching(Number address, Number mask, Family family) {
  const int bits = hba::bits_of(family);
  int low = 0;  // bits below the mask's lowest: each interval's length
  while (low < bits && ((mask >> low) & one) == 0) ++low;
  std::vector<Number> bases = {address & mask};
  for (int bit = low; bit < bits; ++bit) {
    if (((mask >> bit) & one) != 0) continue;
    if (bases.size() * 2 > most_intervals) return std::nullopt;
    const std::size_t before = bases.size();
    for (std::size_t i = 0; i < before; ++i) bases.push_back(bases[i] | (one << bit));
  }
  std::sort(bases.begin(), bases.end());
  const Number rest = low == 128 ? ~Number(0) : (one << low) - 1;
  std::vector<Interval> made;
  made.reserve(bases.size());
  for (const Number base : bases) made.push_back({base, base | rest});
  return made;
}

}  // namespace

Number number_of(const hba::Address& address) {
  Number number = 0;
  for (std::size_t i = 0; i < bytes_of(address.family); ++i)
    number = (number << 8) | address.bytes[i];
  return number;
}

hba::Address address_of(Number number, Family family) {
  hba::Address made;
  made.family = family;
  for (std::size_t i = bytes_of(family); i-- > 0; number >>= 8)
    made.bytes[i] = static_cast<std::uint8_t>(number & 0xFFU);
  return made;
}

Interval whole(Family family) { return {0, family == Family::ipv4 ? (one << 32) - 1 : ~Number(0)}; }

void Intervals::add(const Interval& interval) {
  Interval grown = interval;
  auto at = by_first_.upper_bound(interval.first);
  if (at != by_first_.begin()) {
    const auto before = std::prev(at);
    if (before->second.last >= interval.first || before->second.last == interval.first - 1) {
      grown.first = before->first;
      at = before;
    }
  }
  while (at != by_first_.end() && (at->first <= grown.last || at->first - 1 == grown.last)) {
    grown.last = std::max(grown.last, at->second.last);
    at = by_first_.erase(at);
  }
  by_first_.emplace_hint(at, grown.first, grown);
}

std::vector<Interval> Intervals::list() const {
  std::vector<Interval> made;
  for (const auto& [first, interval] : by_first_) made.push_back(interval);
  return made;
}

const Interval* Intervals::around(Number point) const {
  auto at = by_first_.upper_bound(point);
  if (at == by_first_.begin()) return nullptr;
  --at;
  return at->second.last >= point ? &at->second : nullptr;
}

const Interval* Intervals::behind(Number point) const {
  const auto at = by_first_.upper_bound(point);
  return at == by_first_.end() ? nullptr : &at->second;
}

void AddressSet::add(const Addresses& addresses) {
  for (const Interval& interval : addresses.ipv4) ipv4_.add(interval);
  for (const Interval& interval : addresses.ipv6) ipv6_.add(interval);
}

std::optional<Number> hole(const std::vector<const Intervals*>& sets,
                           const std::vector<Interval>& wanted) {
  for (const Interval& interval : wanted) {
    Number point = interval.first;
    for (;;) {
      const Interval* around = nullptr;
      for (const Intervals* set : sets)
        if (const Interval* found = set->around(point);
            found != nullptr && (around == nullptr || found->last > around->last))
          around = found;
      if (around == nullptr) return point;
      if (around->last >= interval.last) break;
      point = around->last + 1;
    }
  }
  return std::nullopt;
}

std::optional<Addresses> addresses_of(const hba::AddressSpec& spec) {
  using Kind = hba::AddressSpec::Kind;
  if (spec.kind == Kind::all || spec.kind == Kind::none) return every_address();
  if (spec.kind != Kind::network) return std::nullopt;
  const Family family = spec.address.family;
  auto found = matching(number_of(spec.address), number_of(spec.mask), family);
  if (!found) return std::nullopt;
  Addresses made;
  (family == Family::ipv4 ? made.ipv4 : made.ipv6) = std::move(*found);
  return made;
}

Addresses client_addresses() {
  constexpr Number mapped = Number(0xFFFF) << 32;
  constexpr Number last = mapped | 0xFFFFFFFFU;
  return {{whole(Family::ipv4)}, {{0, mapped - 1}, {last + 1, whole(Family::ipv6).last}}};
}

Addresses every_address() { return {{whole(Family::ipv4)}, {whole(Family::ipv6)}}; }

Addresses possible_addresses(const hba::AddressSpec& spec) {
  if (auto known = addresses_of(spec)) return std::move(*known);
  if (spec.kind != hba::AddressSpec::Kind::network) return every_address();
  Addresses made;
  const Family family = spec.address.family;
  (family == Family::ipv4 ? made.ipv4 : made.ipv6) = {whole(family)};
  return made;
}

Addresses united(const Addresses& unsorted) {
  AddressSet set;
  set.add(unsorted);
  return {set.of(Family::ipv4).list(), set.of(Family::ipv6).list()};
}

std::vector<Interval> common(const std::vector<Interval>& one_set,
                             const std::vector<Interval>& other) {
  std::vector<Interval> made;
  auto left = one_set.begin();
  auto right = other.begin();
  while (left != one_set.end() && right != other.end()) {
    const Number first = std::max(left->first, right->first);
    const Number last = std::min(left->last, right->last);
    if (first <= last) made.push_back({first, last});
    if (left->last < right->last)
      ++left;
    else
      ++right;
  }
  return made;
}

}  // namespace admission
