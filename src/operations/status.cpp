// SPDX-License-Identifier: PostgreSQL
#include "operations/status.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "audit/catalogue.h"
#include "audit/silence.h"
#include "operations/desired.h"
#include "operations/observe.h"
#include "operations/record.h"
#include "planning/wanted.h"
#include "x509/issuer.h"

namespace operations {
namespace {

using base::Result;

/// The newest certificate of each slot, by host.
using Issued = std::map<std::string, std::map<std::string, ledger::SlotSerial>>;

Result<Issued> issued_by_host(const ledger::Ledger& ledger) {
  Issued issued;
  for (ledger::SlotSerial& newest : TRY(ledger.newest_issued()))
    issued[newest.host][newest.slot] = std::move(newest);
  return issued;
}

/// The slots that each host shall have, as the ledger writes them.
std::map<std::string, std::set<std::string>> wanted_slots(const fleet::Environment& environment) {
  std::map<std::string, std::set<std::string>> wanted;
  for (const fleet::Host& host : environment.hosts)
    if (host.database) wanted[host.name].insert(fleet::to_string(fleet::server_slot(host.name)));
  for (const auto& [host, slots] : planning::client_slots_by_host(environment))
    for (const fleet::Slot& slot : slots) wanted[host].insert(fleet::to_string(slot));
  return wanted;
}

void note_age(const std::string& host, const SlotStatus& slot, const ledger::SlotSerial& record,
              base::Findings& findings) {
  // As the issuer dates a certificate: to decode ten thousand would cost more than all else.
  const int lifetime = base::days_between(record.intended_at - x509::backdating, record.not_after);
  const bool expired = slot.days_left < 0;
  if (!expired && slot.days_left * 3 > lifetime) return;
  base::Finding found =
      audit::finding(expired ? "certificate.expired" : "certificate.due",
                     fmt::format("certificate of {} on \"{}\": {} of {} days left", slot.slot, host,
                                 slot.days_left, lifetime));
  found.host = host;
  found.slot = slot.slot;
  found.hint = "Run pgseal apply: it renews what is due.";
  findings.push_back(std::move(found));
}

void add_slots(const std::set<std::string>& wanted, const Issued& issued, base::Time at,
               StatusReport& report) {
  HostStatus& status = report.hosts.back();
  const auto of_host = issued.find(status.host);
  if (of_host == issued.end()) return;
  for (const std::string& name : wanted) {
    const auto record = of_host->second.find(name);
    if (record == of_host->second.end()) continue;
    SlotStatus slot;
    slot.slot = name;
    slot.serial = record->second.serial;
    slot.not_after = record->second.not_after;
    slot.days_left = base::days_between(at, slot.not_after);
    if (!report.good_until || slot.not_after < *report.good_until)
      report.good_until = slot.not_after;
    note_age(status.host, slot, record->second, report.findings);
    status.slots.push_back(std::move(slot));
  }
}

void fill(HostStatus& status, const ledger::Observation& seen) {
  status.role = seen.role;
  status.version = seen.version;
  status.tls = seen.tls;
}

void mark_served(HostStatus& status, const std::string& served_serial) {
  if (served_serial.empty()) return;
  for (SlotStatus& slot : status.slots)
    if (slot.slot.starts_with("server:")) slot.served = slot.serial == served_serial;
}

}  // namespace

Result<StatusReport> status(World& world, const fleet::Environment& environment,
                            const Operator& who, bool offline) {
  StatusReport report;
  report.offline = offline;
  const base::Time at = world.now();
  const auto ledger = TRY(read_ledger(environment, who, at));
  planning::Observed observed;
  if (!offline) {
    Observer observer(world, environment, all_hosts(environment));
    observed = observer.observe();
    const planning::Desired desired =
        TRY(desired_of(environment, ledger ? &*ledger : nullptr, false));
    report.findings = planning::make_plan(desired, observed).findings;
  }
  std::map<std::string, ledger::Observation> last;
  Issued issued;
  if (ledger) {
    for (ledger::Observation& seen : TRY(ledger->observations())) last[seen.host] = std::move(seen);
    issued = TRY(issued_by_host(*ledger));
    report.debts = TRY(ledger->debts());
    if (const auto phase = TRY(ledger->phase())) report.phase = phase->phase;
  }
  auto wanted = wanted_slots(environment);
  for (const fleet::Host& host : environment.hosts) {
    report.hosts.emplace_back().host = host.name;
    const auto now = observed.hosts.find(host.name);
    const ledger::Observation seen =
        now == observed.hosts.end() ? last[host.name] : observation_of(host, now->second, at);
    fill(report.hosts.back(), seen);
    if (!offline) report.hosts.back().reachable = seen.reachable;
    add_slots(wanted[host.name], issued, at, report);
    mark_served(report.hosts.back(), seen.served_serial);
  }
  audit::Silencer silencer(environment.silences, at);
  silencer.take_from(report.findings);
  base::append(report.findings, silencer.notes());
  return report;
}

}  // namespace operations
