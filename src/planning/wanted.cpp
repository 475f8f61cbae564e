// SPDX-License-Identifier: PostgreSQL
#include "planning/wanted.h"

#include <algorithm>
#include <map>
#include <set>
#include <string_view>

#include "audit/home_pairs.h"
#include "x509/profile.h"

namespace planning {
namespace {

using fleet::Environment;
using fleet::Identity;
using fleet::Slot;
using fleet::SlotPlace;

const Identity* find_identity(const Environment& environment, const std::string& name) {
  const auto found = std::find_if(environment.identities.begin(), environment.identities.end(),
                                  [&](const Identity& identity) { return identity.name == name; });
  return found == environment.identities.end() ? nullptr : &*found;
}

}  // namespace

std::vector<Slot> client_slots(const Environment& environment, const fleet::Host& host) {
  std::vector<Slot> slots;
  std::set<std::string> seated;
  for (const Identity& identity : environment.identities) {
    if (!Environment::lives_on(identity, host)) continue;
    for (const std::string& user : identity.os_users) {
      if (seated.insert(user).second) slots.push_back(fleet::client_slot(identity.name, user));
      slots.push_back(fleet::client_slot(identity.name, user, SlotPlace::environment));
    }
  }
  return slots;
}

fleet::Brief brief(const Environment& environment, const fleet::Host& host, base::Time at) {
  fleet::Brief brief;
  brief.environment = environment.name;
  brief.host = host.name;
  brief.database = host.database;
  brief.controller_clock = at.time_since_epoch().count();
  brief.port = host.port;
  brief.data_directory = host.data_directory;
  brief.socket_directory = host.socket_directory;
  brief.os_user = host.os_user;
  brief.client_slots = client_slots(environment, host);
  if (host.database)
    for (const Identity& identity : environment.identities) brief.roles.push_back(identity.name);
  for (const Identity& identity : environment.identities) {
    if (identity.source.empty() || !Environment::lives_on(identity, host)) continue;
    for (const std::string& user : identity.os_users)
      brief.sources.push_back({identity.name, user, identity.source});
  }
  return brief;
}

std::vector<const fleet::SlotFacts*> chosen_slots(const Environment& environment,
                                                  const fleet::HostFacts& facts) {
  std::vector<const fleet::SlotFacts*> chosen;
  std::set<std::pair<std::string, std::string>> seated;
  for (const fleet::SlotFacts& slot : facts.client_slots) {
    const std::pair key{slot.slot.name, slot.slot.os_user};
    if (seated.contains(key)) continue;
    if (slot.slot.place == SlotPlace::home && audit::of_other_environment(slot, environment.name))
      continue;
    seated.insert(key);
    chosen.push_back(&slot);
  }
  return chosen;
}

WantedPair wanted_server(const Desired& desired, const fleet::Host& host, base::Time at) {
  WantedPair wanted;
  wanted.host = host.name;
  wanted.slot = fleet::server_slot(host.name);
  wanted.names = desired.environment->certificate_names(host);
  wanted.authority = in_force(desired.authorities.server);
  wanted.lifetime_days =
      lifetime_days(desired.environment->policy.server_days, wanted.authority, at);
  return wanted;
}

WantedPair wanted_client(const Desired& desired, const fleet::Host& host, const Slot& slot,
                         base::Time at) {
  WantedPair wanted;
  wanted.host = host.name;
  wanted.slot = slot;
  wanted.common_name = slot.name;
  wanted.authority = in_force(desired.authorities.client);
  const Identity* identity = find_identity(*desired.environment, slot.name);
  const int days = identity != nullptr && identity->days ? *identity->days
                                                         : desired.environment->policy.client_days;
  wanted.lifetime_days = lifetime_days(days, wanted.authority, at);
  return wanted;
}

}  // namespace planning
