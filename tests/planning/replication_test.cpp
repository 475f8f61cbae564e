// SPDX-License-Identifier: PostgreSQL
#include "planning/replication.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <utility>

#include "planning/environment.h"

using fleet::ActKind;
using planning_test::found;
using planning_test::has;

namespace {

/// db1 is the proven primary, db2 its standby, proven too, that streams in plaintext.
struct Standby : planning_test::World {
  fleet::ServerFacts* primary = nullptr;
  fleet::ServerFacts* server = nullptr;
  std::string serial;

  Standby() {
    prove_database();
    equip_application();
    fleet::Host db2;
    db2.name = "db2";
    db2.address = "192.0.2.11";  // as World::sign writes it
    db2.database = true;
    environment.hosts.push_back(db2);
    fleet::Identity replicator;
    replicator.name = "replicator";
    replicator.kind = fleet::IdentityKind::replication;
    replicator.hosts = {"db2"};
    replicator.os_users = {"postgres"};
    environment.identities.push_back(replicator);
    planning::HostView& view = observed.hosts["db2"] = observed.hosts["db1"];
    view.facts->host = view.facts->mark->host = "db2";
    view.facts->server_slot->slot = fleet::server_slot("db2");
    view.facts->server_slot->certificate = sign(true, "db2", 90);
    view.served.certificate = view.facts->server_slot->certificate;
    for (const auto place : {fleet::SlotPlace::home, fleet::SlotPlace::environment}) {
      fleet::SlotFacts slot;
      slot.slot = fleet::client_slot("replicator", "postgres", place);
      slot.folder = "/var/lib/postgresql/.postgresql";
      slot.trust = server_issuer.certificate().to_pem();
      slot.key = fleet::KeyState::good;
      slot.certificate = sign(false, "replicator", 365);
      view.facts->client_slots.push_back(slot);
    }
    serial = x509::Certificate::from_pem(view.facts->client_slots[0].certificate)->serial_decimal;
    desired.client_serials[serial] = "db2";
    primary = &*observed.hosts["db1"].facts->server;
    server = &*view.facts->server;
    server->in_recovery = true;
    server->os_user = "postgres";
    server->replication.emplace();
    server->replication->host = "db1";
    server->replication->user = "replicator";
    server->replication->sslmode = "prefer";
    server->replication->receiver = "streaming";
    server->replication->loaded = true;
    server->replication->in_use = true;
    primary->replicas = {{"replicator", "a", "192.0.2.12", "streaming", "async", false, "", "", 0},
                         {"replicator", "b", "192.0.2.13", "streaming", "async", false, "", "", 0}};
  }

  void verify() {
    fleet::ReplicationFacts& facts = *server->replication;
    facts.sslmode = "verify-full";
    facts.sslrootcert = "/var/lib/postgresql/.postgresql/root.crt";
    facts.sslcert = "/var/lib/postgresql/.postgresql/postgresql.crt";
    facts.sslkey = "/var/lib/postgresql/.postgresql/postgresql.key";
    primary->replicas[0].tls = true;
    primary->replicas[0].client_serial = serial;
  }

  void synchronous(const std::string& names, const std::string& state) {
    primary->running_settings.push_back(
        {"synchronous_standby_names", names, "configuration file", "", 0, false, ""});
    for (auto& replica : primary->replicas) replica.sync_state = state;
  }

  [[nodiscard]] std::string blocker() const {
    const auto gate = planning::check(planning::Gate::standby_spared, desired, observed);
    return gate.blockers.empty() ? "" : gate.blockers[0].reason;
  }
};

}  // namespace

TEST_CASE("a standby in plaintext gets one step, in the last phase, and its gate holds") {
  Standby world;
  const auto plan = world.plan();
  REQUIRE(has(plan, "db2", ActKind::write_replication_settings));
  CHECK(plan.phases.back().phase == planning::Phase::standbys);
  CHECK(plan.phases.back().gate.holds());
  CHECK(plan.phases.back().steps[0].act.slot == fleet::client_slot("replicator", "postgres"));
}

TEST_CASE("a standby that its primary sees with its certificate needs nothing") {
  Standby world;
  world.verify();
  CHECK(world.plan().pending() == 0);
}

TEST_CASE("a standby whose certificate its primary does not see is made to connect anew") {
  Standby world;
  world.verify();
  world.primary->replicas[0].client_serial = "";
  CHECK(has(world.plan(), "db2", ActKind::reconnect_walreceiver));
  world.primary->replicas[0].client_serial = "12345";  // another's
  CHECK(has(world.plan(), "db2", ActKind::reconnect_walreceiver));
  world.primary->version = 110000;  // shows no certificates
  CHECK_FALSE(has(world.plan(), "db2", ActKind::reconnect_walreceiver));
}

