// SPDX-License-Identifier: PostgreSQL
// A small environment with real certificates, as a plan sees it: one primary, one application host.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "planning/invariants.h"
#include "planning/plan.h"
#include "settings/tls_settings.h"
#include "x509/authority.h"
#include "x509/issuer.h"

namespace planning_test {

inline const base::Time now{std::chrono::seconds(1'800'000'000)};

struct World {
  fleet::Environment environment;
  x509::Issuer server_issuer;
  x509::Issuer client_issuer;
  planning::Desired desired;
  planning::Observed observed;

  static x509::Issuer issuer(x509::AuthorityKind kind) {
    x509::AuthorityOrder order;
    order.kind = kind;
    order.environment = "shop";
    auto made = x509::create_authority(order, now).value();
    return x509::Issuer::open(kind, made.certificate, std::move(made.key)).value();
  }

  World()
      : server_issuer(issuer(x509::AuthorityKind::server)),
        client_issuer(issuer(x509::AuthorityKind::client)) {
    environment.name = "shop";
    fleet::Host db;
    db.name = "db1";
    db.address = "192.0.2.11";
    db.database = true;
    fleet::Host app;
    app.name = "app1";
    environment.hosts = {db, app};
    fleet::Identity deploy;
    deploy.name = "deploy";
    deploy.hosts = {"app1"};
    deploy.os_users = {"deploy"};
    environment.identities = {deploy};
    desired.environment = &environment;
    desired.authorities = {server_issuer.certificate(), client_issuer.certificate()};
    desired.mark = {"environment", "ledger", 7, ""};
    desired.seen_generation = 6;
    observed.at = now;
    observed.hosts["db1"].facts = database();
    observed.hosts["app1"].facts = application();
  }
  World(const World&) = delete;
  World& operator=(const World&) = delete;

  /// A certificate of ours that the ledger knows.
  std::string sign(bool server, const std::string& name, int days, base::Time at = now) {
    x509::Issuer& signer = server ? server_issuer : client_issuer;
    const auto key = x509::PrivateKey::generate(x509::KeyType::p256).value();
    const auto request = x509::Request::parse(x509::make_request(key, name).value()).value();
    const auto draft =
        server ? x509::draft_server("shop", {{name}, {"192.0.2.11"}}, at, base::Days(days))
               : x509::draft_client({"shop", name}, at, base::Days(days));
    const auto made = signer.sign(signer.approve(*draft, request).value()).value();
    desired.issued.insert(made.fingerprint);
    return made.to_pem();
  }

  fleet::HostFacts facts(const std::string& host) {
    fleet::HostFacts facts;
    facts.host = host;
    facts.clock = now.time_since_epoch().count();
    facts.mark = fleet::Mark{"environment", "ledger", 6, host};
    return facts;
  }

  fleet::HostFacts database() {
    fleet::HostFacts made = facts("db1");
    fleet::SlotFacts slot;
    slot.slot = fleet::server_slot("db1");
    slot.folder = "/etc/pgseal/server/db1";
    made.server_slot = slot;
    fleet::ServerFacts server;
    server.running = true;
    server.version = 150020;
    server.system_identifier = "1";
    server.port = 5432;
    server.roles = {{"deploy", true, false}};
    server.running_settings = {{"ssl", "off", "default", "", 0, false, ""}};
    made.server = server;
    return made;
  }

  fleet::HostFacts application() {
    fleet::HostFacts made = facts("app1");
    for (const auto place : {fleet::SlotPlace::home, fleet::SlotPlace::environment}) {
      fleet::SlotFacts slot;
      slot.slot = fleet::client_slot("deploy", "deploy", place);
      slot.folder = "/home/deploy/.postgresql";
      made.client_slots.push_back(slot);
    }
    return made;
  }

  /// db1 has its pair, is configured, serves it and asks for certificates.
  void prove_database() {
    fleet::HostFacts& host = *observed.hosts["db1"].facts;
    host.server_slot->certificate = sign(true, "db1", 90);
    host.server_slot->key = fleet::KeyState::good;
    host.server_slot->trust = client_issuer.certificate().to_pem();
    const std::string folder = "/etc/pgseal/server/db1/";
    settings::SslConf conf;
    conf.key_and_chain_path = folder + "server.pem";
    conf.client_ca_path = folder + "clients.crt";
    host.server->ssl_conf = settings::ssl_conf_text(15, conf).value();
    host.server->include_in_place = true;
    const std::vector<std::pair<std::string, std::string>> running = {
        {"ssl", "on"},
        {"ssl_cert_file", folder + "server.pem"},
        {"ssl_key_file", folder + "server.pem"},
        {"ssl_ca_file", folder + "clients.crt"},
        {"ssl_min_protocol_version", "TLSv1.2"}};
    for (const auto& [name, value] : running) {
      host.server->running_settings.push_back(
          {name, value, "configuration file", folder + "ssl.conf", 3, false, ""});
    }
    host.server->running_settings.erase(host.server->running_settings.begin());
    host.server->written_settings = {{"ssl", "on", "", folder + "ssl.conf", 3, false, ""}};
    fleet::ServedFacts& served = observed.hosts["db1"].served;
    served.client_authorities = {client_issuer.certificate().subject};
    served.answered = served.tls = served.asks_client_certificate = true;
    served.certificate = host.server_slot->certificate;
  }

  void equip_application() {
    fleet::SlotFacts& slot = observed.hosts["app1"].facts->client_slots[0];
    slot.certificate = sign(false, "deploy", 365);
    slot.key = fleet::KeyState::good;
    slot.trust = server_issuer.certificate().to_pem();
  }

  [[nodiscard]] planning::Plan plan() const { return planning::make_plan(desired, observed); }
};

/// Whether the plan has this act on this host in any phase.
inline bool has(const planning::Plan& plan, const std::string& host, fleet::ActKind kind) {
  for (const auto& phase : plan.phases)
    for (const auto& step : phase.steps)
      if (step.host == host && step.act.kind == kind) return true;
  return false;
}

inline const base::Finding* found(const planning::Plan& plan, std::string_view code) {
  for (const auto& finding : plan.findings)
    if (finding.code == code) return &finding;
  return nullptr;
}

/// Null where nothing is to be done in that phase.
inline const planning::PlannedPhase* phase_of(const planning::Plan& plan, planning::Phase phase) {
  for (const auto& planned : plan.phases)
    if (planned.phase == phase) return &planned;
  return nullptr;
}

/// Whom the steps of these phases, and of no others, would cut off.
inline std::vector<planning::CutOff> cut_off_by(const World& world, const planning::Plan& plan,
                                                std::set<planning::Phase> phases) {
  std::vector<const planning::Step*> steps;
  for (const auto& planned : plan.phases)
    if (phases.contains(planned.phase))
      for (const auto& step : planned.steps) steps.push_back(&step);
  return planning::cut_off_by(steps, world.desired, world.observed);
}

}  // namespace planning_test
