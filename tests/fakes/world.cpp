// SPDX-License-Identifier: PostgreSQL
#include "fakes/world.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "fakes/libpq.h"
#include "fakes/replication.h"
#include "link/codec.h"
#include "settings/configuration_file.h"
#include "settings/conninfo.h"

namespace fakes {

using base::Code;
using base::Result;

const char* to_string(Way way) {
  static constexpr const char* names[way_count] = {
      "error",       "lost-before",   "lost-after",   "no-answer",      "power-before",
      "power-after", "killed-within", "power-within", "gone-for-phase", "gone",
      "failover",    "server-stops",  "delay",        "pgseal-before",  "pgseal-after"};
  return names[static_cast<int>(way)];
}

const char* to_string(MessageKind kind) {
  static constexpr const char* names[] = {"open",    "observe",   "perform",
                                          "connect", "handshake", "probe"};
  return names[static_cast<int>(kind)];
}

namespace {

base::Error lost(const std::string& host) {
  return base::error(Code::link_lost, fmt::format("the link to \"{}\" broke", host));
}

base::Error unreachable(const std::string& host) {
  return base::error(Code::link_unreachable, fmt::format("could not reach \"{}\"", host));
}

class FakeConversation : public fleet::Conversation {
 public:
  FakeConversation(World& world, const fleet::Host& host, fleet::Brief brief)
      : world_(world), host_(host), brief_(std::move(brief)), epoch_(world.epoch(host.name)) {}

  Result<fleet::HostFacts> observe() override {
    World::Verdict verdict;
    TRY(begin(MessageKind::observe, "", links::Observe{}, verdict));
    auto facts = end(world_.hosts.at(host_.name).observe(brief_, world_.clock), verdict);
    if (facts) world_.heard[host_.name] = true;
    return facts;
  }

  Result<fleet::Answer> perform(const fleet::Act& act) override {
    auto answer = perform_one(act);
    if (!answer) world_.failing.insert(host_.name);
    return answer;
  }

  Result<fleet::Answer> perform_one(const fleet::Act& act) {
    World::Verdict verdict;
    const std::string what = fmt::format("{} {}", fleet::to_string(act.kind), fleet::subject(act));
    const auto began = begin(MessageKind::perform, what, act, verdict);
    if (!began && !verdict.act) return began.error();
    if (world_.before_act) world_.before_act(host_, act);
    auto answer = carry_out(act, verdict);
    if (!began) {
      ended();
      return began.error();
    }
    return end(std::move(answer), verdict);
  }

  Result<fleet::ConnectReport> connect(const fleet::ConnectQuery& query) override {
    World::Verdict verdict;
    TRY(begin(MessageKind::connect, query.address, query, verdict));
    return end(connect_now(query), verdict);
  }

  Result<fleet::ServedFacts> handshake(const fleet::HandshakeQuery& query) override {
    World::Verdict verdict;
    TRY(begin(MessageKind::handshake, query.address, query, verdict));
    fleet::ServedFacts served = world_.served_at(query);
    served.asked_from = host_.name;
    return end(Result<fleet::ServedFacts>(std::move(served)), verdict);
  }

 private:
  /// Error where the answer does not come; `verdict.act` says whether the host acts all the same.
  Result<void> begin(MessageKind kind, const std::string& what, const links::Query& query,
                     World::Verdict& verdict) {
    if (over_) world_.asked_too_late.push_back(fmt::format("{} {}", to_string(kind), host_.name));
    if (dead()) {
      world_.heard[host_.name] = false;
      verdict.act = false;
      return gone_now();
    }
    if (world_.on_text) world_.on_text(links::encode_request(1, query));
    verdict = world_.next(kind, host_.name, what);
    if (!verdict.error) return {};
    over_ = dead();
    if (!verdict.act || kind != MessageKind::perform) ended();
    return *verdict.error;
  }

  Result<fleet::Answer> carry_out(const fleet::Act& act, const World::Verdict& verdict) {
    Host& host = world_.hosts.at(host_.name);
    const int before = host.disk.primitives();
    const std::size_t message = world_.messages.size() - 1;
    if (verdict.within)
      host.disk.crash_at(verdict.within->primitive, {verdict.within->way == Way::power_within});
    try {
      auto answer = host.perform(brief_, act, world_.clock);
      host.disk.crash_nowhere();
      if (!world_.messages.empty())
        world_.messages[message].primitives = host.disk.primitives() - before;
      return answer;
    } catch (const Crash& crash) {
      world_.cut(host_.name);
      if (crash.power) world_.power_cycle(host_.name);
      return gone_now();
    }
  }

  /// From here on whoever asks knows that this conversation is over.
  base::Error gone_now() {
    over_ = true;
    return lost(host_.name);
  }

