// SPDX-License-Identifier: PostgreSQL
// Which slots a host shall have, from the configuration alone, and what each shall hold.
#pragma once

#include <string>
#include <vector>

#include "fleet/act.h"
#include "fleet/environment.h"
#include "planning/pairs.h"
#include "planning/world.h"

namespace planning {

/// The client slots that a node is asked to look at: for each (identity, OS user) on `host` its
/// place. The first identity of an OS user lies where libpq looks by itself; it is looked for in
/// its second place too, in case another environment holds the first.
std::vector<fleet::Slot> client_slots(const fleet::Environment& environment,
                                      const fleet::Host& host);

/// What the node on `host` is told at the start of the conversation.
fleet::Brief brief(const fleet::Environment& environment, const fleet::Host& host, base::Time at);

/// The facts of the slots that count on `host`: of the two places of a first identity the one that
/// is in use.
std::vector<const fleet::SlotFacts*> chosen_slots(const fleet::Environment& environment,
                                                  const fleet::HostFacts& facts);

WantedPair wanted_server(const Desired& desired, const fleet::Host& host, base::Time at);
WantedPair wanted_client(const Desired& desired, const fleet::Host& host, const fleet::Slot& slot,
                         base::Time at);

}  // namespace planning
