// SPDX-License-Identifier: PostgreSQL
// The planner judges what was seen, whatever anybody remembers.
#include "planning/plan.h"

#include <doctest/doctest.h>

#include <set>

#include "planning/environment.h"
#include "planning/gates.h"
#include "planning/wanted.h"

using fleet::ActKind;
using planning::Gate;
using planning_test::found;
using planning_test::has;
using planning_test::now;
using planning_test::World;

TEST_CASE(
    "every phase of the table has a name of its own, a sentence, acts, and an undo or a reason") {
  std::set<std::string_view> names;
  int index = 0;
  for (const planning::PhaseRow& row : planning::phase_table()) {
    CHECK(static_cast<int>(row.phase) == index++);
    CHECK(names.insert(row.name).second);
    CHECK_FALSE(row.sentence.empty());
    CHECK_FALSE(row.acts.empty());
    CHECK_FALSE(row.undo_reason.empty());
  }
}

TEST_CASE("a plan for bare hosts has all phases, and only those without a gate may start") {
  World world;
  const auto plan = world.plan();
  CHECK(plan.phases.size() == planning::phase_table().size());
  for (const auto& phase : plan.phases)
    CHECK(phase.gate.holds() == (planning::row(phase.phase).gate == Gate::none));
}

TEST_CASE("a plan for hosts that are as they should be is empty") {
  World world;
  world.prove_database();
  world.equip_application();
  const auto plan = world.plan();
  CHECK(plan.pending() == 0);
  CHECK_FALSE(base::any_problem(plan.findings));
}

TEST_CASE("a certificate that the ledger does not know is replaced") {
  World world;
  world.prove_database();
  world.equip_application();
  world.desired.issued.clear();
  CHECK(has(world.plan(), "app1", ActKind::make_key));
  CHECK(has(world.plan(), "db1", ActKind::make_key));
}

TEST_CASE("a server that serves another certificate than the one on disk is reloaded") {
  World world;
  world.prove_database();
  world.equip_application();
  world.observed.hosts["db1"].served.certificate = world.sign(true, "db1", 90);
  const auto plan = world.plan();
  CHECK(has(plan, "db1", ActKind::reload));
  CHECK_FALSE(has(plan, "db1", ActKind::make_key));
}

TEST_CASE("a certificate is renewed when a third of its life is left, and not before") {
  World world;
  world.prove_database();
  world.equip_application();
  const auto renewed_after = [&](int days) {
    world.observed.at = now + base::Days(days);
    for (auto& [host, view] : world.observed.hosts)
      view.facts->clock = world.observed.at.time_since_epoch().count();
    return has(world.plan(), "db1", ActKind::make_key);
  };
  CHECK_FALSE(renewed_after(59));
  CHECK(renewed_after(61));
}

TEST_CASE("trust does not go to clients while a server serves somebody else's certificate") {
  World world;
  const auto gate = planning::check(Gate::servers_proven, world.desired, world.observed);
  REQUIRE(gate.blockers.size() == 1);
  CHECK(gate.blockers[0].host == "db1");
  CHECK_FALSE(gate.lets("app1"));
}

TEST_CASE("a silent database host holds trust back, unless it proves itself from outside") {
  World world;
  world.prove_database();
  auto& db = world.observed.hosts["db1"];
  db.facts.reset();
  db.silence = base::error(base::Code::link_unreachable, "no");
  CHECK(planning::check(Gate::servers_proven, world.desired, world.observed).holds());
  db.served = {};
  CHECK_FALSE(planning::check(Gate::servers_proven, world.desired, world.observed).holds());
}

TEST_CASE("a silent application host holds back only what would cut it off") {
  World world;
  world.prove_database();
  auto& app = world.observed.hosts["app1"];
  app.facts.reset();
  app.silence = base::error(base::Code::link_unreachable, "no");
  CHECK(planning::check(Gate::pairs_ready, world.desired, world.observed).holds());
  CHECK(planning::check(Gate::servers_proven, world.desired, world.observed).holds());
  CHECK_FALSE(planning::check(Gate::clients_equipped, world.desired, world.observed).holds());
  const auto plan = world.plan();
  REQUIRE(plan.owed.size() == 1);
  CHECK(plan.owed[0].steps == std::vector<std::string>{"client:deploy@deploy"});
}

