// SPDX-License-Identifier: PostgreSQL
#include "networks/network.h"

#include <fmt/format.h>

namespace networks {

using admission::Number;

namespace {

/// The bits below a length.
Number below(hba::Family family, int length) {
  const int rest = hba::bits_of(family) - length;
  return rest >= 128 ? ~Number(0) : (Number(1) << rest) - 1;
}

}  // namespace

Number Network::last() const { return first | below(family, length); }

bool Network::contains(const Network& other) const {
  return family == other.family && length <= other.length && cut(other, length) == *this;
}

Network of_address(const hba::Address& address) {
  return {address.family, admission::number_of(address), hba::bits_of(address.family)};
}

Network cut(const Network& network, int length) {
  return {network.family, network.first & ~below(network.family, length), length};
}

Network joined(const Network& one, const Network& other) {
  Network made = one.length < other.length ? one : other;
  while (cut(one, made.length) != cut(other, made.length)) made = cut(made, made.length - 1);
  return cut(one, made.length);
}

std::optional<Network> network_of(const hba::AddressSpec& spec) {
  if (spec.kind != hba::AddressSpec::Kind::network) return std::nullopt;
  const Number mask = admission::number_of(spec.mask);
  const Number whole = below(spec.address.family, 0);
  const Number rest = ~mask & whole;
  if (mask == 0 || (rest & (rest + 1)) != 0) return std::nullopt;
  Network made = of_address(spec.address);
  while (below(made.family, made.length) != rest) --made.length;
  return cut(made, made.length);
}

std::string to_string(const Network& network) {
  return fmt::format("{}/{}", hba::to_string(admission::address_of(network.first, network.family)),
                     network.length);
}

}  // namespace networks
