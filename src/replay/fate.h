// SPDX-License-Identifier: PostgreSQL
// What rules would do to sessions that exist, if they came anew.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "admission/explain.h"
#include "replay/sessions.h"

namespace replay {

enum class Fate : std::uint8_t {
  refused,     ///< by a rule, by none, or for want of a certificate
  unknown,     ///< only the server can tell
  not_on_tls,  ///< let in over TCP without any TLS
  unchanged,
};

/// Sessions of one role, database, application and neighbourhood (IPv4 /24, IPv6 /64) that the same
/// rule treats alike.
struct Group {
  Fate fate = Fate::unchanged;
  admission::Decision decision;  ///< of the first of them
  std::string role;
  std::string database;     ///< "replication" of physical replication
  std::string network;      ///< the narrowest that has all of them; "local": sockets
  std::string application;  ///< "" where it was not told
  std::uint64_t count = 0;
  std::string first_seen;  ///< the least and the greatest last_seen of the list, as texts
  std::string last_seen;
};

/// The worst first, then the most frequent.
std::vector<Group> replay(const std::vector<Session>& sessions, const admission::Rules& rules);

/// "refused", "not on TLS", …
const char* to_string(Fate fate);

}  // namespace replay
