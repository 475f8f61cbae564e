// SPDX-License-Identifier: PostgreSQL
#include "survey/ask.h"

#include <fmt/format.h>
#include <libpq-fe.h>
#include <linux/tcp.h>  // glibc 2.36 has a tcp_info that ends before the byte counts
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <iterator>
#include <memory>

#include "base/text.h"
#include "server/sql.h"
#include "settings/conninfo.h"
#include "settings/tls_settings.h"

namespace survey {
namespace {

using base::Code;
using server::Row;
using server::Rows;
using Clock = std::chrono::steady_clock;

// One attempt at an address that swallows packets: the next host of the string has its turn. libpq
// sets it as TCP_USER_TIMEOUT, which for Linux counts from the first SYN on.
constexpr const char* silent_address_ms = "4000";
constexpr std::size_t most_hosts = 8;

struct Close {
  void operator()(PGconn* connection) const { PQfinish(connection); }
  void operator()(PGresult* result) const { PQclear(result); }
  void operator()(PQconninfoOption* options) const { PQconninfoFree(options); }
};
using Connection = std::unique_ptr<PGconn, Close>;
using Answer = std::unique_ptr<PGresult, Close>;
using Options = std::unique_ptr<PQconninfoOption, Close>;

// ---- the connection string -------------------------------------------------------------------

bool secret(std::string_view keyword) {
  return keyword.find("password") != keyword.npos || keyword.find("secret") != keyword.npos ||
         (keyword.starts_with("scram_") && keyword.ends_with("_key"));
}

/// A connection string within dbname is not read as one: it would be sent, and answered, as a name.
bool nested(const settings::ConninfoItem& item) {
  const std::string_view value = item.value;
  return item.keyword == "dbname" &&
         (value.find("://") != value.npos || value.find("password") != value.npos);
}

base::Error unknown_keyword(std::string_view keyword, const std::vector<std::string_view>& known) {
  const std::string near = base::nearest(keyword, known);
  return base::error(Code::usage,
                     fmt::format("libpq knows no keyword \"{}\" of a connection string",
                                 base::printable_line(keyword)))
      .with_hint(near.empty() ? "" : fmt::format("The nearest is \"{}\".", near));
}

// ---- connecting ------------------------------------------------------------------------------

std::string option_of(const PQconninfoOption* options, std::string_view keyword) {
  for (const PQconninfoOption* each = options; each != nullptr && each->keyword != nullptr; ++each)
    if (each->keyword == keyword && each->val != nullptr) return each->val;
  return "";
}

/// connect_timeout, wherever it was set, is for each host; libpq counts it only where it waits
/// itself.
Clock::time_point deadline_of(PGconn* connection, const Limits& limits) {
  const Options options(PQconninfo(connection));
  auto each = limits.connect;
  const std::string written = option_of(options.get(), "connect_timeout");
  int seconds = 0;
  std::from_chars(written.data(), written.data() + written.size(), seconds);
  if (seconds > 0) each = std::chrono::seconds(std::min(seconds, 3600));
  const std::string hosts = option_of(options.get(), "host");
  const auto commas = static_cast<std::size_t>(std::count(hosts.begin(), hosts.end(), ','));
  return Clock::now() + each * static_cast<int>(std::min(commas + 1, most_hosts));
}

const char* const password_hint =
    "Put it into ~/.pgpass (mode 0600), or name such a file by PGPASSFILE or passfile=, or a "
    "service by service=; never on the command line.";

base::Error connect_error(PGconn* connection) {
  const server::ServerMessage said = server::parse_verbose_message(PQerrorMessage(connection));
  base::Error failed =
      base::error(Code::server_connection, "could not connect to the server that --discover names")
          .with_detail(said.text);
  if (PQconnectionNeedsPassword(connection) != 0 || said.sqlstate == "28P01")
    failed.hint = password_hint;
  else if (said.sqlstate.starts_with("28"))
    failed.hint = "Let pg_hba.conf of that server admit this role from this machine.";
  else if (said.sqlstate == "3D000")
    failed.hint = "Any database will do: dbname=postgres.";
  else
    failed.hint = "Try the same connection string with psql.";
  return failed;
}

base::Result<Connection> connect(const std::string& dsn, const Limits& limits) {
  // What stands before dbname the string may override, what stands behind it not.
  const std::array<const char*, 5> keywords = {"tcp_user_timeout", "dbname", "client_encoding",
                                               "fallback_application_name", nullptr};
  const std::array<const char*, 5> values = {silent_address_ms, dsn.c_str(), "UTF8", "pgseal",
                                             nullptr};
  Connection connection(PQconnectStartParams(keywords.data(), values.data(), 1));
  if (connection == nullptr) return base::error(Code::internal, "out of memory in libpq");
  // The standard receiver prints what the server says to standard error as it stands.
  PQsetNoticeReceiver(
      connection.get(), [](void*, const PGresult*) {}, nullptr);
  PQsetErrorVerbosity(connection.get(), PQERRORS_VERBOSE);
  const Clock::time_point deadline = deadline_of(connection.get(), limits);
  PostgresPollingStatusType state = PGRES_POLLING_WRITING;
  if (PQstatus(connection.get()) == CONNECTION_BAD) state = PGRES_POLLING_FAILED;
  while (state != PGRES_POLLING_OK && state != PGRES_POLLING_FAILED) {
    const bool writing = state == PGRES_POLLING_WRITING;
    if (!server::wait_for(PQsocket(connection.get()), writing, deadline))
      return base::error(Code::server_connection,
                         "the server that --discover names did not answer in time")
          .with_hint("Look at address, port and firewall; connect_timeout= gives it more seconds.");
    state = PQconnectPoll(connection.get());
  }
  if (state == PGRES_POLLING_FAILED) return connect_error(connection.get());
  return connection;
}

// ---- asking ----------------------------------------------------------------------------------

base::Error refused(const PGresult* result, const PGconn* connection) {
  const char* sqlstate = PQresultErrorField(result, PG_DIAG_SQLSTATE);
  const char* message = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
  return base::error(Code::server_query, "the server refused a query of pgseal")
      .with_detail(sqlstate != nullptr && message != nullptr
                       ? fmt::format("{}: {}", sqlstate, message)
                       : std::string(PQerrorMessage(connection)));
}

base::Error too_much() {
  return base::error(Code::server_query, "the server sends more than it was asked for")
      .with_hint("Look at what listens there; it does not behave as PostgreSQL does.");
}

Row row_of(const PGresult* result) {
  Row row;
  for (int column = 0; column < PQnfields(result); ++column) {
    server::Field field;
    if (PQgetisnull(result, 0, column) == 0)
      field = std::string(PQgetvalue(result, 0, column),
                          static_cast<std::size_t>(PQgetlength(result, 0, column)));
    row.push_back(std::move(field));
  }
  return row;
}

/// One conversation under one deadline.
class Questions {
 public:
  Questions(PGconn* connection, const Limits& limits)
      : connection_(connection), limits_(limits), deadline_(Clock::now() + limits.answer) {}

