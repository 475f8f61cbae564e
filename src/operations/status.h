// SPDX-License-Identifier: PostgreSQL
// Status: one screen. Hosts as seen now (or, offline, as seen last), certificates with days left,
// debts, the phase an apply stands in, and until when everything would go on without a controller.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "ledger/ledger.h"
#include "operations/world.h"

namespace operations {

struct SlotStatus {
  std::string slot;
  std::string serial;
  base::Time not_before;
  base::Time not_after;
  int days_left = 0;
  std::optional<bool> served;  ///< server slots: what is served is this one; null: not asked
  bool behind = false;         ///< what lies there is an earlier one: the host was set back
};

struct HostStatus {
  std::string host;
  std::optional<bool> reachable;  ///< null: not asked
  std::string role;
  std::string version;
  std::string tls;
  std::vector<SlotStatus> slots;
};

struct StatusReport {
  std::string phase;  ///< of the first step still to do; "" where no apply is under way
  std::vector<HostStatus> hosts;
  std::vector<ledger::Debt> debts;
  std::optional<std::size_t> pending_steps;  ///< those that `plan` would show; null: not asked
  base::Findings findings;
  std::optional<base::Time> good_until;  ///< the first certificate's end
  bool offline = false;
};

/// `offline`: from the ledger alone, no host is asked.
base::Result<StatusReport> status(World& world, const fleet::Environment& environment,
                                  const Operator& who, bool offline);

}  // namespace operations
