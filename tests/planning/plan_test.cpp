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

TEST_CASE("a plan for bare hosts has all phases but those for other authorities and for standbys") {
  World world;
  const auto plan = world.plan();
  CHECK(plan.phases.size() == planning::phase_table().size() - 2);
  for (const auto& phase : plan.phases) {
    CHECK(phase.phase != planning::Phase::both_trusts);
    CHECK(phase.gate.holds() == (phase.phase <= planning::Phase::server_pairs));
  }
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

TEST_CASE("a pair that another host was given is not this host's") {
  World world;
  world.prove_database();
  world.equip_application();
  const auto& slot = world.observed.hosts["app1"].facts->client_slots[0];
  const auto held = x509::Certificate::decode_pem(slot.certificate).value().fingerprint;
  world.desired.holders[held] = "app1 client:deploy@deploy";
  CHECK(world.plan().pending() == 0);
  world.desired.holders[held] = "app2 client:deploy@deploy";
  CHECK(has(world.plan(), "app1", ActKind::make_key));
}

TEST_CASE(
    "a pair older than the newest is brought forward, with its key where that is still the one") {
  World world;
  world.prove_database();
  world.equip_application();
  fleet::SlotFacts& slot = world.observed.hosts["app1"].facts->client_slots[0];
  const auto held = x509::Certificate::decode_pem(slot.certificate).value().fingerprint;
  slot.key_spki_sha256 = "same";
  world.desired.holders[held] = "app1 client:deploy@deploy";
  world.desired.keys_since["same"] = now;
  const auto makes_key = [&](const char* newest_key) {
    world.desired.newest["app1 client:deploy@deploy"] = {"another", newest_key, now};
    for (const auto& phase : world.plan().phases)
      for (const auto& step : phase.steps)
        if (step.act.kind == ActKind::make_key) return step.act.keep_key ? "kept" : "new";
    return "none";
  };
  CHECK(makes_key("same") == std::string("kept"));
  CHECK(makes_key("other") == std::string("new"));
}

TEST_CASE(
    "a mark that does not name its host is written anew, and one of another host keeps it whole") {
  World world;
  world.prove_database();
  world.equip_application();
  world.observed.hosts["app1"].facts->mark->host.clear();
  CHECK(has(world.plan(), "app1", ActKind::mark_host));
  world.equip_application();
  world.observed.hosts["app1"].facts->mark->host = "db1";
  world.observed.hosts["app1"].facts->client_slots[0].certificate.clear();
  const auto plan = world.plan();
  CHECK(found(plan, "host.mistaken") != nullptr);
  CHECK(plan.pending() == 0);
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

TEST_CASE("a server that has loaded other client authorities than its file holds is reloaded") {
  World world;
  world.prove_database();
  world.equip_application();
  world.observed.hosts["db1"].served.client_authorities.emplace_back("/CN=somebody else");
  CHECK(has(world.plan(), "db1", ActKind::reload));
}

TEST_CASE("an ssl.conf that its server does not see is written again") {
  World world;
  world.prove_database();
  world.equip_application();
  world.observed.hosts["db1"].facts->server->written_settings.clear();
  CHECK(has(world.plan(), "db1", ActKind::write_server_settings));
}

TEST_CASE("a server that nobody reaches from outside is a finding, whatever its host says") {
  World world;
  world.prove_database();
  world.equip_application();
  world.observed.hosts["db1"].served = {};
  world.observed.hosts["db1"].served.problem = "connection refused";
  const auto plan = world.plan();
  REQUIRE(found(plan, "server.unproven") != nullptr);
  CHECK(found(plan, "server.unproven")->detail == "connection refused");
}

TEST_CASE("files of ours without which a stopped server cannot start are mended while it is down") {
  World world;
  world.prove_database();
  world.equip_application();
  fleet::HostFacts& host = *world.observed.hosts["db1"].facts;
  host.server->running = false;
  host.server->problem = "the server is not running";
  host.server_slot->key = fleet::KeyState::wrong_mode;
  host.server_slot->trust.clear();
  base::Finding down;
  down.code = "server.down";
  host.findings = {down};
  CHECK_FALSE(has(world.plan(), "db1", ActKind::install_certificate));  // it was never ours
  world.desired.settled = {"db1 server:db1"};
  CHECK(has(world.plan(), "db1", ActKind::install_certificate));
  CHECK(has(world.plan(), "db1", ActKind::install_trust));
  CHECK_FALSE(has(world.plan(), "db1", ActKind::reload));
  // Whatever is said of it: what runs has its files in use.
  host.server->running = true;
  host.server->problem = "the server runs, and does not answer";
  for (const char* code : {"server.silent", "server.down"}) {
    host.findings[0].code = code;
    CHECK_FALSE(has(world.plan(), "db1", ActKind::install_certificate));
    CHECK_FALSE(has(world.plan(), "db1", ActKind::install_trust));
  }
}

TEST_CASE("a certificate is renewed when a third of its life is left, and not before") {
  World world;
  world.prove_database();
  world.equip_application();
  const auto renewed_after = [&](int days) {
    world.observed.at = now + base::Days(days);
    return has(world.plan(), "db1", ActKind::make_key);
  };
  CHECK_FALSE(renewed_after(59));
  CHECK(renewed_after(61));
}

TEST_CASE(
    "a client's key serves several certificates, until it is as old as the policy lets it be") {
  World world;
  world.prove_database();
  world.equip_application();
  world.environment.policy.client_key_days = 300;
  auto& slot = world.observed.hosts["app1"].facts->client_slots[0];
  const auto certificate = x509::Certificate::from_pem(slot.certificate).value();
  slot.key_spki_sha256 = certificate.spki_sha256;
  const auto keeps_after = [&](int days) {
    world.observed.at = now + base::Days(days);
    for (const auto& phase : world.plan().phases)
      for (const auto& step : phase.steps)
        if (step.host == "app1" && step.act.kind == ActKind::make_key) return step.act.keep_key;
    FAIL("nothing is due");
    return false;
  };
  CHECK_FALSE(keeps_after(260));  // the ledger has no certificate of this key
  world.desired.keys_since[certificate.spki_sha256] = certificate.not_before;
  CHECK(keeps_after(260));
  slot.key = fleet::KeyState::wrong_mode;
  CHECK_FALSE(keeps_after(260));
  slot.key = fleet::KeyState::good;
  CHECK_FALSE(keeps_after(301));
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

namespace {

// openssl req -x509 -newkey ec … -subj /O=company/CN=deploy
const char* const of_a_company =
    "-----BEGIN CERTIFICATE-----\n"
    "MIIBnjCCAUOgAwIBAgIUBzlwTs1yAlSGuUVlhDY1ximQlLowCgYIKoZIzj0EAwIw\n"
    "IzEQMA4GA1UECgwHY29tcGFueTEPMA0GA1UEAwwGZGVwbG95MCAXDTI2MTEyNDEz\n"
    "MTc0OFoYDzIxMjYxMDMxMTMxNzQ4WjAjMRAwDgYDVQQKDAdjb21wYW55MQ8wDQYD\n"
    "VQQDDAZkZXBsb3kwWTATBgcqhkjOPQIBBggqhkjOPQMBBwNCAATW//kieQgEzp3L\n"
    "wNbdf5o0zt9naOmjuHnEAvn/RFdqFNQBfLRx8Vdq0OPhAXm0FAg82glsFZX5B+6o\n"
    "ixYcZ6TIo1MwUTAdBgNVHQ4EFgQUKVBH/16ak9gFc+1/67bHmsdYpj8wHwYDVR0j\n"
    "BBgwFoAUKVBH/16ak9gFc+1/67bHmsdYpj8wDwYDVR0TAQH/BAUwAwEB/zAKBggq\n"
    "hkjOPQQDAgNJADBGAiEAtTgg0cxYh9RFx+TcmaGE4MSvWgl6YUjojx702g6BEl4C\n"
    "IQCKLwq5Y6kTGIbeB+BFvT/5NTYLKTI/q9UEDbX/S9mQJQ==\n"
    "-----END CERTIFICATE-----\n";

}  // namespace

TEST_CASE("a foreign pair is left alone, said, and keeps the server from asking for certificates") {
  World world;
  world.prove_database();
  auto& slot = world.observed.hosts["app1"].facts->client_slots[0];
  slot.certificate = of_a_company;
  slot.key = fleet::KeyState::good;
  const auto plan = world.plan();
  CHECK(found(plan, "slot.foreign") != nullptr);
  CHECK_FALSE(has(plan, "app1", ActKind::make_key));
  CHECK_FALSE(planning::check(Gate::clients_equipped, world.desired, world.observed).holds());
  world.desired.replace = true;
  CHECK(has(world.plan(), "app1", ActKind::make_key));
}

TEST_CASE("two primaries of one cluster stop every change, two clusters' do not") {
  World world;
  fleet::Host second = world.environment.hosts[0];
  second.name = "db2";
  world.environment.hosts.push_back(second);
  world.observed.hosts["db2"].facts = world.database();
  world.observed.hosts["db2"].facts->host = "db2";
  CHECK(found(world.plan(), "server.two-primaries") != nullptr);
  CHECK(world.plan().pending() == 0);
  world.observed.hosts["db2"].facts->server->in_recovery = true;
  CHECK(found(world.plan(), "server.two-primaries") == nullptr);
  CHECK(world.plan().pending() > 0);
  world.observed.hosts["db2"].facts->server->in_recovery = false;
  world.observed.hosts["db2"].facts->server->system_identifier = "2";
  CHECK(found(world.plan(), "server.two-primaries") == nullptr);
  fleet::Host third = second;
  third.name = "db3";
  world.environment.hosts.push_back(third);
  world.observed.hosts["db3"] = world.observed.hosts["db2"];  // the other cluster's second primary
  world.observed.hosts["db3"].facts->host = "db3";
  REQUIRE(found(world.plan(), "server.two-primaries") != nullptr);
  CHECK(found(world.plan(), "server.two-primaries")->host == "db3");
  CHECK(world.plan().pending() == 0);
}

TEST_CASE("the phases of a first apply cut nobody off, in their order") {
  World world;
  const auto plan = world.plan();
  for (const auto& phase : plan.phases)
    CHECK(planning_test::cut_off_by(world, plan, {phase.phase}).empty());
  auto& slot = world.observed.hosts["app1"].facts->client_slots[0];
  slot.certificate = of_a_company;
  const auto asked =
      planning_test::cut_off_by(world, world.plan(), {planning::Phase::server_trust});
  CHECK(asked.size() == 1);
}

TEST_CASE("a host marked by another ledger gets no step") {
  World world;
  auto& mark = world.observed.hosts["app1"].facts->mark;
  SUBCASE("another environment") { mark->environment_id = "other"; }
  SUBCASE("another ledger") { mark->ledger_id = "other"; }
  const auto plan = world.plan();
  CHECK(found(plan, "host.mark") != nullptr);
  CHECK_FALSE(has(plan, "app1", ActKind::make_key));
  CHECK(has(plan, "db1", ActKind::make_key));
  world.desired.take_over = true;
  CHECK(has(world.plan(), "app1", ActKind::make_key));
}

TEST_CASE("where one host has seen a newer ledger, none gets a step") {
  World world;
  auto& mark = world.observed.hosts["app1"].facts->mark;
  mark->generation = 6;
  CHECK_FALSE(world.plan().outdated);
  mark->generation = 7;  // that which this run would be
  const auto plan = world.plan();
  CHECK(plan.outdated);
  CHECK(found(plan, "host.mark") != nullptr);
  CHECK(plan.pending() == 0);
  world.desired.take_over = true;
  CHECK(has(world.plan(), "app1", ActKind::make_key));
  CHECK(planning::newest_seen(world.desired, world.observed) == 7);
}

TEST_CASE("a host whose clock is more than an hour off gets nothing signed") {
  World world;
  world.observed.hosts["app1"].clock_ahead = 3601;
  CHECK(found(world.plan(), "host.clock") != nullptr);
  CHECK_FALSE(has(world.plan(), "app1", ActKind::make_key));
  CHECK(has(world.plan(), "db1", ActKind::make_key));
  world.observed.hosts["app1"].clock_ahead = 3600;
  CHECK(has(world.plan(), "app1", ActKind::make_key));
}

TEST_CASE("a controller whose clock most hosts contradict does nothing, and blames no host") {
  World world;
  for (auto& [host, view] : world.observed.hosts) view.clock_ahead = -86400;
  const auto plan = world.plan();
  CHECK(plan.undated);
  CHECK(plan.pending() == 0);
  CHECK(found(plan, "host.clock") == nullptr);
  REQUIRE(found(plan, "controller.clock") != nullptr);
  CHECK(found(plan, "controller.clock")->message ==
        "clock of the controller is 86400 seconds ahead of the hosts' median");
  for (auto& [host, view] : world.observed.hosts) view.clock_ahead = 300;
  CHECK_FALSE(world.plan().undated);
  for (auto& [host, view] : world.observed.hosts) view.clock_ahead = 301;
  CHECK(world.plan().undated);
}

TEST_CASE("facts of long ago say nothing about the clocks of now") {
  World world;
  world.observed.at += std::chrono::hours(2);
  const auto plan = world.plan();
  CHECK(found(plan, "controller.clock") == nullptr);
  CHECK(found(plan, "host.clock") == nullptr);
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

TEST_CASE(
    "a weaker protocol that beats the policy's is named, by ALTER SYSTEM or the command line") {
  World world;
  world.prove_database();
  world.equip_application();
  auto& server = *world.observed.hosts["db1"].facts->server;
  const std::string name = "ssl_min_protocol_version";
  server.written_settings = {{name, "TLSv1.2", "", "/etc/pgseal/server/db1/ssl.conf", 5, false, ""},
                             {name, "TLSv1.2", "", "/data/postgresql.auto.conf", 4, false, ""}};
  CHECK(found(world.plan(), "server.settings-overridden") == nullptr);
  server.written_settings[1].value = "TLSv1";
  const auto by_file = world.plan();
  const auto* finding = found(by_file, "server.settings-overridden");
  REQUIRE(finding != nullptr);
  CHECK(finding->line == 4);
  CHECK(finding->hint == "ALTER SYSTEM RESET ssl_min_protocol_version;");
  CHECK_FALSE(has(by_file, "db1", ActKind::reload));

  server.written_settings.pop_back();
  for (auto& fact : server.running_settings)
    if (fact.name == name) fact = {name, "TLSv1", "command line", "", 0, false, ""};
  const auto by_option = world.plan();
  finding = found(by_option, "server.settings-overridden");
  REQUIRE(finding != nullptr);
  CHECK(finding->detail == "It comes from the command line.");
  CHECK_FALSE(has(by_option, "db1", ActKind::reload));
}

TEST_CASE("an option of the command line that says what ours says is no obstacle") {
  World world;
  auto& server = *world.observed.hosts["db1"].facts->server;
  server.running_settings = {{"ssl", "on", "command line", "", 0, false, ""}};
  CHECK(found(world.plan(), "server.settings-overridden") == nullptr);
  server.running_settings[0].value = "off";
  CHECK(found(world.plan(), "server.settings-overridden") != nullptr);
}

TEST_CASE("ALTER SYSTEM is seen before ssl.conf is written") {
  World world;
  auto& server = *world.observed.hosts["db1"].facts->server;
  server.written_settings = {{"ssl", "on", "", "/etc/p.conf", 9, false, ""},
                             {"ssl", "off", "", "/data/postgresql.auto.conf", 3, false, ""}};
  const auto plan = world.plan();
  REQUIRE(found(plan, "server.settings-overridden") != nullptr);
  CHECK_FALSE(has(plan, "db1", ActKind::write_server_settings));
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

TEST_CASE(
    "a server that shows another's certificate waits for a silent client that may verify it") {
  World world;
  world.prove_database();
  world.equip_application();
  world.observed.hosts["app1"].facts.reset();
  world.observed.hosts["app1"].silence = base::error(base::Code::link_unreachable, "gone");
  const auto gate = [&] {
    return planning::check(planning::Gate::pairs_ready, world.desired, world.observed);
  };
  CHECK(gate().holds());  // it serves ours: nobody can lose anything
  World other;
  world.observed.hosts["db1"].served.certificate = other.sign(true, "db1", 90);
  REQUIRE_FALSE(gate().holds());
  CHECK(gate().blockers[0].reason == "app1 did not answer");
  world.desired.trusting.insert("app1 client:deploy@deploy");
  CHECK(gate().holds());  // it was given our trust
}
