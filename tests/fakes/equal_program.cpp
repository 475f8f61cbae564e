// SPDX-License-Identifier: PostgreSQL
// One script of acts, carried out on hosts in memory and on the hosts of a lab over the real link,
// step by step. After each step both say what they answered and what is to be seen, and it must be
// the same; only what no two hosts have in common is made equal before (normal). What the fake
// begins with is read from the real hosts. Usage: fake_equals_real LAB-PROGRAM LAB-FOLDER
#include <fmt/format.h>
#include <stdio.h>
#include <nlohmann/json.hpp>

#include <array>
#include <cstdio>
#include <functional>
#include <memory>
#include <regex>

#include "configuration/environment_toml.h"
#include "fakes/world.h"
#include "link/codec.h"
#include "planning/wanted.h"
#include "probe/handshake.h"
#include "ssh/ssh.h"
#include "x509/authority.h"
#include "x509/build.h"
#include "x509/bundle.h"
#include "x509/digest.h"
#include "x509/issuer.h"
#include "x509/key.h"
#include "x509/request.h"

namespace {

using fleet::Act;
using fleet::ActKind;
using nlohmann::json;

[[noreturn]] void give_up(const std::string& why) {
  std::fputs(("fake_equals_real: " + why + "\n").c_str(), stderr);
  std::exit(2);
}

template <class T>
T must(base::Result<T> result, const std::string& what) {
  if (!result) give_up(what + ": " + result.error().message + " " + result.error().detail);
  return std::move(result).value();
}

base::Time clock_now() {
  return std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
}

// ---- what cannot be equal -----------------------------------------------------------------------

/// Keys differ, and with them certificates, serial numbers and hashes of both; clocks and process
/// numbers go their own way.
std::string normal_text(std::string text) {
  const auto at = text.find("-----BEGIN CERTIFICATE-----");
  if (at != std::string::npos) {
    const auto bundle = x509::Bundle::from_pem(text);
    std::string words = "certificates:";
    if (bundle)
      for (const x509::Certificate& one : bundle->certificates())
        words += fmt::format(" {} of {}", one.subject, one.issuer);
    return words;
  }
  static const std::array<std::pair<std::regex, std::string>, 3> patterns = {
      std::pair{std::regex("serial [0-9a-f]+"), std::string("serial S")},
      std::pair{std::regex("loaded [-0-9T: .+Z]+"), std::string("loaded L")},
      std::pair{std::regex("receiver [0-9]+"), std::string("receiver R")}};
  for (const auto& [pattern, word] : patterns) text = std::regex_replace(text, pattern, word);
  return text;
}

void normalise(json& value) {
  static const std::array<const char*, 10> own = {
      "clock", "conf_load_time", "key_spki_sha256", "client_serial",   "request",
      "log",   "behind",         "machine_id",      "running_machine", "timeline"};
  if (value.is_string()) value = normal_text(value.get<std::string>());
  if (value.is_array())
    for (json& inner : value) normalise(inner);
  if (!value.is_object()) return;
  for (auto& [key, inner] : value.items()) {
    if (key == "log") inner = "…";  // the server's own words, with its times
    const bool differs = std::find(own.begin(), own.end(), key) != own.end();
    const bool empty = inner.is_null() || inner == json("") || inner == json(0);
    if (differs && !empty)
      inner = "…";
    else
      normalise(inner);
  }
}

template <class T>
json said(const base::Result<T>& answer) {
  json value = json::parse(answer ? links::encode_answer(1, *answer)
                                  : links::encode_error(1, answer.error()));
  normalise(value);
  return value;
}

// ---- one world ----------------------------------------------------------------------------------

/// A change that a person makes to a host: the same in a shell and on a disk in memory.
struct Deed {
  std::string shell;
  std::function<void(fakes::Host&)> in_memory;
};

struct Side {
  std::string name;
  fleet::Links* links = nullptr;
  std::map<std::string, std::unique_ptr<fleet::Conversation>> open;
  std::function<void(const std::string& host, const Deed&)> person;
  std::map<std::string, std::string> requests;  ///< by host and slot
  std::map<std::string, std::string> shas;      ///< by host: of the files that will be edited

