// SPDX-License-Identifier: PostgreSQL
#include "hba/address.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <sys/socket.h>

#include <algorithm>
#include <cstring>
#include <memory>
#include <optional>

namespace hba {

int bits_of(Family family) { return family == Family::ipv4 ? 32 : 128; }

namespace {

/// The usual spellings, which getaddrinfo reads alike and much slower.
std::optional<Address> read_plainly(const std::string& text) {
  Address read;
  if (::inet_pton(AF_INET, text.c_str(), read.bytes.data()) == 1) return read;
  read.family = Family::ipv6;
  if (::inet_pton(AF_INET6, text.c_str(), read.bytes.data()) == 1) return read;
  return std::nullopt;
}

}  // namespace

NumericAddress read_address(const std::string& text) {
  if (const auto plain = read_plainly(text))
    return {.state = NumericAddress::State::address, .address = *plain, .why = {}};
  addrinfo hints{};
  hints.ai_flags = AI_NUMERICHOST;
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  const char* asked = text.empty() ? nullptr : text.c_str();
  const int status = ::getaddrinfo(asked, nullptr, &hints, &found);
  const std::unique_ptr<addrinfo, void (*)(addrinfo*)> owner(found, ::freeaddrinfo);
  NumericAddress read;
  if (status != 0 || found == nullptr) {
    read.why = ::gai_strerror(status);
    if (status == EAI_NONAME) read.state = NumericAddress::State::name;
    return read;
  }
  read.state = NumericAddress::State::address;
  if (found->ai_family == AF_INET) {
    sockaddr_in socket{};
    std::memcpy(&socket, found->ai_addr, sizeof socket);
    std::memcpy(read.address.bytes.data(), &socket.sin_addr, 4);
  } else {
    sockaddr_in6 socket{};
    std::memcpy(&socket, found->ai_addr, sizeof socket);
    read.address.family = Family::ipv6;
    std::memcpy(read.address.bytes.data(), &socket.sin6_addr, 16);
  }
  return read;
}

std::string to_string(const Address& address) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  ::inet_ntop(address.family == Family::ipv4 ? AF_INET : AF_INET6, address.bytes.data(),
              text.data(), text.size());
  return text.data();
}

std::optional<Address> mask_of_length(const std::string& length, Family family) {
  char* end = nullptr;
  errno = 0;
  const long bits = ::strtol(length.c_str(), &end, 10);
  if (length.empty() || *end != '\0' || errno != 0 || bits < 0 || bits > bits_of(family))
    return std::nullopt;
  Address mask;
  mask.family = family;
  for (long left = bits, i = 0; left > 0; left -= 8, ++i)
    mask.bytes.at(static_cast<std::size_t>(i)) =
        static_cast<std::uint8_t>(0xFF00 >> std::min(left, 8L));
  return mask;
}

}  // namespace hba
