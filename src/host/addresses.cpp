// SPDX-License-Identifier: PostgreSQL
#include "host/addresses.h"

#include <arpa/inet.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <memory>
#include <utility>

namespace host {
namespace {

/// "" for what no other host could reach it by.
std::string address_text(const sockaddr* address) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  if (address->sa_family == AF_INET) {
    const auto* four = reinterpret_cast<const sockaddr_in*>(address);  // NOLINT: getifaddrs(3)
    return ::inet_ntop(AF_INET, &four->sin_addr, text.data(), text.size());
  }
  if (address->sa_family != AF_INET6) return "";
  const auto* six = reinterpret_cast<const sockaddr_in6*>(address);  // NOLINT: getifaddrs(3)
  if (IN6_IS_ADDR_LINKLOCAL(&six->sin6_addr)) return "";
  return ::inet_ntop(AF_INET6, &six->sin6_addr, text.data(), text.size());
}

/// Leading ones of a mask; all where there is no mask.
int length_of(const sockaddr* mask, sa_family_t family) {
  std::array<unsigned char, 16> bytes{};
  const std::size_t size = family == AF_INET ? 4 : 16;
  if (mask == nullptr) return static_cast<int>(size * 8);
  if (family == AF_INET)
    std::memcpy(bytes.data(), &reinterpret_cast<const sockaddr_in*>(mask)->sin_addr,
                size);  // NOLINT
  else
    std::memcpy(bytes.data(), &reinterpret_cast<const sockaddr_in6*>(mask)->sin6_addr,
                size);  // NOLINT
  int length = 0;
  for (std::size_t at = 0; at < size; ++at) length += std::popcount(bytes[at]);
  return length;
}

std::vector<OwnNetwork> every_network() {
  std::vector<OwnNetwork> networks;
  ifaddrs* first = nullptr;
  if (::getifaddrs(&first) != 0) return networks;
  const std::unique_ptr<ifaddrs, decltype(&::freeifaddrs)> list(first, &::freeifaddrs);
  for (const ifaddrs* each = list.get(); each != nullptr; each = each->ifa_next) {
    if (each->ifa_addr == nullptr || (each->ifa_flags & IFF_LOOPBACK) != 0) continue;
    if (std::string text = address_text(each->ifa_addr); !text.empty())
      networks.push_back({each->ifa_name, std::move(text),
                          length_of(each->ifa_netmask, each->ifa_addr->sa_family)});
  }
  std::sort(networks.begin(), networks.end());
  networks.erase(std::unique(networks.begin(), networks.end()), networks.end());
  return networks;
}

}  // namespace

std::vector<std::string> own_addresses() {
  std::vector<std::string> addresses;
  for (OwnNetwork& each : every_network()) addresses.push_back(std::move(each.address));
  std::sort(addresses.begin(), addresses.end());
  addresses.erase(std::unique(addresses.begin(), addresses.end()), addresses.end());
  return addresses;
}

std::vector<OwnNetwork> own_networks() {
  std::vector<OwnNetwork> networks = every_network();
  std::erase_if(networks, [](const OwnNetwork& each) {
    return each.length == (each.address.find(':') == std::string::npos ? 32 : 128);
  });
  return networks;
}

}  // namespace host
