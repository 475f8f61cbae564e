// SPDX-License-Identifier: PostgreSQL
// The preflight: everything that any host lacks, before the first act, all hosts at once. Pure:
// facts in, findings out. A finding that names a slot keeps that slot from its steps; one that
// names only the host keeps the whole host.
#pragma once

#include <string>
#include <vector>

#include "base/finding.h"
#include "base/time.h"
#include "fleet/environment.h"
#include "fleet/facts.h"

namespace audit {

/// What the host is expected to carry already; empty strings before the first apply.
struct Expected {
  fleet::Mark mark;
  std::string system_identifier;
  bool take_over = false;
};

base::Findings preflight(const fleet::Environment& environment, const fleet::Host& host,
                         const fleet::HostFacts& facts, const Expected& expected, base::Time at);

/// The controller's clock against the hosts' median: more than five minutes off, or null.
base::Findings preflight_clock(base::Time at, const std::vector<std::int64_t>& host_clocks);

}  // namespace audit
