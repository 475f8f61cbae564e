// SPDX-License-Identifier: PostgreSQL
// The decision tree says what helps: an apply where one can do something, else what a person
// undoes.
#include "audit/tls_branch.h"

#include <doctest/doctest.h>

namespace {

const std::string folder = "/etc/pgseal/server/db1";

fleet::HostFacts configured() {
  fleet::HostFacts facts;
  facts.host = "db1";
  facts.server_slot.emplace();
  facts.server_slot->folder = folder;
  facts.server.emplace();
  facts.server->running = true;
  facts.server->version = 150020;
  facts.server->include_in_place = true;
  facts.server->ssl_conf = "ssl = 'on'";
  for (const char* name : {"ssl_cert_file", "ssl_key_file"}) {
    facts.server->running_settings.push_back(
        {name, folder + "/server.pem", "configuration file", folder + "/ssl.conf", 3, false, ""});
  }
  facts.server->written_settings = {{"ssl", "on", "", folder + "/ssl.conf", 2, false, ""}};
  return facts;
}

void runs(fleet::HostFacts& facts, const char* name, const char* value, const char* source) {
  facts.server->running_settings.push_back({name, value, source, "", 0, false, ""});
}

}  // namespace

TEST_CASE("a server that has not loaded what is written is helped by an apply") {
  fleet::HostFacts facts = configured();
  runs(facts, "ssl", "off", "default");
  const audit::Branch branch = audit::tls_branch(facts, {});
  CHECK(branch.word == "configured, not running");
  CHECK(branch.remedy == "Run pgseal apply: it reloads and proves.");
}

TEST_CASE("where ALTER SYSTEM turned TLS off, an apply is not what helps") {
  fleet::HostFacts facts = configured();
  runs(facts, "ssl", "off", "configuration file");
  facts.server->written_settings.push_back(
      {"ssl", "off", "", "/data/postgresql.auto.conf", 4, false, ""});
  const audit::Branch branch = audit::tls_branch(facts, {});
  CHECK(branch.word == "configured, not running");
  CHECK(branch.remedy == "ALTER SYSTEM RESET ssl; Then run pgseal apply.");
  CHECK(branch.place.file == "/data/postgresql.auto.conf");
  CHECK(branch.place.line == 4);
  for (const auto& finding : audit::server_findings(facts, {}, 0)) {
    CHECK(finding.code == "server.tls-off");
    CHECK(finding.hint == branch.remedy);
  }
}

TEST_CASE("where an option keeps clients unverified, the option is named") {
  fleet::HostFacts facts = configured();
  runs(facts, "ssl", "on", "configuration file");
  runs(facts, "ssl_ca_file", "", "command line");
  fleet::ServedFacts served;
  served.answered = served.tls = true;
  const audit::Branch branch = audit::tls_branch(facts, served);
  CHECK_FALSE(branch.good);
  CHECK(branch.sentence.find("ssl_ca_file = '' beats") != std::string::npos);
  CHECK(branch.remedy ==
        "Take the option out of what starts the server and restart it. Then run pgseal apply.");
}
