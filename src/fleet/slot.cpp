// SPDX-License-Identifier: PostgreSQL
#include "fleet/slot.h"

#include <utility>

namespace fleet {

Slot server_slot(std::string host) { return {SlotKind::server, std::move(host), "", {}}; }

Slot client_slot(std::string identity, std::string os_user, SlotPlace place) {
  return {SlotKind::client, std::move(identity), std::move(os_user), place};
}

std::string to_string(const Slot& slot) {
  if (slot.kind == SlotKind::server) return "server:" + slot.name;
  return "client:" + slot.name + "@" + slot.os_user;
}

const char* to_string(SlotPlace place) { return place == SlotPlace::home ? "home" : "environment"; }

}  // namespace fleet
