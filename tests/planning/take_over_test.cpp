// SPDX-License-Identifier: PostgreSQL
// Where another authority vouched so far: an environment whose ledger was lost is taken over by new
// authorities, and nobody may be cut off while the old ones leave.
#include <doctest/doctest.h>

#include "planning/environment.h"
#include "planning/gates.h"
#include "x509/bundle.h"

using fleet::ActKind;
using planning::Gate;
using planning_test::cut_off_by;
using planning_test::has;
using planning_test::phase_of;
using planning_test::World;

namespace {

/// `world` as another controller, since lost, has left it.
void found_anew(World& world, const World& lost) {
  world.prove_database();
  world.equip_application();
  world.desired.authorities = {lost.server_issuer.certificate(), lost.client_issuer.certificate()};
}

/// Its PostgreSQL was stopped; pgseal put its files in place.
void stop_database(World& world) {
  planning::HostView& db1 = world.observed.hosts["db1"];
  db1.facts->server->running = false;
  db1.facts->server->problem = "the server is not running";
  db1.facts->server->running_settings.clear();
  base::Finding down;
  down.code = "server.down";
  db1.facts->findings = {down};
  db1.served = {};
  world.desired.settled = {"db1 server:db1"};
}

}  // namespace

TEST_CASE("a new authority goes beside the old one everywhere before a server changes over") {
  World world;
  const World successor;
  found_anew(world, successor);
  const auto plan = world.plan();
  const auto* beside = phase_of(plan, planning::Phase::both_trusts);
  REQUIRE(beside != nullptr);
  CHECK(beside->gate.holds());
  REQUIRE(beside->steps.size() == 3);
  for (const auto& step : beside->steps)
    if (step.host == "db1" && step.act.kind == ActKind::install_trust)
      CHECK(x509::Bundle::from_pem(step.act.trust)->certificates().size() == 2);
  const auto* pairs = phase_of(plan, planning::Phase::server_pairs);
  REQUIRE(pairs != nullptr);
  CHECK_FALSE(pairs->gate.lets("db1"));
  const auto* clients = phase_of(plan, planning::Phase::client_pairs);
  REQUIRE(clients != nullptr);
  CHECK_FALSE(clients->gate.lets("app1"));
}

TEST_CASE("a silent client host keeps a server from changing over to a new authority") {
  World world;
  const World successor;
  found_anew(world, successor);
  auto& app = world.observed.hosts["app1"];
  app.facts->client_slots[0].trust += successor.server_issuer.certificate().to_pem();
  CHECK(planning::check(Gate::succession, world.desired, world.observed).holds());
  app.facts.reset();
  app.silence = base::error(base::Code::link_unreachable, "no");
  CHECK_FALSE(planning::check(Gate::succession, world.desired, world.observed).lets("db1"));
}

TEST_CASE("a client changes over when every server takes both authorities' certificates") {
  World world;
  const World successor;
  found_anew(world, successor);
  world.observed.hosts["app1"].facts->client_slots[0].trust +=
      successor.server_issuer.certificate().to_pem();
  CHECK_FALSE(planning::check(Gate::trust_in_place, world.desired, world.observed).lets("app1"));
  world.observed.hosts["db1"].facts->server_slot->trust +=
      successor.client_issuer.certificate().to_pem();
  CHECK(planning::check(Gate::trust_in_place, world.desired, world.observed).lets("app1"));
  // The old authority leaves the servers when the clients have changed over, and not before.
  const auto plan = world.plan();
  const auto* retire = phase_of(plan, planning::Phase::server_trust);
  REQUIRE(retire != nullptr);
  CHECK_FALSE(retire->gate.holds());
}

TEST_CASE("a server that is down keeps the former authority until every client has its new pair") {
  World world;
  const World successor;
  found_anew(world, successor);
  stop_database(world);
  auto& slot = *world.observed.hosts["db1"].facts->server_slot;
  const auto bundles = [&](planning::Phase phase) {
    std::vector<std::size_t> sizes;
    const auto plan = world.plan();
    const auto* planned = phase_of(plan, phase);
    if (planned == nullptr) return sizes;
    for (const auto& step : planned->steps)
      if (step.host == "db1" && step.act.kind == ActKind::install_trust)
        sizes.push_back(x509::Bundle::from_pem(step.act.trust)->certificates().size());
    return sizes;
  };
  CHECK(bundles(planning::Phase::both_trusts) == std::vector<std::size_t>{2});
  slot.trust += successor.client_issuer.certificate().to_pem();
  CHECK(bundles(planning::Phase::both_trusts).empty());
  CHECK(bundles(planning::Phase::server_tls).empty());
  CHECK(bundles(planning::Phase::server_trust) == std::vector<std::size_t>{1});
  const auto plan = world.plan();
  const auto* alone = phase_of(plan, planning::Phase::server_trust);
  REQUIRE(alone != nullptr);
  CHECK_FALSE(alone->gate.holds());
  CHECK_FALSE(has(plan, "db1", ActKind::reload));
}

TEST_CASE("who would be cut off is found without the gates") {
  using planning::Phase;
  World world;
  const World successor;
  found_anew(world, successor);
  const auto plan = world.plan();
  CHECK(cut_off_by(world, plan, {Phase::both_trusts}).empty());
  // The pair alone changes nothing, until the server loads it.
  CHECK(cut_off_by(world, plan, {Phase::server_pairs}).empty());
  const auto by_server = cut_off_by(world, plan, {Phase::server_pairs, Phase::server_tls});
  REQUIRE(by_server.size() == 1);
  CHECK(by_server[0].client == "client:deploy@deploy on app1");
  CHECK(by_server[0].server == "db1");
  CHECK(cut_off_by(world, plan, {Phase::client_pairs}).size() == 1);
  CHECK(cut_off_by(world, plan, {Phase::server_trust}).size() == 1);
  CHECK(cut_off_by(world, plan,
                   {Phase::both_trusts, Phase::server_pairs, Phase::server_tls, Phase::client_pairs,
                    Phase::server_trust})
            .empty());
}

TEST_CASE("who would be cut off from a stopped server when it starts is found too") {
  using planning::Phase;
  World world;
  const World successor;
  found_anew(world, successor);
  stop_database(world);
  world.observed.hosts["db1"].facts->server_slot->trust +=
      successor.client_issuer.certificate().to_pem();
  const auto plan = world.plan();
  const auto cut_off = cut_off_by(world, plan, {Phase::server_trust});
  REQUIRE(cut_off.size() == 1);
  CHECK(cut_off[0].why == "its certificate would be refused then");
  CHECK(cut_off_by(world, plan, {Phase::server_pairs}).size() == 1);
  CHECK(cut_off_by(world, plan, {Phase::client_pairs}).empty());
}

TEST_CASE("who holds a former pair keeps it until servers have loaded the new authority") {
  World world;
  const World successor;
  found_anew(world, successor);
  auto& slot = world.observed.hosts["app1"].facts->client_slots[0];
  slot.trust += successor.server_issuer.certificate().to_pem();
  auto& db1 = world.observed.hosts["db1"];
  db1.facts->server_slot->trust += successor.client_issuer.certificate().to_pem();
  const auto gate = [&] {
    return planning::check(Gate::trust_in_place, world.desired, world.observed);
  };
  db1.served.client_authorities = {"CN=the former"};
  REQUIRE_FALSE(gate().holds());
  CHECK(gate().blockers[0].reason.find("db1 has not loaded") != std::string::npos);
  db1.served.client_authorities = {world.desired.authorities.client->subject};
  CHECK(gate().holds());
}
