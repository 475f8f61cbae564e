// SPDX-License-Identifier: PostgreSQL
#include "operations/record.h"

#include <algorithm>

#include "audit/catalogue.h"
#include "planning/server_settings.h"
#include "x509/certificate.h"

namespace operations {
namespace {

using base::Result;

constexpr const char* silent = "it did not answer";
constexpr const char* waits = "it answers again, and waits for other hosts";

using Debts = std::map<std::string, ledger::Debt>;  // by host

Result<Debts> debts_by_host(const ledger::Ledger& ledger) {
  Debts debts;
  for (ledger::Debt& debt : TRY(ledger.debts())) debts[debt.host] = std::move(debt);
  return debts;
}

Result<void> owe(ledger::Ledger& ledger, const std::string& host, HeldBack::Lack lack,
                 base::Time at) {
  return ledger.add_debt({host, at, "apply", std::move(lack.steps), std::move(lack.reason)});
}

bool contains(const std::vector<std::string>& list, const std::string& item) {
  return std::find(list.begin(), list.end(), item) != list.end();
}

/// What a host that does not answer was owed before, it is owed still.
HeldBack::Lack together(const ledger::Debt& before, HeldBack::Lack now) {
  for (const std::string& step : before.steps)
    if (!contains(now.steps, step)) now.steps.push_back(step);
  return now;
}

/// Of what the host was owed, what it has not got: a slot stays until it holds a pair, an act until
/// it is planned no more.
std::vector<std::string> unpaid(const ledger::Debt& before, const planning::Desired& desired,
                                const std::vector<std::string>& waiting) {
  std::vector<std::string> rest;
  for (const std::string& step : before.steps) {
    const bool planned = std::any_of(waiting.begin(), waiting.end(), [&](const std::string& act) {
      return act.ends_with(" " + step);
    });
    const bool slot_lacks = planned && !desired.settled.contains(before.host + " " + step);
    if (slot_lacks || contains(waiting, step)) rest.push_back(step);
  }
  return rest;
}

/// Who owes what after this run.
class Settlement {
 public:
  Settlement(ledger::Ledger& ledger, const planning::Desired& desired, const HeldBack& held,
             Debts debts)
      : ledger_(ledger), desired_(desired), held_(held), debts_(std::move(debts)) {}

  Result<void> settle(const std::string& host, bool answered, base::Time at) {
    const auto before = debts_.find(host);
    if (const auto lack = held_.owed.find(host); lack != held_.owed.end()) {
      const bool more = !answered && before != debts_.end();
      return owe(ledger_, host, more ? together(before->second, lack->second) : lack->second, at);
    }
    if (before == debts_.end() || !answered || held_.undecided.contains(host)) return {};
    if (const auto waiting = held_.waiting.find(host); waiting != held_.waiting.end()) {
      auto rest = unpaid(before->second, desired_, waiting->second);
      if (!rest.empty()) return owe(ledger_, host, {std::move(rest), waits}, at);
    }
    (void)TRY(ledger_.pay_debt(host, at));
    return {};
  }

