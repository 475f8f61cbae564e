// SPDX-License-Identifier: PostgreSQL
// A plan: phases with a gate and steps by host, each with its reason and what will prove it. It is
// never stored to be replayed: to resume is to observe and plan again.
#pragma once

#include <string>
#include <vector>

#include "base/finding.h"
#include "fleet/act.h"
#include "planning/gates.h"
#include "planning/phases.h"
#include "planning/world.h"

namespace planning {

enum class StepState { pending, done, owed, failed };
const char* to_string(StepState state);

struct Step {
  std::string id;  ///< "db1/server:db1/make key", stable from one plan to the next
  std::string host;
  fleet::Act act;
  std::string reason;  ///< what was seen that makes it necessary
  std::string proof;   ///< what will be looked at afterwards
  StepState state = StepState::pending;
};

struct PlannedPhase {
  Phase phase = Phase::mark;
  GateResult gate;
  std::vector<Step> steps;
};

/// What a host that did not answer still has to get.
struct Owed {
  std::string host;
  std::vector<std::string> steps;
};

struct Plan {
  std::vector<PlannedPhase> phases;  ///< in order; those without steps are left out
  std::vector<Owed> owed;
  base::Findings findings;
  bool divided = false;   ///< two primaries of one cluster: nothing is planned for anybody
  bool outdated = false;  ///< hosts have seen a newer ledger: nothing is planned for anybody
  bool undated = false;   ///< the controller's clock is off: nothing is planned, nothing is noted

  /// Whatever was seen, nobody is given anything.
  [[nodiscard]] bool refused() const { return divided || outdated || undated; }

  /// Steps that could be carried out now or after an earlier phase.
  [[nodiscard]] std::size_t pending() const;
};

/// The highest generation of this very ledger that a host remembers, 0 none.
std::int64_t newest_seen(const Desired& desired, const Observed& observed);

/// Pure. Every host that answered is judged anew, whatever the ledger says.
Plan make_plan(const Desired& desired, const Observed& observed);

}  // namespace planning
