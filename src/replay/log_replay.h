// SPDX-License-Identifier: PostgreSQL
// What rules would do to the connections of a server's log.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "replay/fate.h"
#include "server_log/reader.h"

namespace replay {

struct LogReport {
  Report report;
  server_log::Summary summary;
  std::uint64_t without_address = 0;    ///< sessions whose address is not told
  std::uint64_t without_transport = 0;  ///< sessions of which it is not told whether they had TLS
};

/// Reads `path`, "-" being standard input; memory does not grow with it. Errors are those of
/// server_log::read_connections.
base::Result<LogReport> replay_log(const std::string& path, const server_log::Settings& settings,
                                   const admission::Rules& rules);

/// A connection as the session that it was, or never became; null for one that came to nothing by
/// no rule's doing. `version`: of the server that wrote the log.
std::optional<Session> session_of(const server_log::Connection& connection,
                                  const hba::Version& version);

/// The common name by which the server judges, out of a subject in the form of RFC 2253: the first
/// in encoding order, which is the last of the text. Null where it has none that can be read.
std::optional<std::string> common_name_of(std::string_view subject);

}  // namespace replay