 private:
  ledger::Ledger& ledger_;
  const planning::Desired& desired_;
  const HeldBack& held_;
  Debts debts_;
};

/// A host that answered may be silent next time: then nothing else tells what it still lacks.
Result<void> note_waiting(ledger::Ledger& ledger, const planning::Desired& desired,
                          const HeldBack& held, const std::string& host, base::Time at) {
  if (held.undecided.contains(host)) return {};
  const auto steps_in = [&](const auto& all) {
    const auto found = all.find(host);
    return found == all.end() ? std::vector<std::string>() : found->second;
  };
  const std::vector<std::string> now = steps_in(held.waiting);
  return now == steps_in(desired.waiting) ? Result<void>() : ledger.set_waiting(host, now, at);
}

/// Set once, at the first apply that acted on the host; changed only by --take-over.
Result<void> pin(ledger::Ledger& ledger, const std::string& host, const fleet::HostFacts& facts,
                 bool take_over, base::Time at) {
  if (!facts.server || facts.server->system_identifier.empty()) return {};
  const auto pinned = TRY(ledger.find_pin(host));
  if (pinned && (!take_over || pinned->system_identifier == facts.server->system_identifier))
    return {};
  return ledger.set_pin({host, facts.server->system_identifier, facts.machine_id, at});
}

/// True where a finding keeps the whole host: what answered is perhaps not the one that is meant.
bool kept_whole(const planning::Plan& plan, const std::string& host) {
  return std::any_of(plan.findings.begin(), plan.findings.end(), [&](const auto& found) {
    return found.host == host && found.slot.empty() && audit::blocks(found.code);
  });
}

}  // namespace

std::string role_of(const fleet::Host& host, const planning::HostView& view) {
  if (!host.database) return "application";
  const fleet::ServerFacts* server =
      view.answered() ? fleet::answering_server(*view.facts) : nullptr;
  if (server == nullptr) return "";
  return server->in_recovery ? "standby" : "primary";
}

std::string tls_of(const planning::HostView& view) {
  if (!view.served.answered) return "";
  if (!view.served.tls) return "off";
  if (!view.answered()) return "on";
  return planning::serves_own(view) ? "on" : "broken";
}

ledger::Observation observation_of(const fleet::Host& host, const planning::HostView& view,
                                   base::Time at) {
  ledger::Observation seen;
  seen.host = host.name;
  seen.at = at;
  seen.reachable = view.answered();
  seen.role = role_of(host, view);
  if (view.answered() && view.facts->server) seen.version = view.facts->server->version_text;
  seen.tls = tls_of(view);
  if (!view.served.certificate.empty()) {
    const auto served = x509::Certificate::decode_pem(view.served.certificate);
    if (served) seen.served_serial = served->serial_hex;
  }
  return seen;
}

Result<void> record_absent(ledger::Ledger& ledger, const planning::Observed& observed,
                           const planning::Plan& plan) {
  if (plan.owed.empty()) return {};
  return ledger.transaction([&]() -> Result<void> {
    const Debts debts = TRY(debts_by_host(ledger));
    for (const planning::Owed& owed : plan.owed) {
      const auto before = debts.find(owed.host);
      HeldBack::Lack lack{owed.steps, silent};
      if (before != debts.end()) lack = together(before->second, std::move(lack));
      TRY(owe(ledger, owed.host, std::move(lack), observed.at));
    }
    return {};
  });
}

Result<void> record_observed(ledger::Ledger& ledger, const planning::Desired& desired,
                             const planning::Observed& observed, const planning::Plan& plan,
                             const HeldBack& held) {
  return ledger.transaction([&]() -> Result<void> {
    Settlement settlement(ledger, desired, held, TRY(debts_by_host(ledger)));
    for (const fleet::Host& host : desired.environment->hosts) {
      const auto view = observed.hosts.find(host.name);
      if (view == observed.hosts.end()) continue;
      TRY(ledger.record_observation(observation_of(host, view->second, observed.at)));
      TRY(settlement.settle(host.name, view->second.answered(), observed.at));
      if (view->second.answered()) TRY(note_waiting(ledger, desired, held, host.name, observed.at));
      if (host.database && view->second.answered() && !kept_whole(plan, host.name))
        TRY(pin(ledger, host.name, *view->second.facts, desired.take_over, observed.at));
    }
    if (plan.refused()) return {};
    if (plan.pending() == 0) return ledger.clear_phase(observed.at);
    // What is left may wait in a later phase than the last that was begun.
    const auto begun = TRY(ledger.phase());
    if (!begun) return {};
    return ledger.set_phase(
        {begun->operation, std::string(planning::name(plan.phases.front().phase)), observed.at});
    return {};
  });
}

}  // namespace operations
