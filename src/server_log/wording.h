// SPDX-License-Identifier: PostgreSQL
// What the messages about connections say, in the words of PostgreSQL 10 to 18
// (src/backend/utils/init/postinit.c, PerformAuthentication; libpq/auth.c; postmaster/postmaster.c,
// from 17 on tcop/backend_startup.c).
#pragma once

#include <cstdint>
#include <string_view>

#include "server_log/connection.h"
#include "server_log/entry.h"

namespace server_log {

struct Event {
  enum class Kind : std::uint8_t {
    none,           ///< about something else
    received,       ///< `host`
    authenticated,  ///< `identity`, `method`, `file`, `line`
    authorized,     ///< `user`, `database`, `application`, `replication`, `encryption`
    alive,          ///< it came through its start: "connection ready", from 18 on
    failed,         ///< a FATAL; `user` and `database` where it names them
    garbled,        ///< begins as one of these and does not go on so
  };
  Kind kind = Kind::none;
  std::string_view host;
  std::string_view user;
  std::string_view database;
  std::string_view application;
  bool replication = false;
  Connection::Encryption encryption = Connection::Encryption::none;
  bool encryption_unknown = false;  ///< the application's name ends as what is said of it does
  std::string_view identity;
  std::string_view method;
  std::string_view file;
  std::uint64_t line = 0;
  /// Of `failed`: no rule's doing, but the state of the server, of the role or of the database.
  bool at_start = false;
};

/// Whether a message may be one of these, by its first letters: for readers in a hurry.
bool may_be_event(std::string_view message);

/// Views into the entry's.
Event event_of(const Entry& entry);

}  // namespace server_log
