// SPDX-License-Identifier: PostgreSQL
#include "survey/conversation.h"

#include <fmt/format.h>
#include <libpq-fe.h>
#include <linux/tcp.h>  // glibc 2.36 has a tcp_info that ends before the byte counts
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <charconv>
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

base::Error connect_error(PGconn* connection, const Dsn& dsn) {
  const server::ServerMessage said = server::parse_verbose_message(PQerrorMessage(connection));
  base::Error failed =
      base::error(Code::server_connection,
                  fmt::format("could not connect to the server that {} names", dsn.option))
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

base::Result<Connection> connect(const Dsn& dsn, const Limits& limits) {
  // What stands before dbname the string may override, what stands behind it not.
  const std::array<const char*, 5> keywords = {"tcp_user_timeout", "dbname", "client_encoding",
                                               "fallback_application_name", nullptr};
  const std::array<const char*, 5> values = {silent_address_ms, dsn.text.c_str(), "UTF8", "pgseal",
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
                         fmt::format("the server that {} names did not answer in time", dsn.option))
          .with_hint("Look at address, port and firewall; connect_timeout= gives it more seconds.");
    state = PQconnectPoll(connection.get());
  }
  if (state == PGRES_POLLING_FAILED) return connect_error(connection.get(), dsn);
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

}  // namespace

/// The connection, with one deadline for all that is asked over it.
class Conversation::Link {
 public:
  Link(PGconn* owned, const Limits& limits)
      : connection_(owned, &PQfinish), limits_(limits), deadline_(Clock::now() + limits.answer) {}

  [[nodiscard]] PGconn* connection() const { return connection_.get(); }
  [[nodiscard]] const Limits& limits() const { return limits_; }

  base::Result<Rows> ask(const std::string& sql, std::size_t width) {
    if (PQsendQueryParams(connection_.get(), sql.c_str(), 0, nullptr, nullptr, nullptr, nullptr,
                          0) == 0)
      return refused(nullptr, connection_.get());
    PQsetSingleRowMode(connection_.get());
    Rows rows;
    base::Result<void> outcome;
    while (true) {
      TRY(wait());
      const Answer answer(PQgetResult(connection_.get()));
      if (answer == nullptr) break;
      auto taken = take(answer.get(), width, rows);
      if (!taken && PQresultStatus(answer.get()) != PGRES_FATAL_ERROR) return taken.error();
      if (outcome) outcome = std::move(taken);
    }
    if (!outcome) return outcome.error();
    return rows;
  }

 private:
  base::Result<void> take(const PGresult* result, std::size_t width, Rows& rows) const {
    const ExecStatusType status = PQresultStatus(result);
    if (status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK) return {};
    if (status != PGRES_SINGLE_TUPLE) return refused(result, connection_.get());
    if (static_cast<std::size_t>(PQnfields(result)) != width)
      return base::error(Code::server_query, "the server answers other columns than were asked");
    if (rows.size() > limits_.rows) return too_much();
    rows.push_back(row_of(result));
    return {};
  }

  /// Until there is a result to be had.
  base::Result<void> wait() {
    while (PQisBusy(connection_.get()) != 0) {
      if (!server::wait_for(PQsocket(connection_.get()), false, deadline_))
        return base::error(Code::server_query, "the server did not answer in time")
            .with_hint("Look at its load; nothing was changed there.");
      if (PQconsumeInput(connection_.get()) == 0) return refused(nullptr, connection_.get());
      if (received() > limits_.bytes) return too_much();
    }
    return {};
  }

  /// By the kernel's count, so that a single endless row is seen before libpq has it whole; 0 on a
  /// local socket.
  [[nodiscard]] std::uint64_t received() const {
    tcp_info seen{};
    socklen_t length = sizeof seen;
    if (::getsockopt(PQsocket(connection_.get()), IPPROTO_TCP, TCP_INFO, &seen, &length) != 0)
      return 0;
    return seen.tcpi_bytes_received;
  }

  std::unique_ptr<PGconn, void (*)(PGconn*)> connection_;
  Limits limits_;
  Clock::time_point deadline_;
};

base::Result<void> check_dsn(const Dsn& dsn) {
  auto parsed = settings::parse_conninfo(dsn.text);
  if (!parsed)
    return base::error(Code::usage, dsn.option + ": " + parsed.error().message)
        .with_hint(
            "It takes a connection string, \"host=db1 user=postgres\", or a URI, "
            "\"postgresql://postgres@db1/\".");
  for (const settings::ConninfoItem& item : parsed->items)
    if (secret(item.keyword) || nested(item))
      return base::error(Code::usage, dsn.option + " was given a password")
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

Conversation::Conversation(std::unique_ptr<Link> link) : link_(std::move(link)) {}
Conversation::Conversation(Conversation&& other) noexcept = default;
Conversation& Conversation::operator=(Conversation&& other) noexcept = default;
Conversation::~Conversation() = default;

base::Result<Conversation> Conversation::open(const Dsn& dsn, const Limits& limits) {
  Connection connection = TRY(connect(dsn, limits));
  if (PQserverVersion(connection.get()) / 10000 < settings::oldest_major)
    return base::error(Code::server_version, fmt::format("the server is older than PostgreSQL {}",
                                                         settings::oldest_major))
        .with_detail("Before that version a reload does not take up TLS settings.");
  Conversation made(std::make_unique<Link>(connection.release(), limits));
  // search_path first: with a superuser's rights no function of somebody's making may be met by
  // name. Local settings, so that a pooler's server connection goes back as it was.
  for (const char* sql : {"begin transaction read only", "set local search_path to pg_catalog",
                          "set local statement_timeout to 5000", "set local lock_timeout to 2000"})
    TRY(made.ask(sql, 0));
  return made;
}

base::Result<Rows> Conversation::ask(const std::string& sql, std::size_t width) {
  return link_->ask(sql, width);
}

base::Result<Row> Conversation::one(const std::string& sql, std::size_t width) {
  Rows rows = TRY(ask(sql, width));
  if (rows.size() == 1) return std::move(rows.front());
  return base::error(Code::server_query, "the server answered a query of pgseal with no one row");
}

Reached Conversation::reached() const {
  const auto known = [](const char* value) { return std::string(value == nullptr ? "" : value); };
  Reached made;
  made.host = known(PQhost(link_->connection()));
  made.address = known(PQhostaddr(link_->connection()));
  made.socket = made.address.empty() && (made.host.starts_with('/') || made.host.starts_with('@'));
  made.encrypted = PQsslInUse(link_->connection()) != 0;
  return made;
}

int Conversation::version() const { return PQserverVersion(link_->connection()); }
const Limits& Conversation::limits() const { return link_->limits(); }

std::string text_of(const server::Field& field) { return field.value_or(""); }
bool is_true(const server::Field& field) { return text_of(field) == "t"; }

std::uint64_t number_of(const server::Field& field) {
  const std::string text = text_of(field);
  std::uint64_t number = 0;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

}  // namespace survey
