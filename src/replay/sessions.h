// SPDX-License-Identifier: PostgreSQL
// Who is or was connected, as a list that a person or psql wrote.
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "admission/connection.h"
#include "base/result.h"

namespace replay {

/// The rule that let a session in, as the server's log names it.
struct FormerRule {
  std::string file;  ///< "" where only the method is known
  std::uint64_t line = 0;
  std::string method;
  auto operator<=>(const FormerRule&) const = default;
};

/// Connections that look alike.
struct Session {
  admission::Connection connection;
  std::string application;
  std::uint64_t count = 1;
  std::string first_seen;  ///< "": as last_seen
  std::string last_seen;   ///< as the list has it; "" where it does not say
  /// Of a certificate that was shown the name is not told whole: the server's views cut subjects.
  bool name_unknown = false;
  /// Whether one was shown is not told: no log does, but for method cert.
  bool certificate_unknown = false;
  /// Whether it came by TLS is not told; `connection.transport` is plain.
  bool transport_unknown = false;
  /// The address is not told; `connection.address` is null.
  bool address_unknown = false;
  /// Came, and never authenticated: no rule let it in, and none of ours is asked.
  bool authenticated = true;
  std::optional<FormerRule> former;
};

/// The CN of a subject as pg_stat_ssl shows it ("/O=shop/CN=app"), by the first as the server does;
/// any other text is the CN itself. Null where it may be cut, or may have a slash of its own.
std::optional<std::string> common_name(const std::string& certificate);

/// CSV (RFC 4180) with a header line: user, database and address, and of tls, gss, certificate,
/// replication, application, count, last_seen those that are known, in any order. Flags are on, t,
/// true, yes or 1, or off, f, false, no, 0 or nothing; a session without an address came by a
/// socket; a certificate is a CN, or a subject as pg_stat_ssl shows it ("/O=shop/CN=app"; of 63
/// bytes it may be cut, and its name is not known). Error parse names file, row and column.
base::Result<std::vector<Session>> read_sessions(const std::string& file, std::string_view text);

}  // namespace replay
