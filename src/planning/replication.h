// SPDX-License-Identifier: PostgreSQL
// The standbys' connections: what each one lacks, and whether it may be let go of for the moment
// that its reconnection takes.
#pragma once

#include <set>
#include <string>

#include "planning/gates.h"
#include "planning/world.h"

namespace planning {

struct StandbyJudgement {
  fleet::ActKind act = fleet::ActKind::write_replication_settings;
  fleet::Slot slot;    ///< whose pair it shall show
  std::string reason;  ///< "" where nothing is to be done, or nothing can be
  base::Findings findings;
};

/// Judges a database host that answered; a server that is no standby needs nothing. Its primary's
/// view counts beside its own: what the standby says of its connection is proven where the primary
/// sees a certificate of this host.
StandbyJudgement judge_standby(const Desired& desired, const fleet::Host& host,
                               const Observed& observed);

/// The hosts whose servers the standby's string may lead to; empty where it is no standby or did
/// not answer.
std::set<std::string> followed_by(const Desired& desired, const Observed& observed,
                                  const std::string& standby);

/// Gate::standby_spared: blockers are of the standby itself. Of handshakes it rests on those with
/// the servers that the standby may follow, and on no others.
GateResult standby_spared(const Desired& desired, const Observed& observed);

/// Database hosts of which a look a moment later may show more: standbys that are between two
/// connections to a primary that runs, and primaries to whom one catches up, or that miss one.
std::set<std::string> replication_under_way(const Desired& desired, const Observed& observed);

}  // namespace planning