TEST_CASE("a standby is not let go of while its commits need it") {
  Standby world;
  world.synchronous("ANY 1 (*)", "quorum");
  CHECK(world.blocker().empty());
  world.primary->replicas[1].state = "catchup";
  CHECK(world.blocker().find("needs 1 of 1") != std::string::npos);
  world.primary->replicas[1].state = "streaming";
  world.primary->running_settings.back().value = "FIRST 2 (*)";
  CHECK(world.blocker().find("needs 2 of 2") != std::string::npos);
  world.primary->running_settings.back().value = "ANY x (*)";
  CHECK(world.blocker().find("cannot be understood") != std::string::npos);
}

TEST_CASE("a standby whose replay does not come to its end keeps its connection") {
  Standby world;
  world.server->replication->held = "its replay is paused";
  CHECK(world.blocker().find("its replay is paused") == 0);
  world.verify();
  CHECK(world.plan().pending() == 0);  // nothing is wanted of it
  world.server->version = 120000;      // its string waits for a restart whatever it replays
  world.server->replication->sslmode = "prefer";
  CHECK(world.blocker().empty());
}

TEST_CASE("a paused standby of before 13 is not made to connect anew either") {
  Standby world;
  world.server->version = 120020;
  world.verify();
  world.server->replication->held = "its replay is paused";
  CHECK(world.blocker().empty());
  world.primary->replicas[0].client_serial = "";
  REQUIRE(has(world.plan(), "db2", ActKind::reconnect_walreceiver));
  CHECK(world.blocker().find("its replay is paused") != std::string::npos);
}

TEST_CASE("a string that a killed node left untried is judged, whoever else commits need") {
  Standby world;
  world.verify();
  world.synchronous("FIRST 2 (*)", "sync");
  fleet::ReplicationFacts& facts = *world.server->replication;
  facts.untried = true;
  REQUIRE(has(world.plan(), "db2", ActKind::write_replication_settings));
  CHECK(world.blocker().empty());  // it streams by it: that is noted, no more
  facts.in_use = false;
  facts.receiver = "";
  CHECK(world.blocker().empty());  // it does not stream, so nobody loses it
  facts.held = "its replay is paused";
  CHECK(world.blocker().find("its replay is paused") != std::string::npos);
  facts.held = "";
  facts.receiver = "streaming";  // by the former string still
  CHECK(world.blocker().find("needs 2 of 2") != std::string::npos);
}

TEST_CASE("a standby that no commit waits for is let go of, whatever others are needed") {
  Standby world;
  world.synchronous("FIRST 1 (b)", "sync");
  world.primary->replicas[0].sync_state = "async";
  CHECK(world.blocker().find("needs 1 of 1") != std::string::npos);  // whose it is, is not known
  world.observed.hosts["db2"].facts->addresses = {"192.0.2.12"};
  CHECK(world.blocker().empty());
  world.primary->replicas[0].sync_state = "sync";
  world.primary->replicas[1].sync_state = "async";
  CHECK(world.blocker().find("needs 1 of 1") != std::string::npos);
  world.primary->replicas[0].sync_state = "async";
  world.primary->replicas[1].sync_state = "sync";
  world.primary->replicas[1].address = "192.0.2.12";  // both through one address
  CHECK(world.blocker().find("needs 1 of 1") != std::string::npos);
}

TEST_CASE(
    "a standby that is about to stream is looked at again, one whose primary is gone is not") {
  Standby world;
  const auto hosts = [&] { return planning::replication_under_way(world.desired, world.observed); };
  CHECK(hosts().empty());
  world.primary->replicas[1].state = "catchup";
  CHECK(hosts() == std::set<std::string>{"db1"});
  world.primary->replicas[1].state = "backup";  // hours
  CHECK(hosts().empty());
  world.primary->replicas.clear();  // a look at the standby showed that it streams
  CHECK(hosts() == std::set<std::string>{"db1"});
  world.server->replication->receiver = "";
  CHECK(hosts() == std::set<std::string>{"db2"});
  world.server->replication->receiver = "connecting";
  CHECK(hosts() == std::set<std::string>{"db2"});
  world.primary->running = false;
  CHECK(hosts().empty());
}

TEST_CASE("a standby that fell silent in the same look is not counted upon") {
  Standby world;
  world.synchronous("ANY 1 (*)", "quorum");
  CHECK(world.blocker().empty());
  fleet::Host silent;
  silent.name = "db3";
  silent.address = "192.0.2.13";
  silent.database = true;
  world.environment.hosts.push_back(silent);
  CHECK(world.blocker().starts_with("commits would wait meanwhile"));
}

TEST_CASE("a standby far behind is not let go of while nothing keeps its WAL") {
  Standby world;
  world.primary->replicas[0].behind = 100'000'000;
  CHECK(world.blocker().find("95 MB behind") != std::string::npos);
  world.server->replication->slot = "db2";
  world.primary->replication_slots = {{"db2", true, "reserved"}};
  CHECK(world.blocker().empty());
  world.primary->replication_slots[0].wal_status = "lost";
  CHECK(world.blocker().find("is lost") != std::string::npos);
  world.server->replication->slot = "";
  world.server->replication->archive = true;
  CHECK(world.blocker().empty());
}

