// SPDX-License-Identifier: PostgreSQL
// Which machine this is: what it is called, where it is reached, and what tells it from its copies.
#pragma once

#include "fleet/facts.h"

namespace node {

/// Machine id, running system, names, addresses, operating system and the node's version. What a
/// host lacks of them stays empty: no failure of the observation.
void observe_machine(fleet::HostFacts& facts);

}  // namespace node
