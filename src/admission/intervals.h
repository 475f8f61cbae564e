// SPDX-License-Identifier: PostgreSQL
// Sets of addresses as disjoint intervals, each family apart.
#pragma once

#include <map>
#include <optional>
#include <vector>

#include "hba/address.h"
#include "hba/rule.h"

namespace admission {

/// An address as a number; of IPv4 in the low 32 bits.
using Number = unsigned __int128;

Number number_of(const hba::Address& address);
hba::Address address_of(Number number, hba::Family family);

struct Interval {
  Number first = 0;
  Number last = 0;  ///< belongs to it
};

/// A whole family, 0 to its last address.
Interval whole(hba::Family family);

/// Disjoint intervals of one family, none touching the next.
class Intervals {
 public:
  void add(const Interval& interval);
  /// The interval in which `point` lies.
  [[nodiscard]] const Interval* around(Number point) const;
  /// The first that begins behind `point`.
  [[nodiscard]] const Interval* behind(Number point) const;
  [[nodiscard]] std::vector<Interval> list() const;

 private:
  std::map<Number, Interval> by_first_;
};

/// The addresses of a rule by family, sorted. Null where only the server knows them, or where a
/// mask with gaps makes more than 4096 intervals.
struct Addresses {
  std::vector<Interval> ipv4;
  std::vector<Interval> ipv6;
  [[nodiscard]] const std::vector<Interval>& of(hba::Family family) const {
    return family == hba::Family::ipv4 ? ipv4 : ipv6;
  }
};
std::optional<Addresses> addresses_of(const hba::AddressSpec& spec);
Addresses every_address();
/// The same, or where it is null all that they may be.
Addresses possible_addresses(const hba::AddressSpec& spec);
/// Those that a client may have. An IPv4 client never has an IPv6 address that stands for his,
/// ::ffff:0:0/96: the server's sockets are IPV6_V6ONLY (src/backend/libpq/pqcomm.c).
Addresses client_addresses();
/// The same addresses, sorted and disjoint.
Addresses united(const Addresses& unsorted);

/// Any addresses.
class AddressSet {
 public:
  void add(const Addresses& addresses);
  [[nodiscard]] const Intervals& of(hba::Family family) const {
    return family == hba::Family::ipv4 ? ipv4_ : ipv6_;
  }

 private:
  Intervals ipv4_;
  Intervals ipv6_;
};

/// The first point of `wanted` that lies in none of `sets`.
std::optional<Number> hole(const std::vector<const Intervals*>& sets,
                           const std::vector<Interval>& wanted);

/// What lies in both; both are sorted.
std::vector<Interval> common(const std::vector<Interval>& one, const std::vector<Interval>& other);

}  // namespace admission
