// SPDX-License-Identifier: PostgreSQL
#include "fleet/environment.h"

#include <algorithm>

namespace fleet {

const Host* Environment::find_host(std::string_view host_name) const {
  const auto found = std::find_if(hosts.begin(), hosts.end(),
                                  [&](const Host& host) { return host.name == host_name; });
  return found == hosts.end() ? nullptr : &*found;
}

bool Environment::lives_on(const Identity& identity, const Host& host) {
  return std::any_of(identity.hosts.begin(), identity.hosts.end(), [&](const std::string& word) {
    return word == host.name || word == "@all" || (word == "@databases" && host.database);
  });
}

std::vector<std::string> Environment::certificate_names(const Host& host) const {
  std::vector<std::string> names{host.name};
  const auto add = [&](const std::string& name) {
    if (!name.empty() && std::find(names.begin(), names.end(), name) == names.end())
      names.push_back(name);
  };
  for (const std::string& name : host.names) add(name);
  add(host.address);
  for (const std::string& name : service_names) add(name);
  return names;
}

}  // namespace fleet
