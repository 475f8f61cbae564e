// SPDX-License-Identifier: PostgreSQL
// Who is connected to a server now, as replay takes it: pg_stat_activity with pg_stat_ssl and, from
// 12 on, pg_stat_gssapi. Our own session is left out.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "replay/sessions.h"
#include "survey/conversation.h"

namespace survey {

/// Sessions of which only a member of pg_monitor sees from where and how they came, or whose role
/// was dropped since.
struct Hidden {
  std::string role;  ///< "" of a dropped one
  std::string database;
  std::uint64_t count = 0;
};

struct Connected {
  std::vector<replay::Session> sessions;
  std::vector<Hidden> hidden;
};

/// Error server_query for what the server refuses or answers.
base::Result<Connected> ask_connected(Conversation& server);

}  // namespace survey
