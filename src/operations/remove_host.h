// SPDX-License-Identifier: PostgreSQL
// Taking a host out of the ledger once a person has taken it out of the configuration. Nothing is
// revoked: what is valid stays valid until its end, and that is said.
#pragma once

#include <string>
#include <vector>

#include "fleet/environment.h"
#include "ledger/ledger.h"

namespace operations {

struct RemovedHost {
  std::string host;
  std::vector<ledger::Debt> debts;          ///< that were dropped
  std::vector<ledger::SerialRecord> valid;  ///< certificates that have not ended
};

/// Errors: refused_declared, with every place that names the host; usage where the ledger never
/// heard of it; authority_clock where this machine's clock is seen to be wrong; ledger_*.
base::Result<RemovedHost> remove_host(ledger::Ledger& ledger, const fleet::Environment& environment,
                                      const ledger::AuditEntry& entry, base::Time at);

}  // namespace operations
