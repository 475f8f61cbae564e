// SPDX-License-Identifier: PostgreSQL
// The steps of one host, phase by phase, from what was seen there.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "planning/plan.h"

namespace planning {

using StepsByPhase = std::map<Phase, std::vector<Step>>;

/// Steps of a host that answered. `findings` are its preflight's: what they block gets no step;
/// further ones about its slots and settings are added.
StepsByPhase host_steps(const Desired& desired, const fleet::Host& host, const Observed& observed,
                        base::Findings& findings);

/// What a silent host lacks as far as the ledger knows: slots that were never installed there, or
/// not whole, and those whose certificate is due; then what waited for others when it last
/// answered.
std::vector<std::string> owed_steps(const Desired& desired, const fleet::Host& host, base::Time at);

}  // namespace planning
