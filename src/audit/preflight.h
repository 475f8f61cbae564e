// SPDX-License-Identifier: PostgreSQL
// The preflight: everything that any host lacks, before the first act, all hosts at once. Pure:
// facts in, findings out. A finding that names a slot keeps that slot from its steps; one that
// names only the host keeps the whole host.
#pragma once

#include <cstdint>
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
                         const fleet::HostFacts& facts, const Expected& expected,
                         std::int64_t clock_ahead);

/// By how many seconds the controller's clock is behind those of most hosts (negative: ahead); 0 up
/// to five minutes, and where as many say otherwise. `ahead`: each answering host's, as it sees it.
std::int64_t controller_behind(std::vector<std::int64_t> ahead);
base::Findings preflight_controller(std::int64_t behind);

}  // namespace audit
