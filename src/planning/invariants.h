// SPDX-License-Identifier: PostgreSQL
// What must hold whatever is done, as functions over what was seen. Gates say when a phase may
// start; this says, without asking them, whether it would break anybody: a plan that is wrong in
// spite of its gates is caught before its first act.
#pragma once

#include <string>
#include <vector>

#include "planning/plan.h"

namespace planning {

/// A client that takes a server's certificate today, or whose certificate that server takes, and
/// would not any more.
struct CutOff {
  std::string client;  ///< "client:deploy@deploy on app1"
  std::string server;  ///< "db1"
  std::string why;
};

/// Whom `steps`, all carried out, would cut off. Counts what servers have loaded, not their files:
/// a server that has not reloaded still has the old ones in memory. Hosts that did not answer are
/// unknown here; the gates answer for those.
std::vector<CutOff> cut_off_by(const std::vector<const Step*>& steps, const Desired& desired,
                               const Observed& observed);

}  // namespace planning