TEST_CASE("a standby waits for a primary that is silent, or asks for no certificate") {
  Standby world;
  world.observed.hosts["db1"].served.asks_client_certificate = false;
  CHECK(world.blocker() == "db1 does not ask for certificates");
  world.observed.hosts["db1"].facts.reset();
  world.observed.hosts["db1"].silence = base::error(base::Code::link_unreachable, "gone");
  CHECK(world.blocker() == "db1 did not answer");
}

TEST_CASE("a standby that waits for its own pair is not changed over") {
  Standby world;
  for (auto& slot : world.observed.hosts["db2"].facts->client_slots) {
    slot.certificate.clear();
    slot.key = fleet::KeyState::absent;
  }
  CHECK(world.blocker() == "client:replicator@postgres: no certificate yet");
}

TEST_CASE("what cannot be changed over is said and gets no step") {
  Standby world;
  fleet::ReplicationFacts& facts = *world.server->replication;
  facts.host = "elsewhere";
  CHECK(found(world.plan(), "replication.primary-unknown") != nullptr);
  facts.host = "db1";
  facts.user = "";
  facts.service = "primary";
  CHECK(found(world.plan(), "replication.identity") != nullptr);
  facts = {};
  facts.problem = "a quoted value of the connection string has no end";
  CHECK(found(world.plan(), "replication.unreadable") != nullptr);
  CHECK(world.plan().pending() == 0);
}

TEST_CASE("a standby's primary is found by its name as libpq would compare it") {
  Standby world;
  world.environment.hosts[0].names = {"db1.shop.internal", "2001:db8::11"};
  for (const char* name : {"DB1.Shop.Internal", "2001:DB8:0:0::11", "db2,db1"}) {
    world.server->replication->host = name;
    CHECK(found(world.plan(), "replication.primary-unknown") == nullptr);
    CHECK(has(world.plan(), "db2", ActKind::write_replication_settings));
  }
}

TEST_CASE("of several names each that no certificate holds is said, and the standby changes over") {
  Standby world;
  world.server->replication->host = "db1,elsewhere,2001:db8::99";
  const auto plan = world.plan();
  REQUIRE(std::count_if(plan.findings.begin(), plan.findings.end(), [](const base::Finding& each) {
            return each.code == "replication.primary-unknown";
          }) == 2);
  CHECK(found(plan, "replication.primary-unknown")->message.find("\"elsewhere\"") !=
        std::string::npos);
  CHECK(has(plan, "db2", ActKind::write_replication_settings));
}

TEST_CASE("a standby whose string names no host, or a socket, or itself, is told to name one") {
  Standby world;
  for (const auto& [host, words] :
       {std::pair("", "names no host"), {"/run/postgresql", "no TLS"}, {"db2", "itself alone"}}) {
    world.server->replication->host = host;
    const auto plan = world.plan();
    REQUIRE(found(plan, "replication.primary-unknown") != nullptr);
    CHECK(found(plan, "replication.primary-unknown")->message.find(words) != std::string::npos);
    CHECK(found(plan, "replication.primary-unknown")->hint.starts_with("Write host="));
    CHECK_FALSE(has(plan, "db2", ActKind::write_replication_settings));
  }
}

TEST_CASE("that commits need a standby is said before its primary is ready for it") {
  Standby world;
  world.synchronous("FIRST 2 (*)", "sync");
  world.observed.hosts["db1"].served.asks_client_certificate = false;
  CHECK(world.blocker().starts_with("commits would wait meanwhile"));
}

TEST_CASE("a service that says where the primary is leads to any database host") {
  Standby world;
  world.server->replication->host = "";
  world.server->replication->service = "primary";
  CHECK(has(world.plan(), "db2", ActKind::write_replication_settings));
  CHECK(world.blocker().empty());
  CHECK(found(world.plan(), "replication.primary-unknown") == nullptr);
}

TEST_CASE("another name's certificate is shown where the role has none, and said") {
  Standby world;
  world.environment.identities[1].kind = fleet::IdentityKind::admin;
  world.server->replication->user = "standby";
  const auto plan = world.plan();
  CHECK(found(plan, "replication.other-name") != nullptr);
  CHECK(has(plan, "db2", ActKind::write_replication_settings));
  world.environment.identities[1].kind = fleet::IdentityKind::application;
  CHECK(found(world.plan(), "replication.identity") != nullptr);
  CHECK_FALSE(has(world.plan(), "db2", ActKind::write_replication_settings));
}

TEST_CASE("before PostgreSQL 13 a written string waits for a restart, which is named") {
  Standby world;
  world.verify();
  world.server->version = 120000;
  world.server->replication->loaded = false;
  world.server->replication->in_use = false;
  CHECK(found(world.plan(), "replication.restart") != nullptr);
  CHECK_FALSE(has(world.plan(), "db2", ActKind::write_replication_settings));
  world.server->version = 130000;
  CHECK(has(world.plan(), "db2", ActKind::write_replication_settings));
}
