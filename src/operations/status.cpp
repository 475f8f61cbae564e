// SPDX-License-Identifier: PostgreSQL
#include "operations/status.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "audit/catalogue.h"
#include "audit/silence.h"
#include "operations/desired.h"
#include "operations/observe.h"
#include "operations/record.h"
#include "planning/pairs.h"
#include "x509/issuer.h"

namespace operations {
namespace {

using base::Result;

/// The hosts of an environment by name, and the slots that each shall have, as the ledger writes
/// them. Asked for each row of the ledger, of which there may be tens of thousands.
class Wanted {
  /// Ten thousand are sorted for one status: most names differ in their first bytes, which are
  /// compared as a number.
  struct Name {
    std::uint64_t first_bytes;
    std::string_view name;
    std::size_t place;
    explicit Name(std::string_view word, std::size_t at = 0)
        : first_bytes(0), name(word), place(at) {
      for (std::size_t byte = 0; byte < sizeof first_bytes; ++byte)
        first_bytes =
            first_bytes << 8 | (byte < word.size() ? static_cast<unsigned char>(word[byte]) : 0U);
    }
    bool operator<(const Name& other) const {
      return first_bytes != other.first_bytes ? first_bytes < other.first_bytes : name < other.name;
    }
  };

 public:
  explicit Wanted(const fleet::Environment& environment) : hosts_(environment.hosts) {
    by_name_.reserve(hosts_.size());
    for (std::size_t place = 0; place < hosts_.size(); ++place)
      by_name_.emplace_back(hosts_[place].name, place);
    std::sort(by_name_.begin(), by_name_.end());
    for (const fleet::Identity& identity : environment.identities) {
      for (const std::string& user : identity.os_users)
        holders_[fleet::to_string(fleet::client_slot(identity.name, user))].push_back(
            homes_.size());
      homes_.push_back(homes_of(identity));
    }
  }

  /// The host's place in the environment; null where none is declared by this name. Quick where it
  /// is the host asked for last, or the next by name: so the ledger gives its rows.
  [[nodiscard]] std::optional<std::size_t> place_of(std::string_view host) {
    for (const std::size_t near : {last_, last_ + 1})
      if (near < by_name_.size() && by_name_[near].name == host)
        return by_name_[last_ = near].place;
    const auto found = std::lower_bound(by_name_.begin(), by_name_.end(), Name(host));
    if (found == by_name_.end() || found->name != host) return std::nullopt;
    last_ = static_cast<std::size_t>(found - by_name_.begin());
    return found->place;
  }

  [[nodiscard]] bool wants(std::size_t place, const std::string& slot) const {
    const fleet::Host& host = hosts_[place];
    if (host.database && slot == fleet::to_string(fleet::server_slot(host.name))) return true;
    const auto identities = holders_.find(slot);
    return identities != holders_.end() &&
           std::any_of(identities->second.begin(), identities->second.end(),
                       [&](std::size_t identity) { return homes_[identity][place]; });
  }

 private:
  /// fleet::Environment::lives_on for all hosts at once.
  [[nodiscard]] std::vector<bool> homes_of(const fleet::Identity& identity) {
    std::vector<bool> homes(hosts_.size());
    std::size_t next = 0;  // many hosts are named in the order in which they are declared
    for (const std::string& word : identity.hosts) {
      const bool here = next < hosts_.size() && hosts_[next].name == word;
      if (const auto place = here ? next : place_of(word)) {
        homes[*place] = true;
        next = *place + 1;
      }
      if (word != "@all" && word != "@databases") continue;
      for (std::size_t place = 0; place < hosts_.size(); ++place)
        if (word == "@all" || hosts_[place].database) homes[place] = true;
    }
    return homes;
  }

