// SPDX-License-Identifier: PostgreSQL
// What applications' own settings files say, against what they ought to: the only ground, beside
// live sessions, on which anything is said of an application itself.
#pragma once

#include "base/finding.h"
#include "fleet/environment.h"
#include "fleet/facts.h"

namespace audit {

/// "require" etc.; "prefer" where nothing is written (libpq-connect, "sslmode").
std::string sslmode_of(const settings::ApplicationConnection& connection);

/// Of each settings file of a host: unreadable, without a connection, over a socket, to a server of
/// none of this environment's names, or with an sslmode that verifies less than it could.
base::Findings source_findings(const fleet::Environment& environment, const std::string& host,
                               const std::vector<fleet::SourceFacts>& sources);

}  // namespace audit
