// SPDX-License-Identifier: PostgreSQL
// What a server's log tells about one connection.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "hba/address.h"

namespace server_log {

/// "connection authenticated: identity=… method=… (file:line)", from PostgreSQL 14 on.
struct Authentication {
  std::string identity;  ///< of method `cert` the certificate's subject as RFC 2253 writes it
  std::string method;
  std::string file;
  std::uint64_t line = 0;
};

struct Connection {
  enum class Ending : std::uint8_t {
    authorized,       ///< let in by the rules, and not ended while it started
    failed,           ///< ended by a FATAL before it was authorized
    failed_at_start,  ///< no rule's doing: no such database, no room, no privilege, starting up …
    abandoned,        ///< received, and no more was heard of it
  };
  enum class Encryption : std::uint8_t { none, tls, gss };

  Ending ending = Ending::abandoned;
  Encryption encryption = Encryption::none;
  /// As the log has it: an address, "[local]" for a socket, a name where log_hostname is on; ""
  /// where the log does not tell.
  std::string host;
  std::string user;      ///< "" where it did not come that far
  std::string database;  ///< "" of physical replication, and where it is not told
  std::string application;
  /// A physical one, or a logical one in a log that does not name databases: it does not tell them
  /// apart then.
  bool replication = false;
  /// Whether its application's name looks like what is said of TLS: `encryption` is `none` then.
  bool encryption_unknown = false;
  std::optional<Authentication> authentication;
  /// Let in without `authentication`, which the log has of others that came before: by trust, where
  /// PostgreSQL is 14 to 16.
  bool unasked = false;
  std::string time;  ///< of its first line, as the log writes it; "" where it does not
};

using Take = std::function<void(const Connection&)>;

/// Null for sockets, names and what is not told.
std::optional<hba::Address> address_of(const Connection& connection);
bool by_socket(const Connection& connection);

}  // namespace server_log
