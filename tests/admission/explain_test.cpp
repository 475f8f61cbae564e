// SPDX-License-Identifier: PostgreSQL
// What explain makes of maps, memberships and of what only a server can tell; the rest is compared
// with real servers in cases_test.cpp and tests/server.
#include "admission/explain.h"

#include <doctest/doctest.h>

#include "hba/texts.h"

namespace {

using admission::Decision;
using Outcome = Decision::Outcome;

/// All that a decision rests on, kept as long as it.
struct Asked {
  hba::Version version{15, 20};
  hba::RuleFile rules;
  hba::IdentFile idents;
  admission::Roles roles;

  explicit Asked(const char* text, const char* maps = "", hba::Version as = {15, 20})
      : version(as) {
    const hba_tests::Texts beside;
    rules = hba::read_rules("hba", text, version, {}, beside);
    idents = hba::read_idents("ident", maps, version, beside);
    REQUIRE(rules.accepted == std::optional(true));
  }

  [[nodiscard]] Decision decision(const char* connection) const {
    const auto read = admission::parse_connection(connection);
    REQUIRE(read);
    return admission::Rules(rules, idents, roles, version, {}).explain(*read);
  }
  [[nodiscard]] Outcome outcome(const char* connection) const {
    return decision(connection).outcome;
  }
};

const char* from = "user=app,address=10.0.0.7,tls=on,certificate=web@shop";

}  // namespace

TEST_CASE("a map says which certificates a role may show") {
  const char* rule = "hostssl all all all cert map=m";
  CHECK(Asked(rule, "m web@shop app").outcome(from) == Outcome::accept);
  CHECK(Asked(rule, "other web@shop app").outcome(from) == Outcome::certificate_mismatch);
  CHECK(Asked(rule, "m web@shop app2").outcome(from) == Outcome::certificate_mismatch);
  CHECK(Asked(rule, "m /^web@ app").outcome(from) == Outcome::accept);
  CHECK(Asked(rule, "m /^db@ app").outcome(from) == Outcome::certificate_mismatch);
  CHECK(Asked("hostssl all all all cert").outcome(from) == Outcome::certificate_mismatch);
  // A map without a name is none.
  const char* own = "user=app,address=10.0.0.7,tls=on,certificate=app";
  CHECK(Asked("hostssl all all all cert map=\"\"", "m x y").outcome(own) == Outcome::accept);
}

TEST_CASE("a role's expressions, groups and \"all\" in a map count from 16 on") {
  const char* rule = "hostssl all all all cert map=m";
  for (const char* map : {"m web@shop all", "m web@shop /^app", "m web@shop +app"}) {
    CAPTURE(map);
    CHECK(Asked(rule, map).outcome(from) == Outcome::certificate_mismatch);
    CHECK(Asked(rule, map, {16, 14}).outcome(from) == Outcome::accept);
  }
}

TEST_CASE("a part of the name is put in the role's place, where it can be only one") {
  const char* rule = "hostssl all all all cert map=m";
  const auto outcome = [&](const char* map) { return Asked(rule, map).outcome(from); };
  CHECK(outcome("m /^(.*)@shop$ \\1") == Outcome::certificate_mismatch);  // web
  CHECK(outcome("m /^w(.*)b@shop$ \\1") == Outcome::certificate_mismatch);
  CHECK(outcome("m /^web@sh(.)p$ app\\1") == Outcome::certificate_mismatch);
  CHECK(outcome("m /^web@shop()$ app\\1") == Outcome::accept);
  CHECK(outcome("m /^web@sho(p)$ ap\\1") == Outcome::accept);
  CHECK(outcome("m /(?i)^web@sho(P)$ ap\\1") == Outcome::accept);
  CHECK(outcome("m /^(.*)@else$ \\1") == Outcome::certificate_mismatch);
  // The server's matcher chooses, or there is more to it.
  CHECK(outcome("m /^.*(.*)$ \\1") == Outcome::unknown);
  CHECK(outcome("m /^(web)+@shop$ \\1") == Outcome::unknown);
  CHECK(outcome("m /(web)@shop$ \\1") == Outcome::unknown);
  CHECK(outcome("m /^web@shop$ \\1") == Outcome::unknown);
  CHECK(outcome("m /^.*(.*)$ \\1\nm web@shop app") == Outcome::accept);
}

TEST_CASE("what only the server can tell names every rule that may decide") {
  const Asked asked(
      "host all all db.example trust\n"
      "host all +devs all reject\n"
      "host all all all md5\n"
      "host all all all trust\n");
  const Decision decision = asked.decision("user=app,address=10.0.0.7");
  CHECK(decision.outcome == Outcome::unknown);
  REQUIRE(decision.candidates.size() == 3);
  CHECK(decision.candidates[0]->line == 1);
  CHECK(decision.candidates[2]->line == 3);
  CHECK(!decision.or_none);
  const Decision open = Asked("host all all samenet trust").decision("user=a,address=10.0.0.7");
  CHECK(open.candidates.size() == 1);
  CHECK(open.or_none);
}

TEST_CASE("with a complete list of memberships nothing about them is unknown") {
  Asked asked("local all +ops trust\nlocal samerole all reject\n");
  CHECK(asked.outcome("user=alice,database=shop") == Outcome::unknown);
  const auto roles =
      admission::Roles::parse("roles", "alice devs # direct\n\"devs\" ops\nbob shop\n");
  REQUIRE(roles);
  asked.roles = *roles;
  CHECK(asked.outcome("user=alice,database=shop") == Outcome::accept);
  CHECK(asked.outcome("user=bob,database=shop") == Outcome::reject);
  CHECK(asked.outcome("user=eve,database=shop") == Outcome::no_match);
  CHECK(asked.outcome("user=ops,database=shop") == Outcome::accept);
}

TEST_CASE("memberships that go round end, and bad lines are named") {
  const auto round = admission::Roles::parse("roles", "a b\nb a\n");
  REQUIRE(round);
  CHECK(round->is_member("a", "c") == std::optional(false));
  for (const char* text : {"a\n", "a b c\n", "a,b c\n", "a @other\n"}) {
    const auto wrong = admission::Roles::parse("roles", std::string("x y\n") + text);
    CAPTURE(text);
    REQUIRE(!wrong);
    CHECK(wrong.error().message.starts_with("roles:2: "));
  }
}

TEST_CASE("a certificate is asked for before the method, its name after it") {
  const Asked rejects("hostssl all all all reject clientcert=verify-ca");
  CHECK(rejects.outcome("user=a,address=::1,tls=on") == Outcome::certificate_required);
  CHECK(rejects.outcome("user=a,address=::1,tls=on,certificate=b") == Outcome::reject);
  const Asked names("hostssl all all all trust clientcert=verify-full clientname=DN");
  CHECK(names.outcome("user=a,address=::1,tls=on,certificate=a") == Outcome::unknown);
}

TEST_CASE("where the maps are not known, only the server can tell what they say") {
  Asked asked("hostssl all all all cert map=m\nhostssl all all all cert\n");
  CHECK(asked.outcome(from) == Outcome::certificate_mismatch);
  asked.idents.known = false;
  CHECK(asked.outcome(from) == Outcome::unknown);
  CHECK(asked.outcome("user=app,address=10.0.0.7,tls=on") == Outcome::certificate_required);
}
