// SPDX-License-Identifier: PostgreSQL
// A connection that asks nothing of a server but whether it takes connections by now.
#pragma once

#include <chrono>

#include "base/result.h"
#include "server/sql.h"

namespace server {

/// Returns once the server has answered an SSLRequest on its socket (PostgreSQL manual, "Message
/// Formats"; on a socket the answer is N). The postmaster takes no connection amid a reload, so
/// what it loads of files is loaded when one answers that came after. Costs it one process, half of
/// a session's beginning, and one line where it logs connections. Errors: server_down,
/// server_silent.
base::Result<void> knock(const SocketAddress& address, std::chrono::milliseconds limit);

}  // namespace server
