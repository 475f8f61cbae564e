// SPDX-License-Identifier: PostgreSQL
#include "fleet/facts.h"

#include <algorithm>

namespace fleet {

const SettingFact* running_setting(const ServerFacts& server, std::string_view name) {
  const auto found = std::find_if(server.running_settings.begin(), server.running_settings.end(),
                                  [&](const SettingFact& fact) { return fact.name == name; });
  return found == server.running_settings.end() ? nullptr : &*found;
}

std::string running_value(const ServerFacts& server, std::string_view name) {
  const SettingFact* fact = running_setting(server, name);
  return fact == nullptr ? std::string() : fact->value;
}

const ServerFacts* answering_server(const HostFacts& facts) {
  const bool answers = facts.server && facts.server->running && facts.server->problem.empty();
  return answers ? &*facts.server : nullptr;
}

}  // namespace fleet
