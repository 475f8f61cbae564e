// SPDX-License-Identifier: PostgreSQL
#include "server/sql.h"

#include <errno.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <libpq-fe.h>
#include <poll.h>
#include <unistd.h>

#include <array>

#include "base/fd.h"
#include "base/text.h"

namespace server {
namespace {

using Clock = std::chrono::steady_clock;

// Settings given in the startup packet go before those of ALTER ROLE and ALTER DATABASE.
// search_path matters most: with a superuser's rights no function of somebody's making may be met
// by name.
constexpr const char* session_settings =
    "-c search_path=pg_catalog -c statement_timeout=5000 -c lock_timeout=2000 -c lc_messages=C "
    "-c TimeZone=UTC -c DateStyle=ISO -c standard_conforming_strings=on";

bool is_sqlstate(std::string_view text) {
  return text.size() == 5 &&
         text.find_first_not_of("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ") == text.npos;
}

/// ":  28000: " in a line: two blanks before it (error fields of libpq's fe-protocol3.c), so that
/// the severity in front may be in any language.
std::size_t find_sqlstate(std::string_view line) {
  constexpr std::size_t whole = 10;  // ":  28000: "
  for (std::size_t at = line.find(":  "); at != line.npos; at = line.find(":  ", at + 1)) {
    if (at + whole <= line.size() && is_sqlstate(line.substr(at + 3, 5)) &&
        line.substr(at + 8, 2) == ": ") {
      return at;
    }
  }
  return line.npos;
}

base::Error connect_error(std::string_view said, const SocketAddress& address) {
  const ServerMessage message = parse_verbose_message(said);
  const std::string where = fmt::format("{}/.s.PGSQL.{}", address.directory, address.port);
  // errcodes-appendix: cannot_connect_now, too_many_connections.
  if (message.sqlstate == "57P03")
    return base::error(base::Code::server_starting,
                       "the server is starting up or in recovery, and accepts no connection yet")
        .with_detail(message.text)
        .with_hint(
            "Wait until it does (its log says how far it has come), then run pgseal apply again. A "
            "standby with hot_standby = off never does: set it to on and restart it.");
  if (message.sqlstate == "53300")
    return base::error(base::Code::server_connections, "the server has no connection left")
        .with_detail(message.text)
        .with_hint(
            "End sessions that are not needed, or raise max_connections and "
            "superuser_reserved_connections at the next restart; then run pgseal apply again.");
  if (message.sqlstate.empty() || message.sqlstate.starts_with("57P")) {
    return base::error(base::Code::server_down,
                       fmt::format("could not connect to the server at \"{}\"", where))
        .with_detail(message.text)
        .with_hint("Start the server, or wait until it has started.");
  }
  if (message.sqlstate.starts_with("28")) {
    return base::error(
               base::Code::server_socket,
               fmt::format("pg_hba.conf does not let \"{}\" in at \"{}\"", address.role, where))
        .with_detail(message.text)
        .with_hint(fmt::format("Put this line before all others of pg_hba.conf and reload:\n"
                               "local  all  {}  peer",
                               address.role));
  }
  return base::error(base::Code::server_query,
                     fmt::format("could not connect to the server at \"{}\"", where))
      .with_detail(fmt::format("{}: {}", message.sqlstate, message.text));
}

base::Error needs_password(const SocketAddress& address) {
  return base::error(
             base::Code::server_socket,
             fmt::format("the server asks \"{}\" for a password on its socket", address.role))
      .with_detail(
          "pgseal asks as the operating system user that runs the server, and its ~/.pgpass has no "
          "password for this.")
      .with_hint(fmt::format("Put this line before all others of pg_hba.conf and reload:\n"
                             "local  all  {}  peer",
                             address.role));
}

Rows rows_of(const PGresult* result) {
  const int count = PQntuples(result);
  const int width = PQnfields(result);
  Rows rows(static_cast<std::size_t>(count));
  for (int row = 0; row < count; ++row) {
    for (int column = 0; column < width; ++column) {
      Field field;
      if (PQgetisnull(result, row, column) == 0) {
        field = std::string(PQgetvalue(result, row, column),
                            static_cast<std::size_t>(PQgetlength(result, row, column)));
      }
      rows[static_cast<std::size_t>(row)].push_back(std::move(field));
    }
  }
  return rows;
}

}  // namespace

bool wait_for(int descriptor, bool writing, Clock::time_point deadline) {
  pollfd waited{descriptor, static_cast<short>(writing ? POLLOUT : POLLIN), 0};
  for (;;) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - Clock::now()).count();
    if (left <= 0) return false;
    const int ready = poll(&waited, 1, static_cast<int>(left));
    if (ready > 0) return true;
    if (ready < 0 && errno != EINTR) return false;
  }
}

ServerMessage parse_verbose_message(std::string_view message) {
  ServerMessage parsed;
  for (std::string_view line : base::split(message, '\n')) {
    // "LOCATION:  ClientAuthentication, auth.c:536": the label is libpq's, whose locale is C here.
    constexpr std::string_view location = "LOCATION:  ";
    if (line.starts_with(location)) {
      line.remove_prefix(location.size());
      parsed.routine = std::string(line.substr(0, line.find(',')));
      continue;
    }
    std::string kept(line);
    const std::size_t at = find_sqlstate(line);
    if (at != line.npos && parsed.sqlstate.empty()) {
      parsed.sqlstate = std::string(line.substr(at + 3, 5));
      kept.erase(at + 3, 7);  // "FATAL:  28000: text" becomes "FATAL:  text"
    }
    if (!parsed.text.empty()) parsed.text += '\n';
    parsed.text += kept;
  }
  while (!parsed.text.empty() && parsed.text.back() == '\n') parsed.text.pop_back();
  return parsed;
}