  fleet::Conversation& to(const std::string& host) { return *open.at(host); }
};

struct Signers {
  x509::Issuer server = make(x509::AuthorityKind::server);
  x509::Issuer client = make(x509::AuthorityKind::client);

  static x509::Issuer make(x509::AuthorityKind kind) {
    x509::AuthorityOrder order;
    order.kind = kind;
    order.environment = "shop";
    auto made = must(x509::create_authority(order, clock_now()), "an authority");
    return must(x509::Issuer::open(kind, made.certificate, std::move(made.key)), "an issuer");
  }
};

class Script {
 public:
  Script(fleet::Environment environment, Side fake, Side real)
      : environment_(std::move(environment)), fake_(std::move(fake)), real_(std::move(real)) {
    for (Side* side : {&fake_, &real_})
      for (const fleet::Host& host : environment_.hosts)
        side->open[host.name] =
            must(side->links->open(host, planning::brief(environment_, host, clock_now())),
                 side->name + " " + host.name);
  }

  int run() {
    for (const fleet::Host& host : environment_.hosts) look(host.name, "at the beginning");
    application("app1");
    server("db1");
    server("db2");
    standby("db2");
    troubles("db1");
    fmt::print("{} answers compared, {} differ\n", compared_, differing_);
    return differing_ == 0 ? 0 : 1;
  }

 private:
  // ---- steps on both sides ----------------------------------------------------------------------
  void compare(const std::string& where, const json& fake, const json& real) {
    ++compared_;
    if (fake == real) return;
    ++differing_;
    fmt::print("== {}\n", where);
    for (const auto& change : json::diff(real, fake)) {
      const std::string path = change.at("path");
      const json::json_pointer pointer(path);
      fmt::print("  {}\n    real {}\n    fake {}\n", path,
                 change.at("op") == "add" ? "nothing" : real.at(pointer).dump(),
                 change.at("op") == "remove" ? "nothing" : change.at("value").dump());
    }
  }

  void look(const std::string& host, const std::string& when) {
    std::array<json, 2> seen;
    std::size_t i = 0;
    for (Side* side : {&fake_, &real_}) {
      const auto facts = side->to(host).observe();
      seen[i++] = said(facts);
      if (!facts || !facts->server) continue;
      side->shas[host] = facts->server->config_sha256;
      if (facts->server->replication)
        side->shas[host + " replication"] = facts->server->replication->file_sha256;
    }
    compare(host + " as seen " + when, seen[0], seen[1]);
  }

  void probe(const std::string& host) {
    const fleet::Host& there = *environment_.find_host(host);
    const fleet::HandshakeQuery query{there.address, 5432, ""};
    compare(host + " from outside", said(fake_.to("app1").handshake(query)),
            said(real_.to("app1").handshake(query)));
  }

  using Fill = std::function<void(Side&, Act&)>;
  void act(const std::string& host, Act wanted, const std::string& what, const Fill& fill = {}) {
    std::array<json, 2> answers;
    std::size_t i = 0;
    for (Side* side : {&fake_, &real_}) {
      Act one = wanted;
      if (fill) fill(*side, one);
      const auto answer = side->to(host).perform(one);
      if (answer && one.kind == ActKind::make_key)
        side->requests[host + fleet::to_string(one.slot)] = answer->request;
      answers[i++] = said(answer);
    }
    compare(fmt::format("{}: {} {}", host, fleet::to_string(wanted.kind), what), answers[0],
            answers[1]);
    look(host, fmt::format("after {} {}", fleet::to_string(wanted.kind), what));
  }

  void person(const std::string& host, const Deed& deed) {
    for (Side* side : {&fake_, &real_}) side->person(host, deed);
  }

  static Act of(ActKind kind, const fleet::Slot& slot) {
    Act act;
    act.kind = kind;
    act.slot = slot;
    return act;
  }

