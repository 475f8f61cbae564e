// SPDX-License-Identifier: PostgreSQL
// Gates: what must hold before a phase. One enumerator, one pure function, so that a gate can be
// printed, tested and can say who blocks. A silent host that the phase could break blocks; any
// other is owed. What is *served* counts, not what lies on disk.
#pragma once

#include <string>
#include <vector>

#include "planning/phases.h"
#include "planning/world.h"

namespace planning {

struct GateResult {
  Gate gate = Gate::none;
  std::vector<std::string> blockers;  ///< "db3: did not answer"

  [[nodiscard]] bool holds() const { return blockers.empty(); }
};

GateResult check(Gate gate, const Desired& desired, const Observed& observed);

}  // namespace planning
