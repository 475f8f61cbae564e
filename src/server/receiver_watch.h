// SPDX-License-Identifier: PostgreSQL
// Watching a standby's receiver: loads or ends what it is told to, then asks the standby until it
// streams as wanted. Done in the child of the server's user, by its kept session.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <string>
#include <string_view>

#include "base/result.h"
#include "server/sql.h"

namespace server {

struct Watch {
  std::string conninfo;  ///< what it shall stream by; "" anything
  pid_t other_than = 0;  ///< the receiver that is to be gone
  bool load = false;     ///< reload first
  bool end = false;      ///< end the receiver `other_than` first
  pid_t postmaster = 0;
  std::chrono::seconds limit{30};
};

std::string pack_watch(const Watch& watch);
base::Result<Watch> unpack_watch(std::string_view packed);

/// "" where it streams as wanted, else what was seen last. Errors: server_replication,
/// server_query.
base::Result<std::string> watch_by(Session& session, const Watch& watch);

}  // namespace server
