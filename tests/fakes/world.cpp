// SPDX-License-Identifier: PostgreSQL
#include "fakes/world.h"

#include <fmt/format.h>

#include <utility>

#include "fakes/libpq.h"
#include "link/codec.h"

namespace fakes {

using base::Code;
using base::Result;

const char* to_string(Way way) {
  static constexpr const char* names[way_count] = {
      "error",       "lost-before",   "lost-after",    "no-answer",      "power-before",
      "power-after", "killed-within", "power-within",  "gone-for-phase", "gone",
      "failover",    "delay",         "pgseal-before", "pgseal-after"};
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
    return end(Result<fleet::ServedFacts>(world_.served_at(query)), verdict);
  }

 private:
  /// Error where the answer does not come; `verdict.act` says whether the host acts all the same.
  Result<void> begin(MessageKind kind, const std::string& what, const links::Query& query,
                     World::Verdict& verdict) {
    if (dead()) {
      world_.heard[host_.name] = false;
      verdict.act = false;
      return lost(host_.name);
    }
    if (world_.on_text) world_.on_text(links::encode_request(1, query));
    verdict = world_.next(kind, host_.name, what);
    if (!verdict.error) return {};
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
      return lost(host_.name);
    }
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
      return lost(host_.name);
    }
    if (world_.on_text)
      world_.on_text(answer ? links::encode_answer(1, *answer)
                            : links::encode_error(1, answer.error()));
    if (verdict.power_after) {
      world_.cut(host_.name);
      world_.power_cycle(host_.name);
      ended();
      return lost(host_.name);
    }
    ended();
    if (verdict.pgseal_after) world_.die();
    return answer;
  }

  void ended() {
    if (world_.after_message) world_.after_message();
  }

  [[nodiscard]] bool dead() const {
    return world_.pgseal_dead() || world_.gone(host_.name) || world_.epoch(host_.name) != epoch_;
  }

  World& world_;
  const fleet::Host& host_;
  fleet::Brief brief_;
  int epoch_;
};

}  // namespace

void World::copy_from(const World& other) {
  environment = other.environment;
  hosts = other.hosts;
  clock = other.clock;
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
  if (after_message) after_message();
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
  if (after_message) after_message();
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
}

void World::repair() {
  gone_.clear();
  gone_for_phase_.clear();
  pgseal_dead_ = false;
  stopped.clear();
  for (auto& [name, host] : hosts)
    if (host.postgres && !host.postgres->running) host.postgres->start(host.disk, clock);
}

bool World::can_fail_over() const {
  for (const auto& [name, host] : hosts)
    if (host.postgres && host.postgres->running && host.postgres->in_recovery) return true;
  return false;
}

void World::fail_over() {
  std::string name_of_primary;
  Postgres* primary = nullptr;
  Postgres* standby = nullptr;
  for (auto& [name, host] : hosts) {
    if (!host.postgres || !host.postgres->running) continue;
    Postgres*& role = host.postgres->in_recovery ? standby : primary;
    if (role != nullptr) continue;
    role = &*host.postgres;
    if (!role->in_recovery) name_of_primary = name;
  }
  if (standby == nullptr) return;
  if (primary != nullptr) {
    primary->stop();
    stopped.insert(name_of_primary);
    primary->in_recovery = true;  // it comes back as a standby of the new one
  }
  standby->in_recovery = false;
  ++standby->timeline;
}

}  // namespace fakes
