// SPDX-License-Identifier: PostgreSQL
#include "survey/connected.h"

#include <fmt/format.h>

namespace survey {
namespace {

using admission::Transport;
using base::Result;
using server::Row;
using server::Rows;

// Without the right to see a process its type and whence it came are null; who it is stands there.
// One that has not yet authenticated has no user at all. A walsender within a database is one of
// logical replication, which rules judge as any session there.
constexpr const char* query =
    "select a.usename, a.datname, host(a.client_addr), coalesce(s.ssl, false), {gss},"
    " s.{certificate}, coalesce(a.backend_type = 'walsender' and a.datname is null, false),"
    " a.application_name, count(*), a.backend_type is null or a.usename is null,"
    " to_char(now() at time zone 'UTC', 'YYYY-MM-DD HH24:MI:SS+00')"
    " from pg_stat_activity a left join pg_stat_ssl s on s.pid = a.pid{gss_view}"
    " where a.pid <> pg_backend_pid() and a.usesysid is not null"
    " and coalesce(a.backend_type, 'client backend') in ('client backend', 'walsender')"
    " group by 1, 2, 3, 4, 5, 6, 7, 8, 10 order by 1, 2, 3, 4, 5, 6, 7, 8, 10 limit {limit}";

std::string query_for(int major, std::size_t limit) {
  const bool gss = major >= 12;
  return fmt::format(
      query, fmt::arg("gss", gss ? "coalesce(g.encrypted, false)" : "false"),
      fmt::arg("gss_view", gss ? " left join pg_stat_gssapi g on g.pid = a.pid" : ""),
      fmt::arg("certificate", gss ? "client_dn" : "clientdn"), fmt::arg("limit", limit));
}

Result<replay::Session> session_of(const Row& row) {
  replay::Session made;
  admission::Connection& connection = made.connection;
  connection.user = text_of(row[0]);
  connection.physical_replication = is_true(row[6]);
  connection.database = row[1] ? *row[1] : connection.user;
  if (row[2]) {
    const hba::NumericAddress read = hba::read_address(*row[2]);
    if (read.state != hba::NumericAddress::State::address)
      return base::error(base::Code::server_query, "the server shows an address that is none")
          .with_detail(*row[2]);
    connection.address = read.address;
    connection.transport = is_true(row[3])   ? Transport::tls
                           : is_true(row[4]) ? Transport::gss
                                             : Transport::plain;
  }
  if (const std::string certificate = text_of(row[5]); !certificate.empty()) {
    const std::optional<std::string> name = replay::common_name(certificate);
    made.name_unknown = !name;
    connection.certificate = name.value_or(certificate);
  }
  made.application = text_of(row[7]);
  made.count = number_of(row[8]);
  made.last_seen = text_of(row[10]);
  return made;
}

}  // namespace

Result<Connected> ask_connected(Conversation& server) {
  const std::size_t most = server.limits().rows;
  const Rows rows = TRY(server.ask(query_for(server.version() / 10000, most + 1), 11));
  if (rows.size() > most)
    return base::error(base::Code::server_query,
                       fmt::format("the server shows more than {} sessions", most));
  Connected made;
  for (const Row& row : rows) {
    if (is_true(row[9]))
      made.hidden.push_back({text_of(row[0]), text_of(row[1]), number_of(row[8])});
    else
      made.sessions.push_back(TRY(session_of(row)));
  }
  return made;
}

}  // namespace survey