  /// Rows of `width` columns. Every list is asked for with a limit of one row more than is taken.
  base::Result<Rows> ask(const std::string& sql, std::size_t width) {
    if (PQsendQueryParams(connection_, sql.c_str(), 0, nullptr, nullptr, nullptr, nullptr, 0) == 0)
      return refused(nullptr, connection_);
    PQsetSingleRowMode(connection_);
    Rows rows;
    base::Result<void> outcome;
    while (true) {
      TRY(wait());
      const Answer answer(PQgetResult(connection_));
      if (answer == nullptr) break;
      auto taken = take(answer.get(), width, rows);
      if (!taken && PQresultStatus(answer.get()) != PGRES_FATAL_ERROR) return taken.error();
      if (outcome) outcome = std::move(taken);
    }
    if (!outcome) return outcome.error();
    return rows;
  }

  base::Result<Row> one(const std::string& sql, std::size_t width) {
    Rows rows = TRY(ask(sql, width));
    if (rows.size() == 1) return std::move(rows.front());
    return base::error(Code::server_query, "the server answered a query of pgseal with no one row");
  }

 private:
  base::Result<void> take(const PGresult* result, std::size_t width, Rows& rows) const {
    const ExecStatusType status = PQresultStatus(result);
    if (status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK) return {};
    if (status != PGRES_SINGLE_TUPLE) return refused(result, connection_);
    if (static_cast<std::size_t>(PQnfields(result)) != width)
      return base::error(Code::server_query, "the server answers other columns than were asked");
    if (rows.size() > limits_.rows) return too_much();
    rows.push_back(row_of(result));
    return {};
  }

