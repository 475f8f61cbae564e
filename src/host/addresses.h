// SPDX-License-Identifier: PostgreSQL
// The addresses at which other hosts reach this one.
#pragma once

#include <compare>
#include <string>
#include <vector>

namespace host {

/// Addresses of all interfaces, sorted, each once; without loopback and link-local ones, by which
/// no other host reaches it (getifaddrs(3)). Empty where they cannot be asked.
std::vector<std::string> own_addresses();

struct OwnNetwork {
  std::string interface;
  std::string address;
  int length = 0;  ///< of its mask
  auto operator<=>(const OwnNetwork&) const = default;
};

/// Of the same interfaces the networks, sorted, each once; without those that have no other
/// address.
std::vector<OwnNetwork> own_networks();

}  // namespace host