  std::string sign(const std::string& host, const fleet::Slot& slot, const std::string& request) {
    const auto parsed = must(x509::Request::parse(request), "a request");
    const bool server = slot.kind == fleet::SlotKind::server;
    const fleet::Host& there = *environment_.find_host(host);
    const auto drafted = must(
        server ? x509::draft_server("shop", {{host}, {there.address}}, clock_now(), base::Days(90))
               : x509::draft_client({"shop", slot.name}, clock_now(), base::Days(90)),
        "a draft");
    x509::Issuer& issuer = server ? signers_.server : signers_.client;
    return must(issuer.sign(must(issuer.approve(drafted, parsed), "approval")), "a certificate")
        .to_pem();
  }

  // ---- chapters ---------------------------------------------------------------------------------
  void mark(const std::string& host) {
    Act mark = of(ActKind::mark_host, fleet::server_slot(host));
    mark.mark = {"environment", "ledger", 5};
    act(host, mark, "first");
    act(host, mark, "again");
    mark.mark.generation = 4;
    act(host, mark, "of an older generation");
    mark.mark = {"environment", "another", 9};
    act(host, mark, "of another ledger");
    mark.take_over = true;
    act(host, mark, "of another ledger that takes over");
  }

  void pair(const std::string& host, const fleet::Slot& slot) {
    act(host, of(ActKind::make_key, slot), "first");
    act(host, of(ActKind::make_key, slot), "again");
    const auto stranger = must(x509::PrivateKey::generate(x509::KeyType::p256), "a key");
    const std::string foreign =
        sign(host, slot, must(x509::make_request(stranger, "x"), "a request"));
    const Fill wrong = [&](Side&, Act& act) { act.certificate = foreign; };
    act(host, of(ActKind::install_certificate, slot), "of another key", wrong);
    const Fill broken = [&](Side&, Act& act) { act.certificate = "nothing"; };
    act(host, of(ActKind::install_certificate, slot), "that is none", broken);
    std::map<Side*, std::string> made;
    const Fill right = [&](Side& side, Act& act) {
      std::string& pem = made[&side];
      if (pem.empty()) pem = sign(host, slot, side.requests.at(host + fleet::to_string(slot)));
      act.certificate = pem;
    };
    act(host, of(ActKind::install_certificate, slot), "of its key", right);
    const Fill again = [&](Side& side, Act& act) {
      right(side, act);
      act.expected_certificate_sha256 =
          must(x509::Certificate::from_pem(act.certificate), "a certificate").fingerprint;
    };
    act(host, of(ActKind::install_certificate, slot), "of its key again", again);
  }

  void trust(const std::string& host, const fleet::Slot& slot) {
    Act install = of(ActKind::install_trust, slot);
    act(host, install, "of nobody");
    const bool server = slot.kind == fleet::SlotKind::server;
    install.trust = (server ? signers_.client : signers_.server).certificate().to_pem();
    install.replace = server;
    act(host, install, "first");
    act(host, install, "again");
  }

  void application(const std::string& host) {
    const fleet::Slot slot = fleet::client_slot("deploy", "deploy");
    mark(host);
    pair(host, slot);
    trust(host, slot);
    act(host, of(ActKind::make_key, fleet::client_slot("nobody", "deploy")), "of no slot here");
    act(host, of(ActKind::reload, fleet::server_slot(host)), "where no server is");
    person(host, {"chmod 644 /home/deploy/.postgresql/postgresql.key", [](fakes::Host& there) {
                    there.disk.set_mode("/home/deploy/.postgresql/postgresql.key", 0644);
                  }});
    look(host, "with a key that all may read");
    act(host, of(ActKind::make_key, slot), "beside such a key");
    act(host, of(ActKind::archive_slot, slot), "first");
    act(host, of(ActKind::archive_slot, slot), "again");
  }

  void settings(const std::string& host, bool client_trust, const std::string& what) {
    Act write = of(ActKind::write_server_settings, fleet::server_slot(host));
    write.settings = {client_trust, "TLSv1.2"};
    const Fill sha = [&](Side& side, Act& act) { act.expected_sha256 = side.shas.at(host); };
    act(host, write, what, sha);
  }

