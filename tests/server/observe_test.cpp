// SPDX-License-Identifier: PostgreSQL
// What is seen of a real server.
#include <doctest/doctest.h>

#include <algorithm>

#include "server/scratch.h"
#include "server/view.h"
#include "slots/house.h"
#include "x509/digest.h"

namespace {

const fleet::SettingFact* find(const std::vector<fleet::SettingFact>& facts,
                               const std::string& name) {
  const auto found =
      std::find_if(facts.rbegin(), facts.rend(),
                   [&](const fleet::SettingFact& fact) { return fact.name == name; });
  return found == facts.rend() ? nullptr : &*found;
}

/// Everything that is said of a host, in one text, to look for what must not be in it.
std::string all_text(const fleet::HostFacts& facts) {
  std::string text = facts.server->hba_text + facts.server->problem + facts.server->ssl_conf;
  for (const auto* settings : {&facts.server->running_settings, &facts.server->written_settings}) {
    for (const fleet::SettingFact& fact : *settings) text += fact.name + fact.value + fact.error;
  }
  for (const base::Finding& finding : facts.findings) text += finding.message + finding.detail;
  return text;
}

}  // namespace

TEST_CASE("a running server tells who and where it is") {
  scratch::Server* server = scratch::Server::fresh();
  if (server == nullptr) return;
  const fleet::HostFacts facts = server->observe();
  for (const base::Finding& finding : facts.findings) MESSAGE(finding.message << finding.detail);
  CHECK(facts.findings.empty());
  REQUIRE(facts.server);
  CHECK(facts.server->problem.empty());
  CHECK(facts.server->running);
  CHECK(facts.server->data_directory == server->data);
  CHECK(facts.server->config_file == server->data + "/postgresql.conf");
  CHECK(facts.server->hba_file == server->data + "/pg_hba.conf");
  CHECK(facts.server->socket_directory == server->sockets);
  CHECK(facts.server->port == server->port);
  CHECK(facts.server->os_user == "postgres");
  CHECK(facts.server->version / 10000 == 15);
  CHECK(facts.server->system_identifier ==
        server->ask("select system_identifier from pg_control_system()"));
  CHECK_FALSE(facts.server->in_recovery);
  CHECK(facts.server->timeline == "1");
  CHECK(facts.server->listen_addresses == "127.0.0.1");
  CHECK(facts.server->hba_text == server->get("pg_hba.conf"));
  CHECK(facts.server->hba_sha256 == x509::sha256_hex(server->get("pg_hba.conf")));
  CHECK(facts.server->config_sha256 == x509::sha256_hex(server->get("postgresql.conf")));
  CHECK_FALSE(facts.server->include_in_place);
  REQUIRE(find(facts.server->running_settings, "ssl") != nullptr);
  CHECK(find(facts.server->running_settings, "ssl")->value == "off");
}

TEST_CASE("a written setting comes with its file and line before it is loaded") {
  scratch::Server* server = scratch::Server::fresh();
  if (server == nullptr) return;
  server->append("postgresql.conf", "ssl_ciphers = 'HIGH'\n");
  const fleet::HostFacts facts = server->observe();
  const fleet::SettingFact* written = find(facts.server->written_settings, "ssl_ciphers");
  REQUIRE(written != nullptr);
  CHECK(written->value == "HIGH");
  CHECK(written->file == server->data + "/postgresql.conf");
  CHECK(written->line == 8);
  CHECK(find(facts.server->running_settings, "ssl_ciphers")->value != "HIGH");
}

TEST_CASE("secrets of rules and settings are masked before they are facts") {
  scratch::Server* server = scratch::Server::fresh();
  if (server == nullptr) return;
  server->append("postgresql.conf",
                 "primary_conninfo = 'host=db0 user=repl password=geheim1 sslpassword=geheim2'\n"
                 "ssl_passphrase_command = 'echo geheim3'\n");
  server->append(
      "pg_hba.conf",
      "host all all 192.0.2.1/32 ldap ldapserver=l ldapbasedn=\"o=x\" ldapbindpasswd=geheim4\n"
      "host all all 192.0.2.2/32 radius radiusservers=127.0.0.1 radiussecrets=geheim5\n");
  server->restart();
  const fleet::HostFacts facts = server->observe();
  CHECK(all_text(facts).find("geheim") == std::string::npos);
  CHECK(find(facts.server->running_settings, "primary_conninfo")->value.find("user=repl") !=
        std::string::npos);
  CHECK(facts.server->hba_sha256 == x509::sha256_hex(server->get("pg_hba.conf")));
}

TEST_CASE("only roles that were asked for are named, with their rights") {
  scratch::Server* server = scratch::Server::fresh();
  if (server == nullptr) return;
  server->sql("create role \"we\\ird\"\"\"");
  fleet::HostFacts facts;
  fleet::Brief brief = server->brief();
  brief.roles = {"postgres", "we\\ird\"", "absent"};
  server::Server(brief, server->places()).observe(facts);
  server->sql("drop role \"we\\ird\"\"\"");
  REQUIRE(facts.server->roles.size() == 2);
  std::sort(facts.server->roles.begin(), facts.server->roles.end(),
            [](const auto& left, const auto& right) { return left.name < right.name; });
  CHECK(facts.server->roles[0].name == "postgres");
  CHECK(facts.server->roles[0].superuser);
  CHECK(facts.server->roles[1].name == "we\\ird\"");
  CHECK_FALSE(facts.server->roles[1].can_login);
}

