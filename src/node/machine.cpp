// SPDX-License-Identifier: PostgreSQL
#include "node/machine.h"

#include <arpa/inet.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <memory>

#include "base/fd.h"
#include "base/text.h"

namespace node {
namespace {

constexpr std::size_t host_file_bytes = 65536;

/// The first that can be read, "" none.
std::string content_of(std::initializer_list<const char*> paths) {
  for (const char* path : paths) {
    auto bytes = base::read_file(path, host_file_bytes);
    if (bytes) return std::move(*bytes);
  }
  return "";
}

/// PRETTY_NAME (os-release(5)): shell quoting, of which no system uses more than the quotes.
std::string pretty_name(const std::string& os_release) {
  constexpr std::string_view key = "PRETTY_NAME=";
  for (const std::string_view line : base::split(os_release, '\n')) {
    if (!line.starts_with(key)) continue;
    std::string_view value = base::trim(line.substr(key.size()));
    if (value.size() >= 2 && (value.front() == '"' || value.front() == '\'')) {
      value.remove_prefix(1);
      value.remove_suffix(1);
    }
    return std::string(value);
  }
  return "";
}

/// Two links that lead to one machine see the same boot in the same process namespace; containers
/// of one machine share the boot alone.
std::string running_machine() {
  const std::string boot = content_of({"/proc/sys/kernel/random/boot_id"});
  std::array<char, 64> space{};
  const ssize_t length = ::readlink("/proc/self/ns/pid", space.data(), space.size());
  if (boot.empty() || length <= 0) return "";
  return std::string(base::trim(boot)) + " " +
         std::string(space.data(), static_cast<std::size_t>(length));
}

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

}  // namespace

void observe_machine(fleet::HostFacts& facts) {
  facts.machine_id = base::trim(content_of({"/etc/machine-id", "/var/lib/dbus/machine-id"}));
  facts.running_machine = running_machine();
  facts.addresses = own_addresses();
  facts.operating_system = pretty_name(content_of({"/etc/os-release", "/usr/lib/os-release"}));
  facts.node_version = PGSEAL_VERSION;
  utsname system{};
  if (::uname(&system) != 0) return;
  facts.hostname = system.nodename;
  facts.architecture = system.machine;
}

}  // namespace node
