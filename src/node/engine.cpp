// SPDX-License-Identifier: PostgreSQL
#include "node/engine.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <utility>

#include "base/text.h"
#include "node/connect.h"
#include "node/machine.h"
#include "node/source.h"
#include "server/sql.h"
#include "slots/mark.h"

namespace node {
namespace {

using base::Code;
using base::Result;

base::Time system_clock() {
  return std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
}

slots::HostWorld with_clock(slots::HostWorld world) {
  if (!world.now) world.now = system_clock;
  return world;
}

server::ServerPlaces places_of(const slots::HostWorld& world) {
  server::ServerPlaces places;
  places.pgseal = world.etc;
  return places;
}

}  // namespace

Engine::Engine(const fleet::Brief& brief, fleet::Prober& prober, slots::HostWorld world)
    : brief_(brief),
      prober_(prober),
      world_(with_clock(std::move(world))),
      server_(brief_, places_of(world_)),
      slots_(brief_.environment, world_, [this] { return server_.os_user(); }) {}

Result<std::unique_ptr<Engine>> Engine::make(const fleet::Brief& brief, fleet::Prober& prober,
                                             slots::HostWorld world) {
  if (::geteuid() != 0)
    return base::error(Code::refused_preflight, "pgseal-node must be run by root")
        .with_detail(fmt::format("It runs as user id {}.", ::geteuid()))
        .with_hint("Let ssh log in as root, or as a user who may run it with \"sudo -n\".");
  TRY(host::check_component("the environment's name", brief.environment));
  TRY(server::require_libpq());
  return std::unique_ptr<Engine>(new Engine(brief, prober, std::move(world)));
}

// ---- queries ------------------------------------------------------------------------------------

void Engine::observe_mark(fleet::HostFacts& facts) const {
  auto mark = slots::read_mark(world_.etc, brief_.environment);
  if (mark)
    facts.mark = std::move(*mark);
  else
    facts.findings.push_back(base::finding_of(mark.error(), "mark"));
}

/// One slot that cannot be looked at is a finding; the others are looked at all the same.
void Engine::observe_slots(fleet::HostFacts& facts) {
  std::vector<fleet::Slot> slots = brief_.client_slots;
  if (brief_.database) slots.push_back(fleet::server_slot(brief_.host));
  auto looked = slots_.look(slots);
  for (std::size_t i = 0; i < slots.size(); ++i) {
    fleet::SlotFacts unseen;
    if (!looked[i]) {
      auto finding = base::finding_of(looked[i].error(), "slot.unseen");
      finding.slot = fleet::to_string(slots[i]);
      facts.findings.push_back(std::move(finding));
      unseen.slot = slots[i];
      unseen.unsafe = looked[i].error().message;
    }
    fleet::SlotFacts seen = looked[i] ? std::move(*looked[i]) : std::move(unseen);
    if (slots[i].kind == fleet::SlotKind::server)
      facts.server_slot = std::move(seen);
    else
      facts.client_slots.push_back(std::move(seen));
  }
}

Result<fleet::HostFacts> Engine::observe() {
  server_.search_anew();
  fleet::HostFacts facts;
  facts.host = brief_.host;
  facts.clock = world_.now().time_since_epoch().count();
  observe_machine(facts);
  observe_mark(facts);
  observe_slots(facts);
  server_.observe(facts);
  for (const fleet::SourceOrder& order : brief_.sources)
    facts.sources.push_back(read_source(order));
  for (base::Finding& finding : facts.findings) finding.host = brief_.host;
  return facts;
}

Result<fleet::ConnectReport> Engine::connect(const fleet::ConnectQuery& query) {
  return connect_as(query, brief_);
}

Result<fleet::ServedFacts> Engine::handshake(const fleet::HandshakeQuery& query) {
  fleet::ServedFacts served = prober_.handshake(query);
  served.asked_from = brief_.host;
  return served;
}

// ---- acts ---------------------------------------------------------------------------------------

/// A slot of an act must be this host's own by the hello: another's name would be a mix-up.
bool Engine::concerns_this_host(const fleet::Slot& slot) const {
  if (slot.kind == fleet::SlotKind::server) return brief_.database && slot.name == brief_.host;
  return std::find(brief_.client_slots.begin(), brief_.client_slots.end(), slot) !=
         brief_.client_slots.end();
}

Result<fleet::Answer> Engine::perform(const fleet::Act& act) {
  enum class About { host, slot, server, standby };  // standby: of a client's pair and the server
  struct Entry {
    fleet::ActKind kind;
    About about;
    Result<fleet::Answer> (Engine::*deed)(const fleet::Act&);
  };
  using fleet::ActKind;
  static constexpr std::array<Entry, 9> table{{
      {ActKind::mark_host, About::host, &Engine::mark_host},
      {ActKind::make_key, About::slot, &Engine::make_key},
      {ActKind::install_certificate, About::slot, &Engine::install_certificate},
      {ActKind::install_trust, About::slot, &Engine::install_trust},
      {ActKind::write_server_settings, About::server, &Engine::write_server_settings},
      {ActKind::reload, About::server, &Engine::reload},
      {ActKind::archive_slot, About::slot, &Engine::archive_slot},
      {ActKind::write_replication_settings, About::standby, &Engine::write_replication},
      {ActKind::reconnect_walreceiver, About::standby, &Engine::reconnect_walreceiver},
  }};
  const auto* entry = std::find_if(table.begin(), table.end(),
                                   [&](const Entry& one) { return one.kind == act.kind; });
  if (entry == table.end())
    return base::error(Code::protocol_unknown, "the act is not one of the list");
  if ((entry->about == About::slot || entry->about == About::standby) &&
      !concerns_this_host(act.slot))
    return base::error(Code::protocol_value, fmt::format("{} is no slot of host \"{}\"",
                                                         fleet::to_string(act.slot), brief_.host));
  if ((entry->about == About::server || entry->about == About::standby) && !brief_.database)
    return base::error(Code::protocol_value,
                       fmt::format("host \"{}\" is no database host", brief_.host));
  const host::HostLock lock = TRY(host::HostLock::take(world_.lock, world_.now()));
  server_.search_anew();
  auto answer = (this->*entry->deed)(act);
  if (!answer) return std::move(answer).error().during(fleet::to_string(act.kind));
  return answer;
}

Result<fleet::Answer> Engine::mark_host(const fleet::Act& act) {
  return slots::mark_host({world_.etc, brief_.environment, brief_.host, world_.now()}, act);
}
Result<fleet::Answer> Engine::make_key(const fleet::Act& act) { return slots_.make_key(act); }
Result<fleet::Answer> Engine::install_certificate(const fleet::Act& act) {
  return slots_.install_certificate(act);
}
Result<fleet::Answer> Engine::install_trust(const fleet::Act& act) {
  return slots_.install_trust(act);
}
Result<fleet::Answer> Engine::write_server_settings(const fleet::Act& act) {
  return server_.write_settings(act);
}
Result<fleet::Answer> Engine::reload(const fleet::Act& act) { return server_.reload(act); }
Result<fleet::Answer> Engine::write_replication(const fleet::Act& act) {
  return server_.write_replication(act);
}
Result<fleet::Answer> Engine::reconnect_walreceiver(const fleet::Act& act) {
  return server_.reconnect_walreceiver(act);
}
Result<fleet::Answer> Engine::archive_slot(const fleet::Act& act) {
  return slots_.archive_slot(act);
}

}  // namespace node
