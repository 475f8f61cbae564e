// SPDX-License-Identifier: PostgreSQL
#include "node/connect.h"

#include <fmt/format.h>
#include <libpq-fe.h>

#include <memory>

#include "base/pack.h"
#include "host/child.h"
#include "server/discovery.h"
#include "slots/files.h"

namespace node {
namespace {

using Clock = std::chrono::steady_clock;
using fleet::ConnectLevel;

constexpr std::chrono::seconds attempt_limit{10};
constexpr std::chrono::seconds child_limit{15};  // name resolution has no deadline of its own

/// Options by keyword; what is not here is libpq's default, because that is what is to be proven.
using Options = std::vector<std::pair<const char*, std::string>>;

struct Attempt {
  fleet::ConnectReport report;
  bool over_tls = false;
};

/// TLS attributes while they last: libpq drops its TLS session when the connection breaks. It says
/// "in use" from the first byte of the handshake on; the handshake has succeeded once its status
/// has moved on, and only then is there a cipher.
void note_tls(const PGconn* connection, Attempt& attempt) {
  if (attempt.over_tls || PQsslInUse(const_cast<PGconn*>(connection)) == 0) return;
  const ConnStatusType status = PQstatus(connection);
  if (status == CONNECTION_SSL_STARTUP || status == CONNECTION_BAD) return;
  attempt.over_tls = true;
  const auto attribute = [&](const char* name) {
    const char* value = PQsslAttribute(const_cast<PGconn*>(connection), name);
    return std::string(value == nullptr ? "" : value);
  };
  attempt.report.protocol = attribute("protocol");
  attempt.report.cipher = attribute("cipher");
  attempt.report.bits = attribute("key_bits");
  attempt.report.compression = attribute("compression");
}

void note_failure(const PGconn* connection, Attempt& attempt) {
  const server::ServerMessage message = server::parse_verbose_message(PQerrorMessage(connection));
  attempt.report.sqlstate = message.sqlstate;
  attempt.report.message = message.text;
  attempt.report.level =
      level_of(message, attempt.over_tls, PQconnectionNeedsPassword(connection) != 0);
}

fleet::ConnectReport attempt_with(const Options& options, bool over_socket) {
  std::vector<const char*> keywords;
  std::vector<const char*> values;
  for (const auto& [keyword, value] : options) {
    keywords.push_back(keyword);
    values.push_back(value.c_str());
  }
  keywords.push_back(nullptr);
  values.push_back(nullptr);
  Attempt attempt;
  attempt.report.over_socket = over_socket;
  attempt.report.libpq = libpq_name();
  const std::unique_ptr<PGconn, decltype(&PQfinish)> connection(
      PQconnectStartParams(keywords.data(), values.data(), 0), &PQfinish);
  PQsetErrorVerbosity(connection.get(), PQERRORS_VERBOSE);
  const Clock::time_point deadline = Clock::now() + attempt_limit;
  PostgresPollingStatusType state = PGRES_POLLING_WRITING;
  if (PQstatus(connection.get()) == CONNECTION_BAD) state = PGRES_POLLING_FAILED;
  while (state != PGRES_POLLING_OK && state != PGRES_POLLING_FAILED) {
    if (!server::wait_for(PQsocket(connection.get()), state == PGRES_POLLING_WRITING, deadline)) {
      attempt.report.message = fmt::format("no answer within {} s", attempt_limit.count());
      if (attempt.over_tls) attempt.report.level = ConnectLevel::handshake;
      return attempt.report;
    }
    state = PQconnectPoll(connection.get());
    note_tls(connection.get(), attempt);
  }
  if (state == PGRES_POLLING_OK) {
    attempt.report.level = ConnectLevel::logged_in;
  } else {
    note_failure(connection.get(), attempt);
  }
  return attempt.report;
}

std::string pack_report(const fleet::ConnectReport& report) {
  return base::pack({report.over_socket ? "socket" : "",
                     std::to_string(static_cast<int>(report.level)), report.protocol, report.cipher,
                     report.bits, report.compression, report.sqlstate, report.message,
                     report.libpq});
}

base::Result<fleet::ConnectReport> unpack_report(const std::string& bytes) {
  const std::vector<std::string> items = TRY(base::unpack(bytes));
  if (items.size() != 9 || items[1].size() != 1) {
    return base::error(base::Code::internal, "a child's report of a connection cannot be read");
  }
  fleet::ConnectReport report;
  report.over_socket = !items[0].empty();
  report.level = static_cast<ConnectLevel>(items[1].front() - '0');
  report.protocol = items[2];
  report.cipher = items[3];
  report.bits = items[4];
  report.compression = items[5];
  report.sqlstate = items[6];
  report.message = items[7];
  report.libpq = items[8];
  return report;
}

/// The socket's folder of this host's own server where the query names none.
std::string socket_folder(const fleet::ConnectQuery& query, const fleet::Brief& brief) {
  if (!query.address.empty()) return query.address;
  if (!brief.socket_directory.empty()) return brief.socket_directory;
  const base::Result<server::FoundServer> server =
      server::choose_server(server::find_servers(brief), brief);
  return server ? server->socket_directory : std::string();
}

base::Result<Options> options_of(const fleet::ConnectQuery& query, const fleet::Brief& brief,
                                 const host::OsUser& user) {
  const bool socket = query.address.empty() || query.address.front() == '/';
  Options options = {{"host", socket ? socket_folder(query, brief) : query.address},
                     {"port", std::to_string(query.port)},
                     {"user", query.role},
                     {"dbname", query.database.empty() ? "postgres" : query.database},
                     {"application_name", "pgseal"},
                     {"gssencmode", "disable"}};
  if (socket) return options;
  options.emplace_back("sslmode", "verify-full");
  if (query.slot.place == fleet::SlotPlace::environment) {
    const slots::SlotFiles files = TRY(slots::client_files(brief.environment, query.slot, user));
    options.emplace_back("sslcert", files.path_of(files.certificate));
    options.emplace_back("sslkey", files.path_of(files.key));
    options.emplace_back("sslrootcert", files.path_of(files.trust));
  }
  return options;
}

/// TLS 1.2 refuses a certificate before the handshake ends; OpenSSL's texts are not translated.
bool certificate_alert(std::string_view text) {
  for (const std::string_view alert : {"alert bad certificate", "alert unknown ca",
                                       "alert certificate ", "alert unsupported certificate"}) {
    if (text.find(alert) != text.npos) return true;
  }
  return false;
}

}  // namespace

ConnectLevel level_of(const server::ServerMessage& message, bool over_tls, bool needs_password) {
  if (needs_password) return ConnectLevel::rule_reached;
  const std::string_view state = message.sqlstate;
  if (state.empty()) {
    return over_tls || certificate_alert(message.text) ? ConnectLevel::handshake
                                                       : ConnectLevel::none;
  }
  // "Too many clients" comes before authentication from these two, after it from others.
  const bool full = state == "53300" &&
                    (message.routine == "ProcessStartupPacket" || message.routine == "InitProcess");
  const bool before_rules = message.routine == "ClientAuthentication" || full ||
                            state.starts_with("57") || state.starts_with("08");
  if (!before_rules) return ConnectLevel::rule_reached;
  return over_tls ? ConnectLevel::certificate_accepted : ConnectLevel::none;
}

base::Result<fleet::ConnectReport> connect_as(const fleet::ConnectQuery& query,
                                              const fleet::Brief& brief) {
  const host::OsUser user = TRY(host::find_user(query.slot.os_user));
  const Options options = TRY(options_of(query, brief, user));
  const bool over_socket = query.address.empty() || query.address.front() == '/';
  const std::string packed =
      TRY(host::as_user(user, child_limit, [&]() -> base::Result<std::string> {
        return pack_report(attempt_with(options, over_socket));
      }));
  return unpack_report(packed);
}

std::string libpq_name() {
  const int version = PQlibVersion();
  return version >= 100000 ? fmt::format("libpq {}.{} (built in)", version / 10000, version % 10000)
                           : fmt::format("libpq {} (built in)", version);
}

}  // namespace node
