// SPDX-License-Identifier: PostgreSQL
// Applying: observe, plan, carry out the first phase whose gate lets it, observe again, plan again,
// until nothing is left. A phase is proved by the next observation: a step that is still in the
// plan after it was done did not do what it said.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "operations/desired.h"
#include "operations/world.h"
#include "planning/plan.h"

namespace operations {

struct ApplyOptions {
  std::string hosts;  ///< pattern; empty: all
  bool replace = false;
  bool take_over = false;
};

/// What came of it: every step that was planned at some point, with its last state.
struct ApplyReport {
  planning::Plan plan;  ///< phases with their steps' states
  std::vector<ledger::Debt> debts;
  bool changed = false;
  bool interrupted = false;
};

/// Shown the plan before the first act; an error, which apply ends with: nothing is done.
using Confirm = std::function<base::Result<void>(const planning::Plan&)>;

/// What a person is asked on the way.
struct Questions {
  Confirm confirm;
  PassphraseSource passphrase;
  bool passphrase_at_hand = false;  ///< nobody is asked for it
};

base::Result<ApplyReport> apply(World& world, const fleet::Environment& environment,
                                const Operator& who, const ApplyOptions& options,
                                const Questions& questions);

/// Observes and plans, changes nothing, needs no state folder.
base::Result<ApplyReport> plan_only(World& world, const fleet::Environment& environment,
                                    const Operator& who, const ApplyOptions& options);

}  // namespace operations
