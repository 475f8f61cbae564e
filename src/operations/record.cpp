// SPDX-License-Identifier: PostgreSQL
#include "operations/record.h"

#include "planning/server_settings.h"
#include "x509/certificate.h"

namespace operations {
namespace {

using base::Result;

Result<void> settle_debt(ledger::Ledger& ledger, const std::string& host, bool answered,
                         const HeldBack& held, base::Time at) {
  const auto steps = held.steps.find(host);
  if (steps == held.steps.end()) {
    if (answered && !held.undecided.contains(host)) (void)TRY(ledger.pay_debt(host, at));
    return {};
  }
  ledger::Debt debt;
  debt.host = host;
  debt.since = at;
  debt.operation = "apply";
  debt.steps = steps->second;
  debt.reason = answered ? "its steps could not be carried out" : "it did not answer";
  return ledger.add_debt(debt);
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

Result<void> record_observed(ledger::Ledger& ledger, const planning::Desired& desired,
                             const planning::Observed& observed, const planning::Plan& plan,
                             const HeldBack& held) {
  return ledger.transaction([&]() -> Result<void> {
    for (const fleet::Host& host : desired.environment->hosts) {
      const auto view = observed.hosts.find(host.name);
      if (view == observed.hosts.end()) continue;
      TRY(ledger.record_observation(observation_of(host, view->second, observed.at)));
      TRY(settle_debt(ledger, host.name, view->second.answered(), held, observed.at));
      if (host.database && view->second.answered())
        TRY(pin(ledger, host.name, *view->second.facts, desired.take_over, observed.at));
    }
    if (plan.pending() == 0 && !plan.divided) TRY(ledger.clear_phase(observed.at));
    return {};
  });
}

}  // namespace operations
