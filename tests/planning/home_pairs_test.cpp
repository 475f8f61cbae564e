// SPDX-License-Identifier: PostgreSQL
// A pair of another environment in the home of an OS user who connects to our servers too.
#include <doctest/doctest.h>

#include "planning/environment.h"
#include "planning/gates.h"
#include "planning/invariants.h"

namespace {

using fleet::ActKind;
using planning_test::now;

/// Everything is ready for asking clients for certificates; deploy's pair of this environment lies
/// in its second place, because that of the environment "other" lies in its home.
struct TwoEnvironments : planning_test::World {
  TwoEnvironments() {
    prove_database();
    fleet::HostFacts& database = *observed.hosts["db1"].facts;
    observed.hosts["db1"].served.asks_client_certificate = false;
    observed.hosts["db1"].served.client_authorities.clear();
    settings::SslConf conf;
    conf.key_and_chain_path = "/etc/pgseal/server/db1/server.pem";
    database.server->ssl_conf = settings::ssl_conf_text(15, conf).value();
    for (fleet::SettingFact& fact : database.server->running_settings)
      if (fact.name == "ssl_ca_file") fact.value = "";
    equip_application();
    auto& slots = observed.hosts["app1"].facts->client_slots;
    slots[1] = slots[0];
    slots[1].slot.place = fleet::SlotPlace::environment;
    slots[1].folder += "/pgseal/shop/deploy";
    slots[0].certificate = of_other("other");
  }

  static std::string of_other(const std::string& environment) {
    x509::AuthorityOrder order;
    order.kind = x509::AuthorityKind::client;
    order.environment = environment;
    auto made = x509::create_authority(order, now).value();
    auto issuer =
        x509::Issuer::open(x509::AuthorityKind::client, made.certificate, std::move(made.key))
            .value();
    const auto key = x509::PrivateKey::generate(x509::KeyType::p256).value();
    const auto request = x509::Request::parse(x509::make_request(key, "deploy").value()).value();
    const auto draft = x509::draft_client({environment, "deploy"}, now, base::Days(90));
    return issuer.sign(issuer.approve(*draft, request).value()).value().to_pem();
  }

  [[nodiscard]] planning::GateResult gate() const {
    return planning::check(planning::Gate::clients_equipped, desired, observed);
  }

  /// Whom asking for certificates would cut off, whatever the gate says.
  [[nodiscard]] std::vector<planning::CutOff> cut_off() const {
    const planning::Plan made = plan();
    std::vector<const planning::Step*> steps;
    for (const planning::PlannedPhase& phase : made.phases)
      if (phase.phase == planning::Phase::server_trust)
        for (const planning::Step& step : phase.steps) steps.push_back(&step);
    REQUIRE_FALSE(steps.empty());
    return planning::cut_off_by(steps, desired, observed);
  }
};

}  // namespace

TEST_CASE("no server asks for certificates while libpq would show another environment's") {
  const TwoEnvironments world;
  const auto gate = world.gate();
  REQUIRE(gate.blockers.size() == 1);
  CHECK(gate.blockers[0].host == "app1");
  CHECK(gate.blockers[0].reason ==
        "OS user \"deploy\" would show another environment's "
        "/home/deploy/.postgresql/postgresql.crt");
  CHECK_FALSE(gate.lets("db1"));
}

TEST_CASE("the finding names host, user, file and whose pair it is") {
  const TwoEnvironments world;
  const auto plan = world.plan();
  const base::Finding* finding = planning_test::found(plan, "slot.other-environment");
  REQUIRE(finding != nullptr);
  CHECK(finding->severity == base::Severity::error);
  CHECK(finding->message ==
        "OS user \"deploy\" on \"app1\" would show another environment's certificate");
  CHECK(finding->file == "/home/deploy/.postgresql/postgresql.crt");
  CHECK(finding->detail.find("/O=other/CN=pgseal client authority ") != std::string::npos);
  CHECK(finding->host == "app1");
}

TEST_CASE("another environment's pair in the home keeps ours from no place of its own") {
  TwoEnvironments world;
  fleet::SlotFacts& ours = world.observed.hosts["app1"].facts->client_slots[1];
  ours.certificate.clear();
  ours.key = fleet::KeyState::absent;
  CHECK(planning_test::has(world.plan(), "app1", ActKind::make_key));
}

TEST_CASE("whom it would cut off is known without the gate") {
  const TwoEnvironments world;
  const auto cut_off = world.cut_off();
  REQUIRE(cut_off.size() == 1);
  CHECK(cut_off[0].client == "client:deploy@deploy on app1");
  CHECK(cut_off[0].why == "its certificate would be refused then");
}

TEST_CASE("programs that say which certificate they show are in no danger") {
  TwoEnvironments world;
  world.environment.identities[0].explicit_sslcert = true;
  CHECK(world.gate().holds());
  CHECK(world.cut_off().empty());
  CHECK(planning_test::found(world.plan(), "slot.other-environment") == nullptr);
  // Of two identities of one OS user one that does not say so is enough.
  world.environment.identities.push_back(world.environment.identities[0]);
  world.environment.identities[1].name = "report";
  world.environment.identities[1].explicit_sslcert = false;
  CHECK_FALSE(world.gate().holds());
}

TEST_CASE("our own environment's pair in the home is nothing to wait for") {
  TwoEnvironments world;
  auto& slots = world.observed.hosts["app1"].facts->client_slots;
  slots[0].certificate = world.sign(false, "deploy", 365);
  CHECK(world.gate().holds());
  CHECK(world.cut_off().empty());
  CHECK(planning_test::found(world.plan(), "slot.other-environment") == nullptr);
}