  /// Until there is a result to be had.
  base::Result<void> wait() {
    while (PQisBusy(connection_) != 0) {
      if (!server::wait_for(PQsocket(connection_), false, deadline_))
        return base::error(Code::server_query, "the server did not answer in time")
            .with_hint("Look at its load; nothing was changed there.");
      if (PQconsumeInput(connection_) == 0) return refused(nullptr, connection_);
      if (received() > limits_.bytes) return too_much();
    }
    return {};
  }

  /// By the kernel's count, so that a single endless row is seen before libpq has it whole; 0 on a
  /// local socket.
  [[nodiscard]] std::uint64_t received() const {
    tcp_info seen{};
    socklen_t length = sizeof seen;
    if (::getsockopt(PQsocket(connection_), IPPROTO_TCP, TCP_INFO, &seen, &length) != 0) return 0;
    return seen.tcpi_bytes_received;
  }

  PGconn* connection_;
  const Limits& limits_;
  Clock::time_point deadline_;
};

std::string text(const server::Field& field) { return field.value_or(""); }
bool is_true(const server::Field& field) { return text(field) == "t"; }

constexpr const char* client_query =
    "select a.usename, a.datname, host(a.client_addr), a.client_hostname, a.application_name,"
    " count(*), coalesce(bool_or(r.rolsuper), false)"
    " from pg_stat_activity a left join pg_roles r on r.oid = a.usesysid"
    " where a.backend_type = 'client backend' and a.pid <> pg_backend_pid()"
    " group by 1, 2, 3, 4, 5 order by 6 desc, 1, 2, 3, 4, 5 limit {}";

// A sender that works in a database decodes for a subscriber (logical replication).
constexpr const char* sender_query =
    "select r.usename, r.application_name, host(r.client_addr), r.client_hostname, r.state,"
    " r.sync_state, exists (select from pg_stat_activity a where a.pid = r.pid and a.datid is not"
    " null) from pg_stat_replication r order by r.client_addr, r.application_name, r.pid limit {}";

base::Result<void> ask_lists(Questions& questions, const Limits& limits, Cluster& cluster) {
  Rows clients = TRY(questions.ask(fmt::format(client_query, limits.rows + 1), 7));
  Rows senders = TRY(questions.ask(fmt::format(sender_query, limits.rows + 1), 7));
  cluster.cut = clients.size() > limits.rows || senders.size() > limits.rows;
  clients.resize(std::min(clients.size(), limits.rows));
  senders.resize(std::min(senders.size(), limits.rows));
  for (const Row& row : clients) {
    const std::string counted = text(row[5]);
    std::uint64_t sessions = 0;
    std::from_chars(counted.data(), counted.data() + counted.size(), sessions);
    cluster.clients.push_back({text(row[0]), text(row[1]), text(row[2]), text(row[3]), text(row[4]),
                               sessions, is_true(row[6])});
  }
  for (const Row& row : senders)
    cluster.senders.push_back({text(row[0]), text(row[1]), text(row[2]), text(row[3]), text(row[4]),
                               text(row[5]), is_true(row[6])});
  return {};
}

/// pg_stat_wal_receiver: sender_host since 11. Its conninfo has no password; only the role is
/// taken.
base::Result<void> ask_upstream(Questions& questions, Cluster& cluster) {
  const Rows rows =
      TRY(questions.ask(fmt::format("select {}, conninfo from pg_stat_wal_receiver limit 1",
                                    cluster.major >= 11 ? "sender_host" : "null::text"),
                        2));
  if (rows.empty()) return {};
  cluster.upstream_host = text(rows.front()[0]);
  const auto conninfo = settings::parse_conninfo(text(rows.front()[1]));
  if (!conninfo) return {};  // hints at the role, no more
  if (const auto* user = conninfo->find("user")) cluster.upstream_role = user->value;
  if (const auto* host = conninfo->find("host"); host != nullptr && cluster.upstream_host.empty())
    cluster.upstream_host = host->value;
  return {};
}

base::Error lacks_privilege(const std::string& role) {
  const std::string name = base::sql_identifier(role);
  return base::error(Code::server_privilege,
                     fmt::format("role {} may not see who is connected", name))
      .with_detail(
          "It is not a member of pg_monitor, so pg_stat_activity and pg_stat_replication hide the "
          "addresses of all sessions but its own.")
      .with_hint(fmt::format("GRANT pg_monitor TO {}; or connect as a superuser.", name));
}

base::Result<void> ask_all(Questions& questions, const Limits& limits, Cluster& cluster) {
  // search_path first: with a superuser's rights no function of somebody's making may be met by
  // name. Local settings, so that a pooler's server connection goes back as it was.
  for (const char* sql : {"begin transaction read only", "set local search_path to pg_catalog",
                          "set local statement_timeout to 5000", "set local lock_timeout to 2000"})
    TRY(questions.ask(sql, 0));
  const Row row = TRY(questions.one(
      "select current_setting('server_version'), pg_is_in_recovery(), host(inet_server_addr()),"
      " current_setting('port'), current_user, pg_has_role('pg_read_all_stats', 'usage'),"
      " pg_has_role('pg_read_all_settings', 'usage'),"
      " (select rolname from pg_roles where oid = 10)",
      8));
  cluster.version = text(row[0]);
  cluster.standby = is_true(row[1]);
  cluster.own_address = text(row[2]);
  cluster.port = text(row[3]);
  cluster.superuser = text(row[7]);
  if (!is_true(row[5])) return lacks_privilege(text(row[4]));
  if (is_true(row[6]))
    cluster.data_directory =
        text(TRY(questions.one("select current_setting('data_directory')", 1))[0]);
  if (cluster.standby) TRY(ask_upstream(questions, cluster));
  return ask_lists(questions, limits, cluster);
}

}  // namespace

base::Result<void> check_dsn(std::string_view dsn) {
  auto parsed = settings::parse_conninfo(dsn);
  if (!parsed)
    return base::error(Code::usage, "--discover: " + parsed.error().message)
        .with_hint(
            "It takes a connection string, \"host=db1 user=postgres\", or a URI, "
            "\"postgresql://postgres@db1/\".");
  for (const settings::ConninfoItem& item : parsed->items)
    if (secret(item.keyword) || nested(item))
      return base::error(Code::usage, "--discover was given a password")
          .with_detail(
              "Every user of this machine sees the command lines of its processes, and the shell "
              "keeps them in its history: consider that password known.")
          .with_hint(password_hint);
  TRY(server::require_libpq());
  const Options known(PQconndefaults());
  std::vector<std::string_view> names;
  for (const auto* each = known.get(); each != nullptr && each->keyword != nullptr; ++each)
    names.emplace_back(each->keyword);
  for (const settings::ConninfoItem& item : parsed->items) {
    const bool ours = item.keyword == "ssl" && parsed->uri;  // JDBC's, which libpq takes in a URI
    if (!ours && std::find(names.begin(), names.end(), item.keyword) == names.end())
      return unknown_keyword(item.keyword, names);
  }
  return {};
}

base::Result<Cluster> ask(const std::string& dsn, const Limits& limits) {
  const Connection connection = TRY(connect(dsn, limits));
  Cluster cluster;
  const auto known = [](const char* value) { return std::string(value == nullptr ? "" : value); };
  cluster.reached.host = known(PQhost(connection.get()));
  cluster.reached.address = known(PQhostaddr(connection.get()));
  cluster.reached.socket =
      cluster.reached.host.starts_with('/') || cluster.reached.host.starts_with('@');
  cluster.reached.encrypted = PQsslInUse(connection.get()) != 0;
  cluster.major = PQserverVersion(connection.get()) / 10000;
  if (cluster.major < settings::oldest_major)
    return base::error(Code::server_version, fmt::format("the server is older than PostgreSQL {}",
                                                         settings::oldest_major))
        .with_detail("Before that version a reload does not take up TLS settings.");
  Questions questions(connection.get(), limits);
  TRY(ask_all(questions, limits, cluster));
  return cluster;
}

}  // namespace survey
