// SPDX-License-Identifier: PostgreSQL
// Who is missing on a host, and the one step by which a person makes him.
#include <doctest/doctest.h>

#include "audit/preflight.h"

namespace {

struct Reception {
  fleet::Environment environment;
  fleet::Host host;
  fleet::HostFacts facts;

  Reception() {
    host.name = facts.host = "app1";
    host.database = true;
    facts.client_slots.emplace_back().slot = fleet::client_slot("deploy", "deploy");
  }

  [[nodiscard]] base::Findings findings() const {
    return audit::preflight(environment, host, facts, {}, 0);
  }
};

}  // namespace

TEST_CASE("a user whose home is missing is not a missing user") {
  Reception at;
  at.facts.client_slots[0].user_exists = false;
  REQUIRE(at.findings().size() == 1);
  CHECK(at.findings()[0].code == "user.missing");
  CHECK(at.findings()[0].hint.find("useradd --create-home deploy") != std::string::npos);
  at.facts.client_slots[0].unsafe = "the home \"/home/deploy\" of user \"deploy\" cannot be used";
  REQUIRE(at.findings().size() == 1);
  CHECK(at.findings()[0].code == "user.home");
  CHECK(at.findings()[0].message == at.facts.client_slots[0].unsafe);
  CHECK(at.findings()[0].hint.find("useradd") == std::string::npos);
  CHECK(at.findings()[0].hint.find("mkhomedir_helper deploy") != std::string::npos);
}

TEST_CASE("the statement that makes a missing role quotes its name as SQL does") {
  Reception at;
  at.environment.identities.emplace_back().name = "Report \"x\"";
  fleet::ServerFacts& server = at.facts.server.emplace();
  server.running = true;
  server.version = 150000;
  const base::Findings findings = at.findings();
  REQUIRE(findings.size() == 1);
  CHECK(findings[0].code == "role.missing");
  CHECK(findings[0].hint == R"(CREATE ROLE "Report ""x""" LOGIN;)");
}
