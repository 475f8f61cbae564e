// SPDX-License-Identifier: PostgreSQL
#include "host/addresses.h"

#include <arpa/inet.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>

#include <algorithm>
#include <array>
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

}  // namespace

std::vector<std::string> own_addresses() {
  std::vector<std::string> addresses;
  ifaddrs* first = nullptr;
  if (::getifaddrs(&first) != 0) return addresses;
  const std::unique_ptr<ifaddrs, decltype(&::freeifaddrs)> list(first, &::freeifaddrs);
  for (const ifaddrs* each = list.get(); each != nullptr; each = each->ifa_next) {
    if (each->ifa_addr == nullptr || (each->ifa_flags & IFF_LOOPBACK) != 0) continue;
    if (std::string text = address_text(each->ifa_addr); !text.empty())
      addresses.push_back(std::move(text));
  }
  std::sort(addresses.begin(), addresses.end());
  addresses.erase(std::unique(addresses.begin(), addresses.end()), addresses.end());
  return addresses;
}

}  // namespace host