  Result<fleet::ConnectReport> connect_now(const fleet::ConnectQuery& query) const {
    fleet::ConnectReport report;
    report.libpq = "libpq 15.20 (built in)";
    for (const fleet::Host& host : world_.environment.hosts) {
      const Host& there = world_.hosts.at(host.name);
      if (host.address != query.address || !there.postgres || world_.gone(host.name)) continue;
      const auto client =
          client_files_of(world_.hosts.at(host_.name), brief_.environment, query.slot);
      const Attempt tried = fakes::connect(client, SslMode::verify_full, *there.postgres,
                                           query.address, world_.clock);
      report.message = tried.why;
      if (tried.service == Service::refused) return report;
      report.protocol = "TLSv1.3";
      report.level = fleet::ConnectLevel::rule_reached;
      return report;
    }
    report.message = "could not connect";
    return report;
  }

  template <class T>
  Result<T> end(Result<T> answer, const World::Verdict& verdict) {
    if (dead()) {
      ended();
      return gone_now();
    }
    if (world_.on_text)
      world_.on_text(answer ? links::encode_answer(1, *answer)
                            : links::encode_error(1, answer.error()));
    if (verdict.power_after) {
      world_.cut(host_.name);
      world_.power_cycle(host_.name);
      ended();
      return gone_now();
    }
    ended();
    if (verdict.pgseal_after) world_.die();
    return answer;
  }

  void ended() {
    world_.settle();
    if (world_.after_message) world_.after_message();
  }

  [[nodiscard]] bool dead() const {
    return world_.pgseal_dead() || world_.gone(host_.name) || world_.epoch(host_.name) != epoch_;
  }

