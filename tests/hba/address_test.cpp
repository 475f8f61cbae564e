// SPDX-License-Identifier: PostgreSQL
// What is an address is what the C library's getaddrinfo takes for one, as the server asks it.
#include "hba/address.h"

#include <arpa/inet.h>
#include <doctest/doctest.h>
#include <netdb.h>
#include <sys/socket.h>

#include <array>
#include <random>
#include <string>

namespace {

/// "" where it is none.
std::string of_getaddrinfo(const std::string& text) {
  addrinfo hints{};
  hints.ai_flags = AI_NUMERICHOST;
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (::getaddrinfo(text.empty() ? nullptr : text.c_str(), nullptr, &hints, &found) != 0) return "";
  std::array<char, INET6_ADDRSTRLEN> shown{};
  const void* bytes = found->ai_family == AF_INET
                          ? static_cast<const void*>(
                                &reinterpret_cast<const sockaddr_in*>(found->ai_addr)->sin_addr)
                          : &reinterpret_cast<const sockaddr_in6*>(found->ai_addr)->sin6_addr;
  ::inet_ntop(found->ai_family, bytes, shown.data(), shown.size());
  ::freeaddrinfo(found);
  return shown.data();
}

std::string of_pgseal(const std::string& text) {
  const hba::NumericAddress read = hba::read_address(text);
  if (read.state != hba::NumericAddress::State::address) return "";
  std::array<char, INET6_ADDRSTRLEN> shown{};
  ::inet_ntop(read.address.family == hba::Family::ipv4 ? AF_INET : AF_INET6,
              read.address.bytes.data(), shown.data(), shown.size());
  return shown.data();
}

}  // namespace

TEST_CASE("an address is read as getaddrinfo reads it") {
  for (const char* text :
       {"", "10.0.0.1", "010.0.0.1", "10.1", "0x0a000001", "1", "::1", "fe80::1%lo",
        "::ffff:10.0.0.1", "::10.0.0.1", "1::2::3", "10.0.0.300", "10.0.0.1 "})
    CHECK_MESSAGE(of_pgseal(text) == of_getaddrinfo(text), text);
  std::mt19937 dice(7);
  const std::string letters = "0123456789abcfx.:%";
  int addresses = 0;
  for (int turn = 0; turn < 20000; ++turn) {
    std::string text = dice() % 2 == 0 ? "10.0.0.1" : "fd00::a:1";
    for (std::uint32_t change = dice() % 4; change > 0; --change)
      text.replace(dice() % text.size(), dice() % 2, 1, letters[dice() % letters.size()]);
    const std::string expected = of_getaddrinfo(text);
    addresses += expected.empty() ? 0 : 1;
    REQUIRE_MESSAGE(of_pgseal(text) == expected, text);
  }
  CHECK(addresses > 5000);
}
