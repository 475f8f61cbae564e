// SPDX-License-Identifier: PostgreSQL
// Gates: what must hold before a phase. One enumerator, one pure function, so that a gate can be
// printed, tested and can say who blocks. A silent host that the phase could break blocks; any
// other is owed. What is *served* counts, not what lies on disk.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "planning/phases.h"
#include "planning/world.h"

namespace planning {

struct Blocker {
  std::string host;
  std::string reason;  ///< "did not answer", "serves another certificate than its own"
};

struct GateResult {
  Gate gate = Gate::none;
  std::vector<Blocker> blockers;
  std::set<std::string> blocked;  ///< the blockers' hosts

  [[nodiscard]] bool holds() const { return blockers.empty(); }
  /// Whether a step on `host` may start.
  [[nodiscard]] bool lets(const std::string& host) const;
};

GateResult check(Gate gate, const Desired& desired, const Observed& observed);

}  // namespace planning
