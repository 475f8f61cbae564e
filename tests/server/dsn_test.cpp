// SPDX-License-Identifier: PostgreSQL
// What hba commands ask the server of --dsn, asked of the installed one: what it is, who is there,
// and what is made of it.
#include <doctest/doctest.h>
#include <fmt/format.h>
#include <libpq-fe.h>

#include <memory>

#include "admission/idle.h"
#include "hba_lint/lint.h"
#include "networks/narrow.h"
#include "server/scratch.h"
#include "survey/catalog.h"
#include "survey/connected.h"

namespace {

using Owner = std::unique_ptr<PGconn, void (*)(PGconn*)>;
using Told = std::vector<std::string>;

Owner connected(const std::string& words) {
  Owner connection(PQconnectdb(words.c_str()), PQfinish);
  REQUIRE_MESSAGE(PQstatus(connection.get()) == CONNECTION_OK, PQerrorMessage(connection.get()));
  return connection;
}

survey::Conversation conversation(const scratch::Server& server, const std::string& role) {
  auto opened = survey::Conversation::open(
      {fmt::format("host={} port={} user={} dbname=postgres", server.sockets, server.port, role),
       "--dsn"},
      survey::whole_lists());
  REQUIRE_MESSAGE(opened, (opened ? "" : opened.error().detail));
  return std::move(*opened);
}

/// With TLS, roles, groups and rules that let everybody of this machine in; null where there is no
/// server to be had.
scratch::Server* prepared() {
  scratch::Server* server = scratch::Server::fresh();
  if (server == nullptr) return nullptr;
  server->install("server.pem", "server.pem");
  server->put("pg_hba.conf",
              "local all all trust\nlocal replication all trust\n"
              "host all all 127.0.0.0/8 trust\nhost replication all 127.0.0.0/8 trust\n");
  server->restart(
      fmt::format("-c ssl=on -c ssl_cert_file={0}/server.pem -c ssl_key_file={0}/server.pem",
                  server->etc + "/server/db1"));
  // The server is one for the program.
  for (const char* statement :
       {"drop role if exists shopper, plain, standby, staff, people", "create role shopper login",
        "create role plain login", "create role standby login replication", "create role staff",
        "create role people", "grant staff to shopper", "grant people to staff"})
    server->sql(statement);
  return server;
}

std::string tcp(const scratch::Server& server, const std::string& rest) {
  return fmt::format("host=127.0.0.1 port={} gssencmode=disable {}", server.port, rest);
}

}  // namespace

TEST_CASE("a server tells every role what its rules are judged by") {
  const scratch::Server* server = prepared();
  if (server == nullptr) return;
  survey::Conversation asked = conversation(*server, "plain");
  const auto catalog = survey::ask_catalog(asked);
  REQUIRE_MESSAGE(catalog, (catalog ? "" : catalog.error().detail));
  CHECK(server->ask("show server_version_num") ==
        fmt::to_string(catalog->version.major * 10000 + catalog->version.minor));
  CHECK_FALSE(catalog->newer);
  CHECK(catalog->traits.ssl);
  CHECK_FALSE(catalog->facts.client_authority);
  CHECK(catalog->facts.listen_addresses == server->ask("show listen_addresses"));
  CHECK(catalog->facts.password_encryption == "scram-sha-256");
  CHECK(catalog->facts.superusers == decltype(catalog->facts.superusers){"postgres"});
  CHECK(catalog->facts.roles.contains("staff"));
  CHECK(catalog->facts.databases.contains("template1"));
  CHECK(catalog->reached.socket);
  CHECK(catalog->memberships.is_member("shopper", "people") == std::optional(true));
  CHECK(catalog->memberships.is_member("plain", "people") == std::optional(false));

  const std::string rules =
      "local all all trust\nhostssl postgres shopper,apq 127.0.0.1/32 scram-sha-256 "
      "clientcert=verify-full\nhostssl shop +staff,+people,+stuff 127.0.0.1/32 scram-sha-256\n"
      "hostssl replication standby 127.0.0.1/32 scram-sha-256\n";
  const hba::Files files;
  Told found;
  for (const base::Finding& each :
       hba_lint::lint({"hba", rules, catalog->version, catalog->traits, files, catalog->memberships,
                       "", std::nullopt, &catalog->facts})
           .findings)
    if (each.code != "hba.superuser-group" && each.code != "hba.trust-local")
      found.push_back(fmt::format("{} {}: {}", each.line, each.code, each.message));
  CHECK(found ==
        Told{"1 hba.trust-superuser: whoever is on the server's machine is \"postgres\", a "
             "superuser",
             "2 hba.name-absent: the server has no role \"apq\"",
             "2 hba.clientcert-no-ca: ssl_ca_file is empty, and a rule is for a certificate",
             "3 hba.name-absent: the list of roles has no member of \"stuff\"",
             "3 hba.name-absent: the server has no database \"shop\"",
             "3 hba.name-absent: the server has no role \"stuff\""});
}