  World& world_;
  const fleet::Host& host_;
  fleet::Brief brief_;
  int epoch_;
  bool over_ = false;
};

}  // namespace

void World::copy_from(const World& other) {
  environment = other.environment;
  hosts = other.hosts;
  clock = other.clock;
  join_all();
}

void World::join_all() {
  servers_.clear();
  for (auto& [name, host] : hosts) {
    host.network = this;
    if (host.postgres) servers_.push_back(&host);
  }
}

void World::message_ends() {
  settle();
  if (after_message) after_message();
}

const Fault* World::fault_now() const {
  for (const Fault& fault : faults)
    if (fault.message == static_cast<int>(messages.size())) return &fault;
  return nullptr;
}

World::Verdict World::next(MessageKind kind, const std::string& host, const std::string& what) {
  messages.push_back({kind, host, what, 0});
  if (kind == MessageKind::open || kind == MessageKind::observe) heard[host] = false;
  Verdict verdict;
  if (const Fault* fault = fault_now()) {
    struck.push_back(fmt::format(
        "message {} ({} {} {}): {}{}", fault->message, to_string(kind), host, what,
        to_string(fault->way),
        fault->primitive == 0 ? "" : fmt::format(" at primitive {}", fault->primitive)));
    strike(*fault, host, verdict);
  }
  return verdict;
}

void World::strike(const Fault& fault, const std::string& host, Verdict& verdict) {
  const auto broken = [&](base::Error error, bool acts) {
    verdict.error = std::move(error);
    verdict.act = acts;
    // Who fell silent after its facts were taken was heard: only they are planned by.
    if (messages.back().kind != MessageKind::probe) heard[host] = false;
    cut(host);
  };
  switch (fault.way) {
    case Way::error:
      verdict.error = base::error(Code::file_io, "could not write: No space left on device");
      verdict.act = false;
      return;
    case Way::lost_before:
      return broken(lost(host), false);
    case Way::lost_after:
      return broken(lost(host), true);
    case Way::no_answer:
      return broken(base::error(Code::link_timeout, "no answer"), true);
    case Way::power_before:
      broken(lost(host), false);
      return power_cycle(host);
    case Way::power_after:
      verdict.power_after = true;
      return;
    case Way::killed_within:
    case Way::power_within:
      verdict.within = fault;
      return;
    case Way::gone_for_phase:
      gone_for_phase_.insert(host);
      gone_.insert(host);
      return broken(unreachable(host), false);
    case Way::gone:
      gone_.insert(host);
      return broken(unreachable(host), false);
    case Way::failover:
      return fail_over();
    case Way::server_stops:
      return stop_server(host);
    case Way::delay:
      clock += std::chrono::hours(2);
      return;
    case Way::pgseal_before:
      die();
      return broken(lost(host), false);
    case Way::pgseal_after:
      verdict.pgseal_after = true;
      return;
  }
}

Result<std::unique_ptr<fleet::Conversation>> World::open(const fleet::Host& host,
                                                         const fleet::Brief& brief) {
  if (pgseal_dead_ || gone(host.name)) {
    heard[host.name] = false;
    return unreachable(host.name);
  }
  const Verdict verdict = next(MessageKind::open, host.name, "");
  message_ends();
  if (verdict.error) return *verdict.error;
  if (verdict.power_after) {
    power_cycle(host.name);
    return lost(host.name);
  }
  if (verdict.pgseal_after) die();
  return std::unique_ptr<fleet::Conversation>(
      std::make_unique<FakeConversation>(*this, host, brief));
}

Result<std::string> World::address_of(const fleet::Host& host) {
  return host.address.empty() ? host.name : host.address;
}

fleet::ServedFacts World::served_at(const fleet::HandshakeQuery& query) const {
  for (const fleet::Host& host : environment.hosts) {
    const Host& there = hosts.at(host.name);
    if (host.address == query.address && there.postgres && !gone(host.name) &&
        there.postgres->port == query.port)
      return there.postgres->served();
  }
  fleet::ServedFacts facts;
  facts.problem = "no route to host";
  return facts;
}

fleet::ServedFacts World::handshake(const fleet::HandshakeQuery& query) {
  std::string name = query.address;
  for (const fleet::Host& host : environment.hosts)
    if (host.address == query.address) name = host.name;
  fleet::ServedFacts facts;
  facts.problem = "timed out";
  if (pgseal_dead_) return facts;
  const Verdict verdict = next(MessageKind::probe, name, "");
  if (!verdict.error && !verdict.power_after) facts = served_at(query);
  if (verdict.power_after) power_cycle(name);
  facts.asked_from = "controller";
  probed[name] = facts;
  message_ends();
  if (verdict.pgseal_after) die();
  return facts;
}

int World::epoch(const std::string& host) const {
  const auto found = epochs_.find(host);
  return found == epochs_.end() ? 0 : found->second;
}

void World::power_cycle(const std::string& host) { hosts.at(host).power_cycle(clock); }

void World::die() {
  if (pgseal_dead_) return;
  pgseal_dead_ = true;
  if (on_pgseal_death) on_pgseal_death();
}

void World::phase_begins() {
  for (const std::string& host : gone_for_phase_) gone_.erase(host);
  gone_for_phase_.clear();
  heard_at_phase = heard;
  failing.clear();
  if (on_phase) on_phase();
}

void World::repair() {
  gone_.clear();
  gone_for_phase_.clear();
  pgseal_dead_ = false;
  std::string primary;
  for (auto& [name, host] : hosts)
    if (host.postgres && !host.postgres->in_recovery) primary = name;
  for (const std::string& name : stopped) {
    Host& host = hosts.at(name);
    const bool follows = host.disk.look(host.postgres->auto_conf()).exists();
    if (!host.postgres->in_recovery || follows) continue;
    host.postgres->follow_from_start(host.disk, primary);
  }
  stopped.clear();
  for (auto& [name, host] : hosts)
    if (host.postgres && !host.postgres->running) host.postgres->start(host.disk, clock);
  settle();
}

bool World::can_fail_over() const {
  for (const auto& [name, host] : hosts)
    if (host.postgres && host.postgres->running && host.postgres->in_recovery) return true;
  return false;
}

/// Where the primary was stopped before, it comes back as a standby of the new one all the same.
void World::fail_over() {
  Host* standby = nullptr;
  for (auto& [name, host] : hosts)
    if (standby == nullptr && host.postgres && host.postgres->running && host.postgres->in_recovery)
      standby = &host;
  if (standby == nullptr) return;
  for (auto& [name, host] : hosts) {
    if (!host.postgres || host.postgres->in_recovery) continue;
    host.postgres->stop();
    stopped.insert(name);
    host.postgres->in_recovery = true;
  }
  standby->postgres->in_recovery = false;
  standby->postgres->receiver = {};
  ++standby->postgres->timeline;
  follow(standby->name());
}

void World::stop_server(const std::string& host) {
  for (auto& [name, there] : hosts) {
    if (!there.postgres) continue;
    const bool meant = hosts.at(host).postgres ? name == host : !there.postgres->in_recovery;
    if (!meant || !there.postgres->running) continue;
    there.postgres->stop();
    stopped.insert(name);
  }
  settle();
}

void World::follow(const std::string& primary) {
  for (auto& [name, host] : hosts) {
    if (!host.postgres || !host.postgres->in_recovery) continue;
    Postgres& postgres = *host.postgres;
    const std::string* text = host.disk.read(postgres.auto_conf());
    if (text == nullptr) continue;
    const auto parsed = settings::parse(*text, postgres.auto_conf());
    const settings::Assignment* there = parsed.effective("primary_conninfo");
    if (there == nullptr) continue;
    const auto conninfo = settings::parse_conninfo(there->value);
    if (!conninfo) continue;
    const auto changed = settings::with_keyword(*conninfo, "host", primary);
    if (!changed) continue;
    const std::string now = text->substr(0, there->value_text.begin) + settings::quoted(*changed) +
                            text->substr(there->value_text.end);
    host.disk.plant(postgres.auto_conf(), now, {postgres.uid, postgres.uid, 0600});
    if (postgres.running) postgres.reload(host.disk, clock);
    std::vector<std::string>& slots = hosts.at(primary).postgres->slots;
    const std::string slot = postgres.setting("primary_slot_name");
    if (!slot.empty() && std::find(slots.begin(), slots.end(), slot) == slots.end())
      slots.push_back(slot);
  }
  settle();
}

// ---- between servers ----------------------------------------------------------------------------

std::string World::try_stream(const Host& host, const std::string& conninfo) const {
  const Dialed dialed = dial(environment, hosts, host, conninfo, clock);
  if (dialed.primary != nullptr && gone(dialed.primary->name)) return "timed out";
  if (dialed.attempt.service != Service::refused) return "";
  const settings::Conninfo parsed = settings::parse_conninfo(conninfo).value();
  const settings::ConninfoItem* trust = parsed.find("sslrootcert");
  std::string why = dialed.attempt.why;
  if (why == "there is no root.crt" && trust != nullptr)
    why = fmt::format(
        "root certificate file \"{}\" does not exist\n"
        "Either provide the file or change sslmode to disable server certificate verification.",
        trust->value);
  if (dialed.primary == nullptr) return why;
  const Postgres& primary = *hosts.at(dialed.primary->name).postgres;
  const settings::ConninfoItem* name = parsed.find("host");
  return fmt::format("connection to server at \"{}\" ({}), port {} failed: {}\n",
                     name == nullptr ? "" : name->value, dialed.primary->address, primary.port,
                     why);
}

void World::lets_go(const std::string& host) {
  if (on_let_go) on_let_go(host);
}

void World::settle_one(Host& standby) {
  Postgres& own = *standby.postgres;
  const std::string conninfo = own.setting("primary_conninfo");
  Receiver& receiver = own.receiver;
  if (!own.running || !own.in_recovery || conninfo.empty() || gone(standby.name())) {
    receiver = {};
    return;
  }
  if (receiver.streaming && receiver.conninfo == conninfo && !gone(receiver.primary)) {
    const Postgres& primary = *hosts.at(receiver.primary).postgres;
    if (primary.running && primary.starts == receiver.primary_start) return;
  }
  const int pid = receiver.pid;
  receiver = {};
  const Dialed dialed = dial(environment, hosts, standby, conninfo, clock);
  if (dialed.attempt.service == Service::refused || gone(dialed.primary->name)) return;
  const std::string slot = own.setting("primary_slot_name");
  const Postgres& primary = *hosts.at(dialed.primary->name).postgres;
  const auto& kept = primary.slots;
  if (!slot.empty() && std::find(kept.begin(), kept.end(), slot) == kept.end()) return;
  receiver = {true,
              dialed.primary->name,
              primary.starts,
              conninfo,
              dialed.role,
              dialed.certificate,
              primary.loaded.tls && dialed.attempt.service != Service::plaintext,
              pid + 1};
}

void World::settle() {
  for (Host* server : servers_) settle_one(*server);
}

void World::show_replicas(const std::string& host, server::ServerView& view) const {
  const std::string names = hosts.at(host).postgres->setting("synchronous_standby_names");
  for (const fleet::Host& other : environment.hosts) {
    const auto& standby = hosts.at(other.name).postgres;
    if (!standby || !standby->receiver.streaming || standby->receiver.primary != host) continue;
    fleet::ReplicaFact replica;
    replica.role = standby->receiver.role;
    const std::string cluster = standby->setting("cluster_name");
    replica.application = cluster.empty() ? "walreceiver" : cluster;
    replica.address = other.address;
    replica.state = "streaming";
    replica.sync_state = sync_state(names, view.replicas.size());
    replica.tls = standby->receiver.tls;
    const auto& shown = certificates_in(standby->receiver.certificate);
    if (!shown.empty()) {
      replica.client_serial = shown.front().serial_decimal;
      replica.issuer = shown.front().issuer;
    }
    replica.behind = 0;
    view.sessions.push_back({replica.role, "", replica.address, replica.application, "walsender",
                             replica.tls, replica.tls ? "TLSv1.3" : "", replica.client_serial,
                             replica.issuer});
    view.replicas.push_back(std::move(replica));
    for (fleet::ReplicationSlotFact& slot : view.replication_slots)
      if (slot.name == standby->setting("primary_slot_name")) slot.active = true;
  }
}

}  // namespace fakes
