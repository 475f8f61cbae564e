// SPDX-License-Identifier: PostgreSQL
#include "planning/plan.h"

#include <fmt/format.h>

#include <iterator>
#include <map>
#include <utility>

#include "audit/catalogue.h"
#include "audit/mistaken.h"
#include "audit/preflight.h"
#include "planning/host_plan.h"

namespace planning {
namespace {

base::Finding unreachable(const std::string& host, const base::Error& error) {
  base::Finding found = base::finding_of(error, "host.unreachable");
  found.host = host;
  return found;
}

audit::Expected expected_of(const Desired& desired, const std::string& host) {
  audit::Expected expected;
  expected.mark = desired.mark;
  expected.mark.generation = desired.seen_generation;
  expected.take_over = desired.take_over;
  const auto pin = desired.pins.find(host);
  if (pin != desired.pins.end()) expected.system_identifier = pin->second;
  return expected;
}

/// By how much the controller's clock is behind what most hosts say, 0 where that can be.
std::int64_t controller_behind(const Observed& observed) {
  std::vector<std::int64_t> ahead;
  for (const auto& [name, view] : observed.hosts)
    if (view.answered()) ahead.push_back(view.clock_ahead);
  return audit::controller_behind(std::move(ahead));
}

/// Two primaries among the database hosts of one environment: which one clients should trust cannot
/// be known, so nothing is changed anywhere.
base::Findings check_primaries(const Observed& observed) {
  std::map<std::string, std::string> first;  // cluster → its first primary
  base::Findings findings;
  for (const auto& [name, view] : observed.hosts) {
    const fleet::ServerFacts* server =
        view.answered() ? fleet::answering_server(*view.facts) : nullptr;
    if (server == nullptr || server->in_recovery) continue;
    const auto [known, alone] = first.emplace(server->system_identifier, name);
    if (alone) continue;
    base::Finding found = audit::finding(
        "server.two-primaries", fmt::format("\"{}\" and \"{}\" are both primaries of cluster {}",
                                            known->second, name, server->system_identifier));
    found.host = name;
    found.hint = "Find out which one is right and stop the other before anything is changed.";
    findings.push_back(std::move(found));
  }
  return findings;
}

/// An old copy of the ledger knows too little of every host, also of those that the newer one did
/// not touch: what it would do to them, the newer one may have undone or forbidden.
bool is_outdated(const Desired& desired, const Observed& observed) {
  return !desired.take_over && newest_seen(desired, observed) > desired.seen_generation;
}

/// Side by side, so that copies and swapped links show; by host.
std::map<std::string, base::Findings> check_mistaken(const Desired& desired,
                                                     const Observed& observed) {
  std::vector<audit::Answered> answers;
  for (const fleet::Host& host : desired.environment->hosts) {
    const auto found = observed.hosts.find(host.name);
    if (found != observed.hosts.end() && found->second.answered())
      answers.push_back({&host, &*found->second.facts});
  }
  std::map<std::string, base::Findings> by_host;
  for (base::Finding& found :
       audit::mistaken_hosts(*desired.environment, answers, desired.mark, desired.take_over))
    by_host[found.host].push_back(std::move(found));
  return by_host;
}

/// A server that says it runs, and that nobody reaches where its clients would.
void check_reached(const fleet::Host& host, const HostView& view, base::Findings& findings) {
  const fleet::ServerFacts* server = fleet::answering_server(*view.facts);
  if (!host.database || server == nullptr || view.served.answered) return;
  base::Finding found =
      audit::finding("server.unproven",
                     fmt::format("server on \"{}\" could not be asked from outside, at {} port {}",
                                 host.name, host.address, server->port));
  found.detail = view.served.problem;
  found.hint = fmt::format(
      "Its listen_addresses is '{}': let it listen where clients reach it, look at the firewall, "
      "or "
      "correct address in its [[host]].",
      server->listen_addresses);
  found.host = host.name;
  found.slot = fleet::to_string(fleet::server_slot(host.name));
  findings.push_back(std::move(found));
}

/// `hosts`: how many there are; a step is large, and moving thousands again and again shows.
void collect(std::map<Phase, std::vector<Step>>& all, StepsByPhase&& some, std::size_t hosts) {
  for (auto& [phase, steps] : some) {
    std::vector<Step>& place = all[phase];
    if (place.empty()) place.reserve(hosts);
    std::move(steps.begin(), steps.end(), std::back_inserter(place));
  }
}

}  // namespace

const char* to_string(StepState state) {
  switch (state) {
    case StepState::pending:
      return "pending";
    case StepState::done:
      return "done";
    case StepState::owed:
      return "owed";
    case StepState::failed:
      return "failed";
  }
  return "pending";
}

std::size_t Plan::pending() const {
  std::size_t count = 0;
  for (const PlannedPhase& phase : phases) count += phase.steps.size();
  return count;
}

std::int64_t newest_seen(const Desired& desired, const Observed& observed) {
  std::int64_t newest = 0;
  for (const auto& [name, view] : observed.hosts) {
    if (!view.answered() || !view.facts->mark) continue;
    const fleet::Mark& mark = *view.facts->mark;
    if (mark.same_ledger(desired.mark)) newest = std::max(newest, mark.generation);
  }
  return newest;
}

Plan make_plan(const Desired& desired, const Observed& observed) {
  Plan plan;
  const std::int64_t behind = controller_behind(observed);
  plan.findings = audit::preflight_controller(behind);
  plan.undated = behind != 0;
  base::Findings primaries = check_primaries(observed);
  plan.divided = !primaries.empty();
  base::append(plan.findings, std::move(primaries));
  plan.outdated = is_outdated(desired, observed);
  std::map<std::string, base::Findings> mistaken = check_mistaken(desired, observed);
  std::map<Phase, std::vector<Step>> steps;
  for (const fleet::Host& host : desired.environment->hosts) {
    const auto found = observed.hosts.find(host.name);
    if (found == observed.hosts.end()) continue;  // not asked: apply --host
    const HostView& view = found->second;
    if (!view.answered()) {
      plan.findings.push_back(unreachable(host.name, *view.silence));
      Owed owed{host.name, owed_steps(desired, host, observed.at)};
      if (!owed.steps.empty()) plan.owed.push_back(std::move(owed));
      continue;
    }
    base::Findings findings =
        audit::preflight(*desired.environment, host, *view.facts, expected_of(desired, host.name),
                         view.clock_ahead - behind);
    base::append(findings, std::move(mistaken[host.name]));
    check_reached(host, view, findings);
    StepsByPhase own = host_steps(desired, host, observed, findings);
    const bool chosen = desired.only.empty() || desired.only.contains(host.name);
    if (chosen && !plan.refused())
      collect(steps, std::move(own), desired.environment->hosts.size());
    base::append(plan.findings, std::move(findings));
  }
  for (const PhaseRow& row : phase_table()) {
    const auto found = steps.find(row.phase);
    if (found == steps.end()) continue;
    plan.phases.push_back(
        {row.phase, check(row.gate, desired, observed), std::move(found->second)});
  }
  return plan;
}

}  // namespace planning
