// SPDX-License-Identifier: PostgreSQL
#include "replay/network.h"

#include <fmt/format.h>

namespace replay {
namespace {

constexpr int neighbours_ipv4 = 24;
constexpr int neighbours_ipv6 = 64;

}  // namespace

Network::Network(const hba::Address& address)
    : family_(address.family),
      first_(admission::number_of(address)),
      length_(hba::bits_of(address.family)) {}

void Network::cut(int shorter) {
  const int rest = hba::bits_of(family_) - shorter;
  length_ = shorter;
  first_ = rest >= 128 ? 0 : (first_ >> rest) << rest;
}

void Network::widen(const hba::Address& address) {
  Network other(address);
  other.cut(length_);
  while (other.first_ != first_) {
    cut(length_ - 1);
    other.cut(length_);
  }
}

std::string Network::text() const {
  return fmt::format("{}/{}", hba::to_string(admission::address_of(first_, family_)), length_);
}

Network neighbourhood(const hba::Address& address) {
  Network made(address);
  made.cut(address.family == hba::Family::ipv4 ? neighbours_ipv4 : neighbours_ipv6);
  return made;
}

}  // namespace replay
