// SPDX-License-Identifier: PostgreSQL
#include "audit/overrides.h"

#include <fmt/format.h>

#include <utility>
#include <vector>

#include "base/text.h"
#include "settings/tls_settings.h"

namespace audit {
namespace {

using fleet::ServerFacts;
using fleet::SettingFact;
using Wanted = std::vector<std::pair<std::string_view, std::string>>;

/// In the end, when clients are verified too.
Wanted wanted_values(const ServerFacts& server, const std::string& folder,
                     std::string_view min_protocol) {
  const std::string pair = folder + "/" + std::string(fleet::server_pair_file);
  const std::string trust = folder + "/" + std::string(fleet::server_trust_file);
  Wanted wanted = {{"ssl", "on"},          {"ssl_cert_file", pair}, {"ssl_key_file", pair},
                   {"ssl_ca_file", trust}, {"ssl_crl_file", ""},    {"ssl_crl_dir", ""}};
  if (!min_protocol.empty()) wanted.emplace_back("ssl_min_protocol_version", min_protocol);
  std::erase_if(wanted, [&](const auto& each) {
    return settings::tls_setting(settings::major_of(server.version), each.first) == nullptr;
  });
  return wanted;
}

bool same(std::string_view name, const std::string& value, const std::string& wanted) {
  if (name == "ssl_min_protocol_version")
    return settings::compare_protocols(value, wanted).value_or(1) == 0;
  if (name != "ssl") return value == wanted;
  const std::string word = base::lower(value);
  return word == "on" || word == "true" || word == "yes" || word == "1" || word == "t" ||
         word == "y";
}

bool by_alter_system(const SettingFact& fact) {
  return fact.file.ends_with("/postgresql.auto.conf");
}

bool at_start(const SettingFact& fact) {
  return fact.source == "command line" || fact.source == "environment variable";
}

}  // namespace

const SettingFact* overriding(const ServerFacts& server, const std::string& folder,
                              std::string_view min_protocol) {
  const std::string ours = folder + "/" + std::string(fleet::server_settings_file);
  const Wanted wanted = wanted_values(server, folder, min_protocol);
  for (const auto& [name, value] : wanted) {
    const SettingFact* running = running_setting(server, name);
    if (running != nullptr && at_start(*running) && !same(name, running->value, value))
      return running;
  }
  // The last row of a name in pg_file_settings is the one in force.
  for (const auto& [name, value] : wanted) {
    const SettingFact* running = running_setting(server, name);
    if (running != nullptr && at_start(*running)) continue;
    const SettingFact* last = nullptr;
    bool ours_seen = false;
    for (const SettingFact& fact : server.written_settings) {
      if (base::lower(fact.name) != name) continue;
      last = &fact;
      ours_seen = ours_seen || fact.file == ours;
    }
    if (last == nullptr || last->file == ours || same(name, last->value, value)) continue;
    if (ours_seen || by_alter_system(*last)) return last;
  }
  return nullptr;
}

std::string sentence_of(const SettingFact& by) {
  return fmt::format("{} = '{}' beats pgseal's ssl.conf", by.name, by.value);
}

std::string undo(const SettingFact& by) {
  if (by_alter_system(by)) return fmt::format("ALTER SYSTEM RESET {};", base::lower(by.name));
  if (by.file.empty()) return "Take the option out of what starts the server and restart it.";
  return "Take that line out.";
}

}  // namespace audit
