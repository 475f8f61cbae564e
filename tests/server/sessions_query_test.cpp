// SPDX-License-Identifier: PostgreSQL
// docs/sessions.sql on the installed server: sessions that are there are read, and replayed against
// its own rules they have what they have.
#include <doctest/doctest.h>
#include <fmt/format.h>
#include <libpq-fe.h>

#include <memory>

#include "base/fd.h"
#include "replay/fate.h"
#include "server/scratch.h"

namespace {

using Owner = std::unique_ptr<PGconn, void (*)(PGconn*)>;

Owner connected(const std::string& words) {
  Owner connection(PQconnectdb(words.c_str()), PQfinish);
  REQUIRE_MESSAGE(PQstatus(connection.get()) == CONNECTION_OK, PQerrorMessage(connection.get()));
  return connection;
}

}  // namespace

TEST_CASE("the query for sessions gives what replay reads") {
  scratch::Server* server = scratch::Server::fresh();
  if (server == nullptr) return;
  server->install("server.pem", "server.pem");
  server->put(
      "pg_hba.conf",
      "local all all trust\nhost all all 127.0.0.1/32 trust\nlocal replication all trust\n");
  server->restart(
      fmt::format("-c ssl=on -c ssl_cert_file={0}/server.pem -c ssl_key_file={0}/server.pem",
                  server->etc + "/server/db1"));
  server->sql("drop role if exists app");
  server->sql("create role app login");
  const std::string tcp = fmt::format(
      "host=127.0.0.1 port={} user=app dbname=postgres gssencmode=disable application_name=",
      server->port);
  const Owner plain = connected(tcp + "'a \"quoted\", name' sslmode=disable");
  const Owner tls = connected(tcp + "tls sslmode=require");
  const Owner replication = connected(
      fmt::format("host={} port={} user=postgres replication=true application_name=standby",
                  server->sockets, server->port));
  server->put("sessions.sql",
              base::read_file(PGSEAL_TEST_FOLDER "/../../docs/sessions.sql", 1 << 20U).value());
  const std::string text =
      scratch::shell(fmt::format("psql -X --csv -h {} -p {} -d postgres -f {}/sessions.sql",
                                 server->sockets, server->port, server->data),
                     true);
  const auto sessions = replay::read_sessions("sessions.csv", text);
  REQUIRE_MESSAGE(sessions, (sessions ? "" : sessions.error().message));
  const hba::Version version = hba::parse_version("15").value();
  const std::string rules = "hostssl all app 127.0.0.0/8 trust\nlocal all postgres peer\n";
  const hba::RuleFile file = hba::read_rules("hba", rules, version, {}, hba::Files());
  const hba::IdentFile idents;
  const admission::Roles roles;
  std::vector<std::string> told;
  for (const replay::Group& group :
       replay::replay(*sessions, admission::Rules(file, idents, roles, version, {})))
    told.push_back(fmt::format("{} {} {}@{} {} {}", replay::to_string(group.fate), group.count,
                               group.role, group.database, group.network, group.application));
  CHECK(told == std::vector<std::string>{
                    "refused 1 app@postgres 127.0.0.1/32 a \"quoted\", name",
                    "refused 1 postgres@replication local standby",
                    "unchanged 1 app@postgres 127.0.0.1/32 tls",
                    "unchanged 1 postgres@postgres local psql",
                });
}
