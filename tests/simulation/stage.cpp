// SPDX-License-Identifier: PostgreSQL
#include "simulation/stage.h"

#include <doctest/doctest.h>
#include <fmt/format.h>
#include <stdlib.h>
#include <unistd.h>

#include "fakes/chance.h"
#include "x509/authority.h"
#include "x509/build.h"
#include "x509/issuer.h"
#include "x509/pair.h"
#include "x509/request.h"

namespace simulation {
namespace {

const base::Time beginning{std::chrono::seconds(1'800'000'000)};

class Silent : public operations::Listener {
 public:
  explicit Silent(fakes::World& world) : world_(world) {}
  void host_asked(const std::string&, std::size_t, std::size_t) override {}
  void phase_begins(planning::Phase, std::size_t) override { world_.phase_begins(); }
  void step_ends(const planning::Step&, const std::string&) override {}

 private:
  fakes::World& world_;
};

operations::Operator person() {
  operations::Operator who;
  who.user = "root";
  who.host = "hub";
  who.pid = 4711;
  who.command = "apply";
  return who;
}

/// For what changes nothing: nobody dies or waits meanwhile.
operations::World only_looked_at(fakes::World& world, operations::Listener& listener) {
  return {world,
          world,
          listener,
          [&] { return world.clock; },
          [] { return false; },
          [](std::chrono::milliseconds) {}};
}

}  // namespace

Folder::Folder() {
  const bool memory = ::access("/dev/shm", W_OK) == 0;
  std::string name = memory ? "/dev/shm/pgseal-simulation-XXXXXX" : "/tmp/pgseal-simulation-XXXXXX";
  const char* made = ::mkdtemp(name.data());
  REQUIRE(made != nullptr);
  path_ = made;
}

Folder::~Folder() {
  std::error_code ignored;  // nothing rests on what is left in a folder of memory
  std::filesystem::remove_all(path_, ignored);
}

base::Result<operations::ApplyReport> apply(fakes::World& world,
                                            const operations::ApplyOptions& options) {
  Silent listener(world);
  operations::World outside{
      world,
      world,
      listener,
      [&] { return world.clock; },
      [&] { return world.pgseal_dead(); },
      [&](std::chrono::milliseconds) { world.clock += std::chrono::seconds(1); }};
  operations::Questions questions;
  questions.confirm = [](const planning::Plan&) { return base::Result<void>(); };
  questions.passphrase = [](bool) { return base::Secret("never asked"); };
  world.heard.clear();
  world.probed.clear();
  auto report = operations::apply(outside, world.environment, person(), options, questions);
  world.phase_begins();
  return report;
}

base::Result<operations::ApplyReport> plan(fakes::World& world,
                                           const operations::ApplyOptions& options) {
  Silent listener(world);
  operations::World outside = only_looked_at(world, listener);
  return operations::plan_only(outside, world.environment, person(), options);
}

base::Result<operations::StatusReport> status(fakes::World& world, bool offline) {
  Silent listener(world);
  operations::World outside = only_looked_at(world, listener);
  return operations::status(outside, world.environment, person(), offline);
}

void copy_state(const std::string& from, const std::string& to) {
  std::filesystem::remove_all(to);
  if (std::filesystem::exists(from))
    std::filesystem::copy(from, to, std::filesystem::copy_options::recursive);
}

// ---- populations --------------------------------------------------------------------------------

namespace {

fleet::Identity identity(const std::string& name, std::vector<std::string> hosts,
                         const std::string& os_user, fleet::IdentityKind kind) {
  fleet::Identity made;
  made.name = name;
  made.kind = kind;
  made.hosts = std::move(hosts);
  made.os_users = {os_user};
  return made;
}

void add_host(fakes::World& world, const std::string& name, const std::string& address,
              bool database) {
  fleet::Host host;
  host.name = name;
  host.link = "ssh:" + name;
  host.address = address;
  host.database = database;
  world.environment.hosts.push_back(host);
  fakes::Host& made = world.hosts.emplace(name, fakes::Host(name)).first->second;
  made.machine_id = fmt::format("{:032x}", world.hosts.size());
  made.add_user("deploy", 1001);
  made.add_user("operator", 1002);
  if (!database) return;
  made.postgres.emplace();
  made.postgres->roles = {{"deploy", true, false},
                          {"report", true, false},
                          {"admin", true, true},
                          {"replicator", true, false}};
  made.postgres->install(made.disk, "");
}

}  // namespace

void populate(fakes::World& world, int databases, int applications) {
  world.clock = beginning;
  world.environment.name = "shop";
  world.environment.service_names = {"db.shop.internal"};
  world.environment.authority.unencrypted = true;
  world.environment.ssh.parallel = 1;  // one thread: every run goes the same way
  for (int i = 1; i <= databases; ++i)
    add_host(world, fmt::format("db{}", i), fmt::format("198.18.0.{}", 10 + i), true);
  for (int i = 1; i <= applications; ++i)
    add_host(world, fmt::format("app{}", i), fmt::format("198.18.{}.{}", 1 + i / 250, 1 + i % 250),
             false);
  std::vector<std::string> applying;
  for (const fleet::Host& host : world.environment.hosts)
    if (!host.database || applications == 0) applying.push_back(host.name);
  world.environment.identities = {
      identity("deploy", applying, "deploy", fleet::IdentityKind::application),
      identity("admin", {"@databases"}, "operator", fleet::IdentityKind::admin)};
  if (databases > 1)
    world.environment.identities.push_back(
        identity("replicator", {"@databases"}, "postgres", fleet::IdentityKind::replication));
  for (auto& [name, host] : world.hosts) {
    if (!host.postgres) continue;
    host.postgres->in_recovery = name != "db1";
    if (name != "db1") {
      host.postgres->follow_from_start(host.disk, "db1", name);
      world.hosts.at("db1").postgres->slots.push_back(name);
    }
    REQUIRE(host.postgres->start(host.disk, world.clock));
  }
  world.join_all();
  world.settle();
}

// ---- stages -------------------------------------------------------------------------------------

namespace {

/// An authority of somebody else's, and what it signs.
struct Company {
  x509::Issuer server = make(x509::AuthorityKind::server);

  static x509::Issuer make(x509::AuthorityKind kind) {
    x509::AuthorityOrder order;
    order.kind = kind;
    order.environment = "company";
    auto made = x509::create_authority(order, beginning).value();
    return x509::Issuer::open(kind, made.certificate, std::move(made.key)).value();
  }
  /// Key and certificate, PEM.
  std::pair<std::string, std::string> issue(x509::Issuer& issuer, const x509::Draft& draft) {
    const auto key = x509::PrivateKey::generate(x509::KeyType::p256).value();
    const auto request = x509::Request::parse(x509::make_request(key, "x").value()).value();
    const auto made = issuer.sign(issuer.approve(draft, request).value()).value();
    return {std::string(key.to_pem().expose_secret()), made.to_pem()};
  }
};

/// TLS was turned on by somebody, with a pair beside the configuration.
void serve_company(fakes::World& world, Company& company, const std::string& pair_name) {
  for (const fleet::Host& host : world.environment.hosts) {
    fakes::Host& there = world.hosts.at(host.name);
    if (!there.postgres) continue;
    const auto [key, certificate] = company.issue(
        company.server,
        x509::draft_server("company", {{host.name}, {host.address}}, beginning, base::Days(400))
            .value());
    const uid_t uid = there.postgres->uid;
    const std::string folder = "/etc/ssl/private/";
    there.disk.plant(folder + pair_name + ".pem", certificate, {0, 0, 0644});
    there.disk.plant(folder + pair_name + ".key", key, {uid, uid, 0600});
    there.postgres->install(
        there.disk,
        fmt::format("ssl = on\nssl_cert_file = '{0}{1}.pem'\nssl_key_file = '{0}{1}.key'\n", folder,
                    pair_name));
    REQUIRE(there.postgres->start(there.disk, world.clock));
  }
}

void plant_client(fakes::Host& host, const std::string& name, const std::string& text) {
  const host::OsUser& user = host.users.at("deploy");
  const std::string folder = user.home + "/.postgresql";
  if (!host.disk.look(folder).exists()) host.disk.plant_folder(folder, 0700, user.uid);
  const mode_t mode = name.ends_with(".key") ? 0600 : 0644;
  host.disk.plant(folder + "/" + name, text, {user.uid, user.gid, mode});
}

void applied(Stage& stage) {
  stage.world.environment.state = stage.folder.state();
  const auto report = apply(stage.world, {});
  REQUIRE(report);
  const auto left = plan(stage.world, {});
  REQUIRE(left);
  REQUIRE(left->plan.pending() == 0);
}

void six(Stage& stage) {
  populate(stage.world, 3, 3);
  // A commit waits for one of two standbys: each may be let go of, but not both.
  fakes::Postgres& primary = *stage.world.hosts.at("db1").postgres;
  primary.install(stage.world.hosts.at("db1").disk, "synchronous_standby_names = 'ANY 1 (*)'\n");
  primary.reload(stage.world.hosts.at("db1").disk, beginning);
  // A second identity of one user lies beside the first, and a service file names it.
  stage.world.environment.identities.push_back(
      identity("report", {"app1"}, "deploy", fleet::IdentityKind::application));
}

void renewal(Stage& stage, int client_key_days) {
  populate(stage.world, 2, 1);
  stage.world.environment.policy.client_days = 100;
  stage.world.environment.policy.client_key_days = client_key_days;
  applied(stage);
  stage.world.clock += base::Days(68);
}

void lost_ledger(Stage& stage) {
  populate(stage.world, 2, 1);
  applied(stage);
  std::filesystem::remove_all(stage.folder.state());
  stage.world.clock += base::Days(1);
  stage.options.take_over = true;
}

void pinned(Stage& stage) {
  populate(stage.world, 2, 1);
  Company company;
  serve_company(stage.world, company, "ssl-cert-snakeoil");
  plant_client(stage.world.hosts.at("app1"), "root.crt", company.server.certificate().to_pem());
}

/// A pair that is nobody's of pgseal's lies where ours shall lie: a self-signed one.
void foreign_client(Stage& stage) {
  populate(stage.world, 1, 2);
  x509::AuthorityOrder order;
  order.kind = x509::AuthorityKind::server;
  order.environment = "company";
  const auto made = x509::create_authority(order, beginning).value();
  fakes::Host& host = stage.world.hosts.at("app1");
  plant_client(host, "postgresql.key", std::string(made.key.to_pem().expose_secret()));
  plant_client(host, "postgresql.crt", made.certificate.to_pem());
  stage.options.replace = true;
}

void short_authority(Stage& stage) {
  populate(stage.world, 1, 1);
  stage.world.environment.policy.authority_days = 40;
}

/// A person took the bundle out of ssl.conf and restarted the primary: standbys came back without
/// being asked for a certificate, by strings that say all they shall.
void unasked(Stage& stage) {
  populate(stage.world, 3, 1);
  applied(stage);
  fakes::Host& primary = stage.world.hosts.at("db1");
  const std::string path = "/etc/pgseal/server/db1/ssl.conf";
  std::string text = *primary.disk.read(path);
  const std::size_t line = text.find("ssl_ca_file");
  REQUIRE(line != std::string::npos);
  text.erase(line, text.find('\n', line) + 1 - line);
  primary.disk.plant(path, text, {0, 0, 0644});
  REQUIRE(primary.postgres->start(primary.disk, stage.world.clock));
  stage.world.settle();
  REQUIRE(stage.world.hosts.at("db2").postgres->receiver.certificate.empty());
}

/// The handshake with a server that has not loaded the new minimum looks as before.
void stricter(Stage& stage) {
  populate(stage.world, 1, 1);
  applied(stage);
  stage.world.environment.policy.min_protocol = "TLSv1.3";
}

void liar(Stage& stage) {
  populate(stage.world, 1, 1);
  for (auto& [name, host] : stage.world.hosts) host.request_subject = "postgres";
}

}  // namespace

const std::vector<StageMaker>& stage_makers() {
  static const std::vector<StageMaker> makers = {
      {"solo", [](Stage& stage) { populate(stage.world, 1, 0); }},
      {"pair", [](Stage& stage) { populate(stage.world, 1, 1); }},
      {"trio", [](Stage& stage) { populate(stage.world, 2, 1); }},
      {"six", six},
      {"renewal", [](Stage& stage) { renewal(stage, 1825); }},
      {"new-keys", [](Stage& stage) { renewal(stage, 30); }},
      {"lost-ledger", lost_ledger},
      {"pinned", pinned},
      {"foreign-client", foreign_client},
      {"short-authority", short_authority},
      {"liar", liar},
      {"unasked", unasked},
      {"stricter", stricter},
  };
  return makers;
}

std::unique_ptr<Stage> make_stage(const StageMaker& maker) {
  auto stage = std::make_unique<Stage>();
  stage->name = maker.name;
  fakes::seed_chance(1);
  maker.make(*stage);
  return stage;
}

}  // namespace simulation
