// SPDX-License-Identifier: PostgreSQL
// What is desired beyond the configuration: what the ledger owns. Before the first apply there is
// no ledger, and that is normal.
#pragma once

#include <optional>

#include "ledger/ledger.h"
#include "operations/world.h"
#include "planning/world.h"

namespace operations {

ledger::Holder holder(const Operator& who);

/// The ledger for reading, or null where there is none yet.
base::Result<std::optional<ledger::Ledger>> read_ledger(const fleet::Environment& environment,
                                                        const Operator& who, base::Time at);

/// The configuration times the ledger. `marked_now`: this run has marked hosts itself.
base::Result<planning::Desired> desired_of(const fleet::Environment& environment,
                                           const ledger::Ledger* ledger, bool marked_now);

}  // namespace operations