base::Result<void> require_libpq() {
  if (PQlibVersion() != 0) return {};
  return base::error(base::Code::server_library, "could not load libpq")
      .with_detail(fmt::format("{}.", base::printable_line(PQerrorMessage(nullptr))))
      .with_hint("Install PostgreSQL's client library (Debian: libpq5).");
}

void Session::Close::operator()(pg_conn* connection) const { PQfinish(connection); }
void Session::Close::operator()(pg_result* result) const { PQclear(result); }

base::Result<Session> Session::open(const SocketAddress& address, std::chrono::milliseconds limit) {
  const std::string port = std::to_string(address.port);
  const std::array<const char*, 10> keywords = {
      "host",    "port",       "user",    "dbname", "application_name", "client_encoding",
      "sslmode", "gssencmode", "options", nullptr};
  const std::array<const char*, 10> values = {address.directory.c_str(),
                                              port.c_str(),
                                              address.role.c_str(),
                                              "postgres",
                                              "pgseal",
                                              "UTF8",
                                              "disable",
                                              "disable",
                                              session_settings,
                                              nullptr};
  Session session(PQconnectStartParams(keywords.data(), values.data(), 0));
  pg_conn* connection = session.connection_.get();
  if (connection == nullptr) return base::error(base::Code::internal, "out of memory in libpq");
  PQsetErrorVerbosity(connection, PQERRORS_VERBOSE);
  const Clock::time_point deadline = Clock::now() + limit;
  PostgresPollingStatusType state = PGRES_POLLING_WRITING;
  if (PQstatus(connection) == CONNECTION_BAD) state = PGRES_POLLING_FAILED;
  while (state != PGRES_POLLING_OK && state != PGRES_POLLING_FAILED) {
    if (!wait_for(PQsocket(connection), state == PGRES_POLLING_WRITING, deadline)) {
      return base::error(base::Code::server_silent,
                         fmt::format("the server did not answer within {} ms", limit.count()));
    }
    state = PQconnectPoll(connection);
  }
  if (state == PGRES_POLLING_OK) return session;
  if (PQconnectionNeedsPassword(connection) != 0) return needs_password(address);
  return connect_error(PQerrorMessage(connection), address);
}

Session::ResultOwner Session::ask_once(const std::string& sql,
                                       const std::vector<const char*>& values) {
  return ResultOwner(PQexecParams(connection_.get(), sql.c_str(), static_cast<int>(values.size()),
                                  nullptr, values.data(), nullptr, nullptr, 0));
}

/// The failure of its preparation is the answer's.
Session::ResultOwner Session::ask_again(Question& known, const std::string& sql,
                                        const std::vector<const char*>& values) {
  if (!known.prepared) {
    ResultOwner done(PQprepare(connection_.get(), known.name.c_str(), sql.c_str(), 0, nullptr));
    if (PQresultStatus(done.get()) != PGRES_COMMAND_OK) return done;
    known.prepared = true;
  }
  return ResultOwner(PQexecPrepared(connection_.get(), known.name.c_str(),
                                    static_cast<int>(values.size()), values.data(), nullptr,
                                    nullptr, 0));
}

base::Result<Rows> Session::ask(const std::string& sql,
                                const std::vector<std::string>& parameters) {
  std::vector<const char*> values;
  values.reserve(parameters.size());
  for (const std::string& parameter : parameters) values.push_back(parameter.c_str());
  const auto [known, first] =
      questions_.try_emplace(sql, Question{fmt::format("pgseal_{}", questions_.size())});
  const ResultOwner result = first ? ask_once(sql, values) : ask_again(known->second, sql, values);
  const ExecStatusType status = PQresultStatus(result.get());
  if (status == PGRES_TUPLES_OK || status == PGRES_COMMAND_OK) return rows_of(result.get());
  const char* sqlstate = PQresultErrorField(result.get(), PG_DIAG_SQLSTATE);
  const char* message = PQresultErrorField(result.get(), PG_DIAG_MESSAGE_PRIMARY);
  std::string detail = sqlstate != nullptr && message != nullptr
                           ? fmt::format("{}: {}", sqlstate, message)
                           : std::string(PQerrorMessage(connection_.get()));
  base::Error failed = base::error(base::Code::server_query, "the server refused a query of pgseal")
                           .with_detail(std::move(detail));
  if (sqlstate != nullptr && std::string_view(sqlstate) == "42501") {
    failed.hint = fmt::format("The role \"{}\" must be a superuser.", PQuser(connection_.get()));
  }
  return failed;
}

bool Session::alive() const { return PQstatus(connection_.get()) == CONNECTION_OK; }
int Session::version() const { return PQserverVersion(connection_.get()); }
void Session::end(std::chrono::milliseconds limit) {
  // PQfinish closes its own; by the other descriptor the connection stays to be seen.
  const base::Fd socket(::fcntl(descriptor(), F_DUPFD_CLOEXEC, 0));
  connection_.reset();
  const Clock::time_point deadline = Clock::now() + limit;
  std::array<char, 256> dropped{};
  while (socket.open() && wait_for(socket.get(), false, deadline)) {
    const ssize_t got = ::read(socket.get(), dropped.data(), dropped.size());
    if (got == 0 || (got < 0 && errno != EAGAIN && errno != EINTR)) return;
  }
}

int Session::descriptor() const { return PQsocket(connection_.get()); }

std::string array_of(const std::vector<std::string>& items) {
  std::string text = "{";
  for (const std::string& item : items) {
    text += text.size() > 1 ? ",\"" : "\"";
    for (const char c : item) {
      if (c == '"' || c == '\\') text += '\\';
      text += c;
    }
    text += '"';
  }
  return text + "}";
}

}  // namespace server
