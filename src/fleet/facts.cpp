// SPDX-License-Identifier: PostgreSQL
#include "fleet/facts.h"

#include <algorithm>

#include "base/text.h"

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

const SettingFact* setting_to_come(const ServerFacts& server, std::string_view name) {
  const SettingFact* running = running_setting(server, name);
  if (running != nullptr &&
      (running->source == "command line" || running->source == "environment variable"))
    return running;
  const auto& written = server.written_settings;
  const auto last = std::find_if(written.rbegin(), written.rend(), [&](const SettingFact& fact) {
    return fact.error.empty() && base::lower(fact.name) == name;
  });
  return last == written.rend() ? running : &*last;
}

const ServerFacts* answering_server(const HostFacts& facts) {
  const bool answers = facts.server && facts.server->running && facts.server->problem.empty();
  return answers ? &*facts.server : nullptr;
}

}  // namespace fleet
