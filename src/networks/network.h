// SPDX-License-Identifier: PostgreSQL
// A network as one writes it into a rule: an address and a length.
#pragma once

#include <compare>
#include <optional>
#include <string>

#include "admission/intervals.h"
#include "hba/rule.h"

namespace networks {

struct Network {
  hba::Family family = hba::Family::ipv4;
  admission::Number first = 0;  ///< without the bits below the length
  int length = 0;

  [[nodiscard]] admission::Number last() const;
  [[nodiscard]] bool contains(const Network& other) const;
  auto operator<=>(const Network&) const = default;
};

Network of_address(const hba::Address& address);
/// The network of that length in which another, longer one lies.
Network cut(const Network& network, int length);
/// The narrowest that has both; they are of one family.
Network joined(const Network& one, const Network& other);
/// Null: no network, every address, or a mask with gaps.
std::optional<Network> network_of(const hba::AddressSpec& spec);

/// "10.0.0.0/8"
std::string to_string(const Network& network);

}  // namespace networks
