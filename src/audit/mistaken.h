// SPDX-License-Identifier: PostgreSQL
// Hosts that are not the ones they are taken for: copies, one machine under two names, links that
// lead elsewhere. Pure, and the one check that looks at several hosts side by side.
#pragma once

#include <string>
#include <vector>

#include "base/finding.h"
#include "fleet/environment.h"
#include "fleet/facts.h"

namespace audit {

/// A host as it is declared, and what answered.
struct Answered {
  const fleet::Host* host = nullptr;
  const fleet::HostFacts* facts = nullptr;
};

/// Each finding names its host and keeps the whole host from its steps. `mark`: this ledger's own;
/// a mark of others is told by the preflight. `take_over`: what only looks mistaken is meant so.
///
/// What cannot be known: hosts without a mark whose addresses are declared by name, or lie behind a
/// translation, and which are called as no declared host is. They are believed.
base::Findings mistaken_hosts(const fleet::Environment& environment,
                              const std::vector<Answered>& answers, const fleet::Mark& mark,
                              bool take_over);

}  // namespace audit