TEST_CASE("a server tells who is connected and how, to an ordinary role not whence") {
  const scratch::Server* server = prepared();
  if (server == nullptr) return;
  const Owner plain = connected(tcp(*server,
                                    "user=shopper dbname=postgres application_name=web "
                                    "sslmode=disable"));
  const Owner tls = connected(tcp(*server,
                                  "user=shopper dbname=postgres application_name=web "
                                  "sslmode=require"));
  const Owner standby =
      connected(tcp(*server, "user=standby replication=true application_name=db2 sslmode=require"));
  const Owner logical = connected(fmt::format(
      "host={} port={} user=postgres replication=database dbname=postgres application_name=sub",
      server->sockets, server->port));

  survey::Conversation asked = conversation(*server, "postgres");
  const auto all = survey::ask_connected(asked);
  REQUIRE_MESSAGE(all, (all ? "" : all.error().detail));
  Told told;
  for (const replay::Session& each : all->sessions)
    told.push_back(
        fmt::format("{} {} {}", to_string(each.connection), each.application, each.count));
  const std::string said = fmt::format("{}", fmt::join(told, "\n"));
  CAPTURE(said);
  // Neither this session nor processes of the server itself.
  CHECK(told ==
        Told{"type=local,user=postgres,database=postgres sub 1",
             "type=host,user=shopper,database=postgres,address=127.0.0.1 web 1",
             "type=host,tls=on,user=shopper,database=postgres,address=127.0.0.1 web 1",
             "type=host,tls=on,user=standby,database=standby,address=127.0.0.1,replication=on db2 "
             "1"});
  CHECK(all->hidden.empty());

  survey::Conversation ordinary = conversation(*server, "plain");
  const auto some = survey::ask_connected(ordinary);
  REQUIRE_MESSAGE(some, (some ? "" : some.error().detail));
  CHECK(some->sessions.empty());
  std::set<std::string> hidden;
  for (const survey::Hidden& each : some->hidden) hidden.insert(each.role);
  CHECK(hidden == std::set<std::string>{"shopper", "postgres", "standby"});
}

TEST_CASE("networks are told from a server's rules and its sessions") {
  const scratch::Server* server = prepared();
  if (server == nullptr) return;
  std::vector<Owner> clients;
  clients.push_back(connected(tcp(*server, "user=shopper dbname=postgres sslmode=disable")));
  clients.push_back(connected(tcp(*server, "user=standby replication=true sslmode=disable")));
  survey::Conversation asked = conversation(*server, "postgres");
  const auto all = survey::ask_connected(asked);
  REQUIRE(all);
  networks::Evidence evidence;
  for (const replay::Session& each : all->sessions)
    if (each.connection.address)
      evidence.sightings.push_back({networks::Source::session, *each.connection.address,
                                    each.connection.user, each.application,
                                    each.connection.physical_replication, each.last_seen});
  const hba::RuleFile file =
      hba::read_rules("pg_hba.conf", server->get("pg_hba.conf"), {15, 20}, {}, hba::Files());
  networks::LeftOut left_out;
  const admission::Roles roles;
  evidence.rules =
      networks::admitted_by(file, admission::idle_rules(file, roles, {15, 20}, {}), left_out);
  const networks::Narrowed made = networks::narrow(evidence);
  REQUIRE(made.networks.size() == 1);
  const networks::Suggestion& only = made.networks.front();
  CHECK(to_string(only.network) == "127.0.0.1/32");
  CHECK(only.roles == std::set<std::string>{"shopper", "standby"});
  CHECK(only.replication);
  CHECK(only.reason ==
        "one client in 127.0.0.0/8 of pg_hba.conf:3, pg_hba.conf:4, which is wider than a subnet; "
        "replication by standby");
}
