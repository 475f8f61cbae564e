// SPDX-License-Identifier: PostgreSQL
// What the ledger keeps of an apply beside its acts: who owes what, which data directory each
// database host is, and what each host looked like last.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "ledger/ledger.h"
#include "operations/world.h"
#include "planning/plan.h"

namespace operations {

/// What hosts still have to get, by whose fault. A host owes nothing for waiting for others; but
/// what it was owed before, it is owed until it has it.
struct HeldBack {
  struct Lack {
    std::vector<std::string> steps;
    std::string reason;
  };
  std::map<std::string, Lack> owed;  ///< silent hosts, and those that are held up by themselves
  std::map<std::string, std::vector<std::string>> waiting;  ///< for other hosts, or for a next run
  std::set<std::string> undecided;  ///< hosts without steps because none may be planned for them
};

/// Durable before the first act: who did not answer is owed its steps even where this run is
/// killed.
base::Result<void> record_absent(ledger::Ledger& ledger, const planning::Observed& observed,
                                 const planning::Plan& plan);

/// A host that answered, has no step left and is not undecided is paid. What waits for others is
/// noted, so that its host owes it should it be silent next time.
base::Result<void> record_observed(ledger::Ledger& ledger, const planning::Desired& desired,
                                   const planning::Observed& observed, const planning::Plan& plan,
                                   const HeldBack& held);

/// What `status` shows of one host.
ledger::Observation observation_of(const fleet::Host& host, const planning::HostView& view,
                                   base::Time at);

/// "primary", "standby", "application", or "" where it is not known.
std::string role_of(const fleet::Host& host, const planning::HostView& view);

/// "on" where the certificate on disk is served, "broken" where TLS answers otherwise, "off", "".
std::string tls_of(const planning::HostView& view);

}  // namespace operations