TEST_CASE("a foreign pair is left alone, said, and keeps the server from asking for certificates") {
  World world;
  world.prove_database();
  World other;
  auto& slot = world.observed.hosts["app1"].facts->client_slots[0];
  const auto key = x509::PrivateKey::generate(x509::KeyType::p256).value();
  const auto request = x509::Request::parse(x509::make_request(key, "x").value()).value();
  const auto draft = x509::draft_client({"company", "deploy"}, now, base::Days(30));
  slot.certificate =
      other.client_issuer.sign(other.client_issuer.approve(*draft, request).value())->to_pem();
  slot.key = fleet::KeyState::good;
  const auto plan = world.plan();
  CHECK(found(plan, "slot.foreign") != nullptr);
  CHECK_FALSE(has(plan, "app1", ActKind::make_key));
  CHECK_FALSE(planning::check(Gate::clients_equipped, world.desired, world.observed).holds());
  world.desired.replace = true;
  CHECK(has(world.plan(), "app1", ActKind::make_key));
}

TEST_CASE("a host marked by another ledger, or by a newer one, gets no step") {
  World world;
  auto& mark = world.observed.hosts["app1"].facts->mark;
  SUBCASE("another environment") { mark->environment_id = "other"; }
  SUBCASE("another ledger") { mark->ledger_id = "other"; }
  SUBCASE("the generation that this run would be") { mark->generation = 7; }
  const auto plan = world.plan();
  CHECK(found(plan, "host.mark") != nullptr);
  CHECK_FALSE(has(plan, "app1", ActKind::make_key));
  CHECK(has(plan, "db1", ActKind::make_key));
  world.desired.take_over = true;
  CHECK(has(world.plan(), "app1", ActKind::make_key));
}

TEST_CASE("a host whose clock is more than an hour off gets nothing signed") {
  World world;
  world.observed.hosts["app1"].facts->clock += 3601;
  CHECK(found(world.plan(), "host.clock") != nullptr);
  CHECK_FALSE(has(world.plan(), "app1", ActKind::make_key));
  world.observed.hosts["app1"].facts->clock -= 2;
  CHECK(has(world.plan(), "app1", ActKind::make_key));
}

TEST_CASE("a data directory that is not the pinned one gets no rights") {
  World world;
  world.desired.pins["db1"] = "2";
  CHECK(found(world.plan(), "host.replaced") != nullptr);
  CHECK_FALSE(has(world.plan(), "db1", ActKind::make_key));
}

TEST_CASE("a setting that beats ours is named with its place, and no reload is tried") {
  World world;
  world.prove_database();
  world.equip_application();
  auto& server = *world.observed.hosts["db1"].facts->server;
  server.written_settings = {
      {"ssl_cert_file", "x", "", "/etc/pgseal/server/db1/ssl.conf", 3, false, ""},
      {"ssl_cert_file", "y", "", "/data/postgresql.auto.conf", 4, false, ""}};
  const auto plan = world.plan();
  const auto* finding = found(plan, "server.settings-overridden");
  REQUIRE(finding != nullptr);
  CHECK(finding->file == "/data/postgresql.auto.conf");
  CHECK(finding->line == 4);
  CHECK_FALSE(has(plan, "db1", ActKind::reload));
}

TEST_CASE("the second identity of an OS user lies in its own folder") {
  World world;
  world.environment.identities.push_back(world.environment.identities[0]);
  world.environment.identities[1].name = "report";
  const auto slots = planning::client_slots(world.environment, world.environment.hosts[1]);
  REQUIRE(slots.size() == 3);
  CHECK(slots[0].place == fleet::SlotPlace::home);
  CHECK(slots[2].name == "report");
  CHECK(slots[2].place == fleet::SlotPlace::environment);
}