  const std::vector<fleet::Host>& hosts_;
  std::vector<Name> by_name_;
  std::size_t last_ = 0;                                     ///< in by_name_: the host found last
  std::map<std::string, std::vector<std::size_t>> holders_;  ///< slot → identities, as homes_
  std::vector<std::vector<bool>> homes_;                     ///< of each identity, by place
};

void note_age(const std::string& host, const SlotStatus& slot, base::Findings& findings) {
  const int lifetime = base::days_between(slot.not_before, slot.not_after);
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

SlotStatus slot_of(ledger::SlotSerial&& newest, base::Time at) {
  SlotStatus slot;
  slot.slot = std::move(newest.slot);
  slot.serial = std::move(newest.serial);
  // As the issuer dates a certificate: to decode ten thousand would cost more than all else.
  slot.not_before = newest.intended_at - x509::backdating;
  slot.not_after = newest.not_after;
  slot.days_left = base::days_between(at, slot.not_after);
  return slot;
}

using Served = std::map<std::size_t, std::string>;  ///< serial number, by the host's place

void fill(HostStatus& status, ledger::Observation&& seen) {
  status.role = std::move(seen.role);
  status.version = std::move(seen.version);
  status.tls = std::move(seen.tls);
}

/// Each host as the ledger saw it last, and the newest certificate of each of its slots.
Result<void> read(const ledger::Ledger& ledger, Wanted wanted, base::Time at, StatusReport& report,
                  Served& served) {
  TRY(ledger.observations([&](ledger::Observation seen) {
    const auto place = wanted.place_of(seen.host);
    if (!place) return;
    if (!seen.served_serial.empty()) served[*place] = seen.served_serial;
    fill(report.hosts[*place], std::move(seen));
  }));
  TRY(ledger.newest_issued([&](ledger::SlotSerial newest) {
    const auto place = wanted.place_of(newest.host);
    if (place && wanted.wants(*place, newest.slot))
      report.hosts[*place].slots.push_back(slot_of(std::move(newest), at));
  }));
  report.debts = TRY(ledger.debts());
  if (const auto phase = TRY(ledger.phase())) report.phase = phase->phase;
  return {};
}

/// As the host is seen now. Gives the serial number that it serves, "" none.
std::string see(const fleet::Host& host, const planning::HostView& view, base::Time at,
                HostStatus& status) {
  ledger::Observation now = observation_of(host, view, at);
  status.reachable = now.reachable;
  std::string served = std::move(now.served_serial);
  fill(status, std::move(now));
  return served;
}

/// The phase of the first step still to do; null: none. Every run that has one marks the hosts
/// anew, so their marks do not count.
std::optional<std::string> first_phase(const planning::Plan& plan) {
  for (const planning::PlannedPhase& phase : plan.phases)
    if (phase.phase != planning::Phase::mark) return std::string(planning::name(phase.phase));
  return std::nullopt;
}

/// A machine restored from a snapshot has gone back to a certificate that was replaced since.
void mark_behind(const fleet::Host& host, const planning::HostView& view,
                 const planning::Desired& desired, HostStatus& status) {
  if (!view.answered()) return;
  const auto mark = [&](const fleet::SlotFacts& facts) {
    const std::string name = fleet::to_string(facts.slot);
    const auto slot = std::find_if(status.slots.begin(), status.slots.end(),
                                   [&](const SlotStatus& each) { return each.slot == name; });
    if (slot == status.slots.end() || facts.certificate.empty()) return;
    if (const auto certificate = x509::Certificate::decode_pem(facts.certificate))
      slot->behind = planning::is_behind(host.name + " " + name, *certificate, desired);
  };
  if (view.facts->server_slot) mark(*view.facts->server_slot);
  for (const fleet::SlotFacts& facts : view.facts->client_slots) mark(facts);
}

void mark_served(HostStatus& status, const std::string& served_serial) {
  for (SlotStatus& slot : status.slots)
    if (slot.slot.starts_with("server:")) slot.served = slot.serial == served_serial;
}

void judge_ages(StatusReport& report) {
  for (const HostStatus& status : report.hosts)
    for (const SlotStatus& slot : status.slots) {
      if (!report.good_until || slot.not_after < *report.good_until)
        report.good_until = slot.not_after;
      note_age(status.host, slot, report.findings);
    }
}

}  // namespace

Result<StatusReport> status(World& world, const fleet::Environment& environment,
                            const Operator& who, bool offline) {
  StatusReport report;
  report.offline = offline;
  const base::Time at = world.now();
  const auto ledger = TRY(read_ledger(environment, who, at));
  report.hosts.reserve(environment.hosts.size());
  for (const fleet::Host& host : environment.hosts) report.hosts.emplace_back().host = host.name;
  Served served;
  if (ledger) TRY(read(*ledger, Wanted(environment), at, report, served));
  if (!offline) {
    Observer observer(world, environment, all_hosts(environment));
    const planning::Observed observed = observer.observe();
    const planning::Desired desired =
        TRY(desired_of(environment, ledger ? &*ledger : nullptr, false));
    planning::Plan plan = planning::make_plan(desired, observed);
    report.pending_steps = plan.pending();
    if (!report.phase.empty()) report.phase = first_phase(plan).value_or(report.phase);
    report.findings = std::move(plan.findings);
    for (std::size_t place = 0; place < environment.hosts.size(); ++place) {
      const fleet::Host& host = environment.hosts[place];
      const planning::HostView& view = observed.hosts.at(host.name);
      std::string serial = see(host, view, at, report.hosts[place]);
      mark_behind(host, view, desired, report.hosts[place]);
      served.erase(place);
      if (!serial.empty()) served[place] = std::move(serial);
    }
  }
  for (const auto& [place, serial] : served) mark_served(report.hosts[place], serial);
  judge_ages(report);
  audit::Silencer silencer(environment.silences, at);
  silencer.take_from(report.findings);
  base::append(report.findings, silencer.notes());
  return report;
}

}  // namespace operations
