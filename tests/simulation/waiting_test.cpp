// SPDX-License-Identifier: PostgreSQL
// Steps that wait for others: for whom, and who remembers them.
#include <doctest/doctest.h>

#include <algorithm>

#include "simulation/checks.h"
#include "simulation/stage.h"
#include "x509/authority.h"
#include "x509/build.h"
#include "x509/issuer.h"
#include "x509/request.h"

namespace {

using namespace simulation;

void put_into_home(fakes::World& world, const std::string& name, const std::string& text) {
  fakes::Host& host = world.hosts.at("app1");
  const host::OsUser& user = host.users.at("deploy");
  const std::string folder = user.home + "/.postgresql";
  if (!host.disk.look(folder).exists()) host.disk.plant_folder(folder, 0700, user.uid);
  const mode_t mode = name.ends_with(".key") ? 0600 : 0644;
  host.disk.plant(folder + "/" + name, text, {user.uid, user.gid, mode});
}

/// A pair for the role deploy by the client authority of another environment of pgseal's.
void put_pair_of_other_environment(fakes::World& world) {
  x509::AuthorityOrder order;
  order.kind = x509::AuthorityKind::client;
  order.environment = "other";
  auto made = x509::create_authority(order, world.clock).value();
  auto issuer =
      x509::Issuer::open(x509::AuthorityKind::client, made.certificate, std::move(made.key))
          .value();
  const auto key = x509::PrivateKey::generate(x509::KeyType::p256).value();
  const auto request = x509::Request::parse(x509::make_request(key, "deploy").value()).value();
  const auto draft = x509::draft_client({"other", "deploy"}, world.clock, base::Days(90));
  put_into_home(world, "postgresql.key", std::string(key.to_pem().expose_secret()));
  put_into_home(world, "postgresql.crt",
                issuer.sign(issuer.approve(*draft, request).value()).value().to_pem());
}

bool asks(const fakes::World& world) {
  return !world.hosts.at("db1").postgres->loaded.trust.empty();
}

/// The number of the message by which that host is opened, as a look that changes nothing shows.
int message_that_opens(fakes::World& world, const std::string& host) {
  world.messages.clear();
  REQUIRE(plan(world, {}));
  const auto found =
      std::find_if(world.messages.begin(), world.messages.end(), [&](const auto& message) {
        return message.kind == fakes::MessageKind::open && message.host == host;
      });
  REQUIRE(found != world.messages.end());
  const auto number = static_cast<int>(found - world.messages.begin()) + 1;
  world.messages.clear();
  return number;
}

}  // namespace

TEST_CASE("a client with another environment's pair in its home goes on connecting") {
  Stage stage;
  fakes::World& world = stage.world;
  populate(world, 1, 2);
  world.environment.state = stage.folder.state();
  put_pair_of_other_environment(world);
  {
    Checks checks(world);
    const auto report = apply(world, {});
    REQUIRE(report);
    for (const std::string& one : checks.broken()) MESSAGE(one);
    CHECK(checks.broken().empty());
    const auto& findings = report->plan.findings;
    CHECK(std::any_of(findings.begin(), findings.end(), [](const base::Finding& found) {
      return found.code == "slot.other-environment" && found.host == "app1";
    }));
  }
  CHECK_FALSE(asks(world));
  world.environment.identities[0].explicit_sslcert = true;
  REQUIRE(apply(world, {}));
  CHECK(asks(world));
}

TEST_CASE("a step that waits is owed by its host where that is silent next time") {
  Stage stage;
  fakes::World& world = stage.world;
  populate(world, 3, 1);
  world.environment.state = stage.folder.state();
  fakes::Host& primary = world.hosts.at("db1");
  primary.postgres->install(primary.disk, "synchronous_standby_names = 'FIRST 2 (*)'\n");
  primary.postgres->reload(primary.disk, world.clock);
  const auto waiting = apply(world, {});
  REQUIRE(waiting);
  CHECK(waiting->debts.empty());  // it waits for others, and has answered
  world.clock += std::chrono::hours(1);
  world.faults = {{message_that_opens(world, "db3"), fakes::Way::gone, 0}};
  const auto silent = apply(world, {});
  REQUIRE(silent);
  REQUIRE(silent->debts.size() == 1);
  CHECK(silent->debts[0].host == "db3");
  CHECK(silent->debts[0].steps ==
        std::vector<std::string>{"write replication settings client:replicator@postgres"});
  const base::Time since = silent->debts[0].since;
  CHECK(since >= world.clock - std::chrono::minutes(5));
  world.faults.clear();
  world.repair();
  world.clock += std::chrono::hours(1);
  const auto back = apply(world, {});  // it still waits, and is still owed
  REQUIRE(back);
  REQUIRE(back->debts.size() == 1);
  CHECK(back->debts[0].since == since);
  primary.postgres->install(primary.disk, "synchronous_standby_names = ''\n");
  primary.postgres->reload(primary.disk, world.clock);
  const auto paid = apply(world, {});
  REQUIRE(paid);
  CHECK(paid->debts.empty());
  CHECK(plan(world, {})->plan.pending() == 0);
}