TEST_CASE("live sessions are seen, our own is not") {
  scratch::Server* server = scratch::Server::fresh();
  if (server == nullptr) return;
  CHECK(server->observe().server->sessions.empty());
  const std::string seen = scratch::shell(
      fmt::format(
          "(PGAPPNAME=other psql -h {} -p {} -d postgres -c \"select pg_sleep(2)\" >/dev/null 2>&1 "
          "&) ;"
          "for i in 1 2 3 4 5 6 7 8 9 10; do psql -h {} -p {} -d postgres -Atc "
          "\"select count(*) from pg_stat_activity where application_name = \\$\\$other\\$\\$\" | "
          "grep 1 && break; done",
          server->sockets, server->port, server->sockets, server->port),
      true);
  const fleet::HostFacts facts = server->observe();
  REQUIRE(facts.server->sessions.size() == 1);
  CHECK(facts.server->sessions[0].application == "other");
  CHECK(facts.server->sessions[0].role == "postgres");
  CHECK(facts.server->sessions[0].database == "postgres");
  CHECK(facts.server->sessions[0].address.empty());
  CHECK_FALSE(facts.server->sessions[0].tls);
}

TEST_CASE("a server that does not run is a candidate and a fact without answers") {
  scratch::Server* server = scratch::Server::fresh();
  if (server == nullptr) return;
  server->stop();
  const fleet::HostFacts facts = server->observe();
  REQUIRE(facts.server);
  CHECK_FALSE(facts.server->running);
  CHECK(facts.server->problem == "the server is not running");
  REQUIRE(facts.findings.size() == 1);
  CHECK(facts.findings[0].code == "server.down");
  CHECK(facts.findings[0].hint.starts_with("Start it."));
  CHECK(facts.server->port == server->port);
  CHECK(facts.server->os_user == "postgres");
  REQUIRE(facts.candidates.size() >= 1);
  const auto refused = server->node().reload({});
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == base::Code::server_down);
}

TEST_CASE("a server that a signal has stopped runs, and is not called down") {
  scratch::Server* server = scratch::Server::fresh();
  if (server == nullptr) return;
  const std::string file = server->get("postmaster.pid");
  const std::string postmaster = file.substr(0, file.find('\n'));
  scratch::shell("kill -STOP " + postmaster);
  const fleet::HostFacts facts = server->observe();
  scratch::shell("kill -CONT " + postmaster);
  REQUIRE(facts.server);
  CHECK(facts.server->running);
  CHECK(facts.server->problem.find("runs, and does not answer") != std::string::npos);
  REQUIRE(facts.findings.size() == 1);
  CHECK(facts.findings[0].code == "server.silent");
  CHECK(facts.findings[0].message.find(server->data) != std::string::npos);
  CHECK(facts.findings[0].hint.find("process " + postmaster) != std::string::npos);
}

TEST_CASE("a server that runs without its socket is not called down") {
  scratch::Server* server = scratch::Server::fresh();
  if (server == nullptr) return;
  const std::string socket = server->sockets + "/.s.PGSQL." + std::to_string(server->port);
  scratch::shell("mv " + socket + " " + socket + ".away");
  const fleet::HostFacts facts = server->observe();
  scratch::shell("mv " + socket + ".away " + socket);
  REQUIRE(facts.findings.size() == 1);
  CHECK(facts.findings[0].code == "server.silent");
  CHECK(facts.server->running);
}

TEST_CASE("rules that keep the server's own user out are named with the line to add") {
  scratch::Server* server = scratch::Server::fresh();
  if (server == nullptr) return;
  for (const char* rules :
       {"local all all reject\n", "local all app trust\n", "local all all scram-sha-256\n"}) {
    server->put("pg_hba.conf", rules);
    server->restart();
    const fleet::HostFacts facts = server->observe();
    REQUIRE(facts.findings.size() == 1);
    CHECK(facts.findings[0].code == "server.socket");
    CHECK(facts.findings[0].hint.find("local  all  postgres  peer") != std::string::npos);
    REQUIRE(facts.server);
    CHECK_FALSE(facts.server->problem.empty());
  }
}

TEST_CASE("a host that is no database host shows candidates only") {
  scratch::Server* server = scratch::Server::fresh();
  if (server == nullptr) return;
  fleet::Brief brief = server->brief();
  brief.database = false;
  fleet::HostFacts facts;
  server::Server(brief, server->places()).observe(facts);
  CHECK_FALSE(facts.server);
  CHECK(std::any_of(facts.candidates.begin(), facts.candidates.end(), [&](const auto& candidate) {
    return candidate.data_directory == server->data && candidate.running;
  }));
}

TEST_CASE("the server's commands are not asked from functions of others") {
  scratch::Server* server = scratch::Server::fresh();
  if (server == nullptr) return;
  server->sql(
      "create function public.pg_is_in_recovery() returns bool language sql as 'select true'");
  server->sql("alter role postgres set search_path = public, pg_catalog");
  const fleet::HostFacts facts = server->observe();
  server->sql("alter role postgres reset search_path");
  server->sql("drop function public.pg_is_in_recovery()");
  REQUIRE(facts.server);
  CHECK_FALSE(facts.server->in_recovery);
}