  void server(const std::string& host) {
    const fleet::Slot slot = fleet::server_slot(host);
    mark(host);
    settings(host, false, "before there is a pair");
    pair(host, slot);
    Act blind = of(ActKind::write_server_settings, slot);
    blind.settings = {false, "TLSv1.2"};
    blind.expected_sha256 = std::string(64, '0');
    act(host, blind, "of a file that was never seen");
    settings(host, false, "first");
    settings(host, false, "again");
    act(host, of(ActKind::reload, slot), "first");
    probe(host);
    settings(host, true, "with a bundle that is not there");
    trust(host, slot);
    settings(host, true, "with a bundle");
    act(host, of(ActKind::reload, slot), "with a bundle");
    probe(host);
  }

  void standby(const std::string& host) {
    const fleet::Slot slot =
        fleet::client_slot("replicator", "postgres", fleet::SlotPlace::environment);
    Act write = of(ActKind::write_replication_settings, slot);
    write.expected_sha256 = std::string(64, '0');
    act(host, write, "of a file that was never seen");
    const Fill sha = [&](Side& side, Act& act) {
      act.expected_sha256 = side.shas.at(host + " replication");
    };
    act(host, write, "without a pair", sha);
    pair(host, slot);
    trust(host, slot);
    act(host, write, "first", sha);
    act(host, write, "again", sha);
    act(host, of(ActKind::reconnect_walreceiver, slot), "once more");
    look("db1", "when its standby streams");
    act("db1", of(ActKind::reconnect_walreceiver, slot), "on a primary");
  }

  /// What PostgreSQL does with files that became bad.
  void troubles(const std::string& host) {
    const std::string pem = "/etc/pgseal/server/" + host + "/server.pem";
    const fleet::Slot slot = fleet::server_slot(host);
    const auto mode = [&](mode_t wanted) {
      return Deed{fmt::format("chmod {:o} {}", static_cast<unsigned>(wanted), pem),
                  [=](fakes::Host& there) { there.disk.set_mode(pem, wanted); }};
    };
    person(host, mode(0644));
    act(host, of(ActKind::reload, slot), "with a key that all may read");
    person(host, {"su postgres -c \"psql -qAtc 'select pg_reload_conf()'\" >/dev/null",
                  [](fakes::Host& there) { there.postgres->reload(there.disk, clock_now()); }});
    look(host, "after a reload by hand with a bad key");
    probe(host);
    person(host, {"restart", [](fakes::Host& there) {
                    there.postgres->stop();
                    there.postgres->start(there.disk, clock_now());
                  }});
    look(host, "after a start with a bad key");
    act(host, of(ActKind::reload, slot), "of a server that is down");
    person(host, mode(0600));
    person(host,
           {"start", [](fakes::Host& there) { there.postgres->start(there.disk, clock_now()); }});
    look(host, "after a start with a good key");
    const std::string conf = "/etc/postgresql/15/main/postgresql.conf";
    person(host, {"echo 'ssl on on' >>" + conf, [&](fakes::Host& there) {
                    const host::FileState state = there.disk.look(conf);
                    there.disk.plant(conf, *there.disk.read(conf) + "ssl on on\n",
                                     {state.uid, state.gid, state.mode});
                  }});
    act(host, of(ActKind::reload, slot), "with a line that is none");
  }

  fleet::Environment environment_;
  Side fake_;
  Side real_;
  Signers signers_;
  int compared_ = 0;
  int differing_ = 0;
};

// ---- the two worlds -----------------------------------------------------------------------------

std::string output_of(const std::string& command) {
  const std::unique_ptr<FILE, int (*)(FILE*)> pipe(::popen(command.c_str(), "r"), &::pclose);
  if (pipe == nullptr) give_up("could not run " + command);
  std::string text;
  std::array<char, 4096> room{};
  while (const std::size_t got = std::fread(room.data(), 1, room.size(), pipe.get()))
    text.append(room.data(), got);
  return text;
}

struct Lab {
  std::string program;
  std::string folder;

