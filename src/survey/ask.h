// SPDX-License-Identifier: PostgreSQL
// Asks a server that a libpq connection string names who streams from it and who is connected to
// it, in one read-only transaction. The controller's only connection to a server; everything else
// goes over ssh. What it answers is foreign, and no more of it is taken than a real server sends.
#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "base/result.h"
#include "survey/cluster.h"

namespace survey {

/// How long and how much.
struct Limits {
  std::chrono::milliseconds connect{10000};  ///< for each host that the string names
  std::chrono::milliseconds answer{15000};   ///< for all questions together
  std::size_t rows = 10000;                  ///< of each list; what is beyond is cut and said
  std::size_t bytes = 64UL * 1024 * 1024;    ///< of everything that the server sends
};

/// Whether `dsn` is one for the command line: well-formed, and without a password, because every
/// user of the machine sees the arguments of its processes. The error (usage) repeats nothing of
/// it. Error server_library where there is no libpq to ask for its keywords.
base::Result<void> check_dsn(std::string_view dsn);

/// Connects as libpq does, with the environment, services and password files of who calls. `dsn`
/// must have passed check_dsn. A connection attempt may take longer than its limit by as long as
/// name resolution does, which has no deadline of its own.
/// Errors: server_connection; server_privilege, where the role sees only its own sessions;
/// server_version, older than any that pgseal knows; server_query for what else it refuses or
/// answers.
base::Result<Cluster> ask(const std::string& dsn, const Limits& limits = {});

}  // namespace survey
