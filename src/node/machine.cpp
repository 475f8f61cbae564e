// SPDX-License-Identifier: PostgreSQL
#include "node/machine.h"

#include <sys/utsname.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/text.h"
#include "host/addresses.h"

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

}  // namespace

void observe_machine(fleet::HostFacts& facts) {
  facts.machine_id = base::trim(content_of({"/etc/machine-id", "/var/lib/dbus/machine-id"}));
  facts.running_machine = running_machine();
  facts.addresses = host::own_addresses();
  facts.operating_system = pretty_name(content_of({"/etc/os-release", "/usr/lib/os-release"}));
  facts.node_version = PGSEAL_VERSION;
  utsname system{};
  if (::uname(&system) != 0) return;
  facts.hostname = system.nodename;
  facts.architecture = system.machine;
}

}  // namespace node