  [[nodiscard]] std::string run(const std::string& host, const std::string& shell) const {
    const std::string script = std::regex_replace(shell, std::regex("'"), "'\\''");
    return output_of(
        fmt::format("{} exec {} {} -- bash -c '{}' </dev/null", program, folder, host, script));
  }
  /// A standby asks again every five seconds (wal_retrieve_retry_interval).
  void wait_for_standby(const std::string& host) const {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(30);
    const std::string query =
        "su postgres -c \"psql -Atc 'select count(*) from pg_stat_replication'\"";
    while (run(host, query) != "1\n")
      if (std::chrono::steady_clock::now() > deadline) give_up("no standby came back");
  }
  void postgres(const std::string& host, const std::string& word) const {
    output_of(fmt::format("{} postgres {} {} {} </dev/null 2>&1", program, folder, host, word));
  }
};

/// The fake begins where the real host stands.
void copy_host(const Lab& lab, const fleet::Host& host, const fleet::HostFacts& facts,
               fakes::World& world) {
  fakes::Host& made = world.hosts.emplace(host.name, fakes::Host(host.name)).first->second;
  made.machine_id = facts.machine_id;
  made.addresses = facts.addresses;
  made.add_user("deploy", 1001);
  made.users["root"] = {"root", 0, 0, "/root"};
  made.disk.plant_folder("/root", 0700, 0);
  if (!facts.server) return;
  const fleet::ServerFacts& seen = *facts.server;
  made.postgres.emplace();
  fakes::Postgres& postgres = *made.postgres;
  postgres.version = seen.version;
  postgres.version_text = seen.version_text;
  postgres.system_identifier = seen.system_identifier;
  postgres.in_recovery = seen.in_recovery;
  postgres.socket_directory = seen.socket_directory;
  postgres.roles = seen.roles;
  postgres.install(made.disk, "");
  for (const std::string& path : {postgres.config_file, postgres.hba_file, postgres.auto_conf()}) {
    const std::string mode = lab.run(host.name, "stat -c %a " + path);
    made.disk.plant(
        path, lab.run(host.name, "cat " + path),
        {postgres.uid, postgres.uid, static_cast<mode_t>(std::strtol(mode.c_str(), nullptr, 8))});
  }
  for (const fleet::ReplicationSlotFact& slot : seen.replication_slots)
    postgres.slots.push_back(slot.name);
  if (!postgres.start(made.disk, clock_now()))
    give_up("the fake does not start: " + postgres.why_no_start(made.disk));
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) give_up("usage: fake_equals_real LAB-PROGRAM LAB-FOLDER");
  const Lab lab{argv[1], argv[2]};
  fleet::Environment environment =
      must(configuration::load_environment(lab.folder + "/pgseal.toml"), "the configuration");
  ssh::SshSetup setup;
  setup.settings = environment.ssh;
  const std::string self = argv[0];
  setup.node_path = self.substr(0, self.rfind('/') + 1) + "pgseal-node";
  ssh::SshLinks links(setup);
  fakes::World world;
  world.environment = environment;
  world.clock = clock_now();
  for (const fleet::Host& host : environment.hosts) {
    auto open =
        must(links.open(host, planning::brief(environment, host, clock_now())), "a conversation");
    copy_host(lab, host, must(open->observe(), "an observation"), world);
  }
  world.join_all();
  world.settle();
  Side fake;
  fake.name = "fake";
  fake.links = &world;
  fake.person = [&](const std::string& host, const Deed& deed) {
    deed.in_memory(world.hosts.at(host));
    world.settle();
  };
  Side real;
  real.name = "real";
  real.links = &links;
  real.person = [&](const std::string& host, const Deed& deed) {
    if (deed.shell == "restart" || deed.shell == "start") lab.postgres(host, deed.shell);
    if (deed.shell == "start")
      lab.wait_for_standby(host);
    else if (deed.shell == "restart")
      return;
    else
      std::fputs(lab.run(host, deed.shell).c_str(), stderr);
  };
  return Script(environment, std::move(fake), std::move(real)).run();
}
