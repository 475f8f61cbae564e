// SPDX-License-Identifier: PostgreSQL
// Addresses and masks as pg_hba.conf takes them: whatever getaddrinfo(AI_NUMERICHOST) of the C
// library reads, short, octal and hexadecimal forms included (src/common/ip.c).
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>

namespace hba {

enum class Family : std::uint8_t { ipv4, ipv6 };

/// An address or a mask, in network order; of IPv4 the first four bytes count.
struct Address {
  Family family = Family::ipv4;
  std::array<std::uint8_t, 16> bytes{};
  bool operator==(const Address&) const = default;
};

int bits_of(Family family);

/// What getaddrinfo made of a text.
struct NumericAddress {
  enum class State { address, name, wrong };
  State state = State::wrong;
  Address address;
  std::string why;  ///< gai_strerror's text where it is no address
};

/// `name` where the text is none: the server takes it for a host's name then. Asks no resolver.
NumericAddress read_address(const std::string& text);
/// As getnameinfo(NI_NUMERICHOST) prints it, without a scope.
std::string to_string(const Address& address);

/// The mask of "/length", whose text strtol has to read whole (pg_sockaddr_cidr_mask).
std::optional<Address> mask_of_length(const std::string& length, Family family);

}  // namespace hba
