// SPDX-License-Identifier: PostgreSQL
// Asks the running server over its socket, as the server's own OS user: peer authentication knows
// it, and root needs no password nor any right in the database.
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

struct pg_conn;
struct pg_result;

namespace server {

using Field = std::optional<std::string>;  ///< null: NULL
using Row = std::vector<Field>;
using Rows = std::vector<Row>;

/// The socket of one server.
struct SocketAddress {
  std::string directory;
  int port = 5432;
  std::string role;  ///< the name of the server's OS user
  bool operator==(const SocketAddress&) const = default;
};

/// Error server_library where there is no libpq: pgseal-node carries it inside, pgseal loads it
/// when it is first called. Asked before children are forked that connect, so that they have it
/// already.
base::Result<void> require_libpq();

/// One connection of this process's own user, so made within a child of that user. It names itself
/// "pgseal", speaks UTF-8 and English, resolves names in pg_catalog alone (others may create
/// functions in public), and gives up a statement after five seconds.
class Session {
 public:
  /// Errors: server_down (nothing listens, shutting down); server_silent (nothing came within
  /// `limit`); server_starting; server_connections;
  /// server_socket (pg_hba.conf does not let this user in); server_query (anything else). What the
  /// server said is in the detail and is foreign text.
  static base::Result<Session> open(const SocketAddress& address, std::chrono::milliseconds limit);

  /// A question that comes again is prepared, which saves the server most of its work. Errors:
  /// server_query, with SQLSTATE and the server's message in the detail.
  base::Result<Rows> ask(const std::string& sql, const std::vector<std::string>& parameters = {});

  /// False once the connection was lost.
  [[nodiscard]] bool alive() const;

  /// server_version_num, 150020.
  [[nodiscard]] int version() const;

  /// Ends it and waits, at most for `limit`, until the server shows it no more: a backend takes
  /// itself out of pg_stat_activity before its exit closes the socket
  /// (src/backend/utils/activity/backend_status.c, pgstat_beshutdown_hook). Nothing may be asked
  /// after.
  void end(std::chrono::milliseconds limit);

  /// The socket, to wait on between two questions, and to tell who listens on its other end.
  [[nodiscard]] int descriptor() const;

 private:
  struct Close {
    void operator()(pg_conn* connection) const;
    void operator()(pg_result* result) const;
  };
  using ResultOwner = std::unique_ptr<pg_result, Close>;
  struct Question {
    std::string name;       ///< of its prepared statement
    bool prepared = false;  ///< not before it is asked a second time
  };
  explicit Session(pg_conn* owned) : connection_(owned) {}
  ResultOwner ask_once(const std::string& sql, const std::vector<const char*>& values);
  ResultOwner ask_again(Question& known, const std::string& sql,
                        const std::vector<const char*>& values);

  std::unique_ptr<pg_conn, Close> connection_;
  std::map<std::string, Question> questions_;  ///< by their text
};

/// What libpq says with PQERRORS_VERBOSE, taken apart: "…FATAL:  28000: text\nLOCATION:  f, x.c:1".
struct ServerMessage {
  std::string sqlstate;  ///< empty where libpq speaks for itself
  std::string text;      ///< without SQLSTATE and location; lines kept
  std::string routine;   ///< the server's function that raised it
};
ServerMessage parse_verbose_message(std::string_view message);

/// '{"a","b"}', the text form of an array.
std::string array_of(const std::vector<std::string>& items);

/// Waits until `descriptor` can be read or written, at most until `deadline`. False: it is over.
bool wait_for(int descriptor, bool writing, std::chrono::steady_clock::time_point deadline);

}  // namespace server
