// SPDX-License-Identifier: PostgreSQL
// Pairs that libpq shows by itself, whoever put them into ~/.postgresql (libpq-ssl, "Client
// Certificates"). Another environment's are not ours to touch, and a server that trusts our client
// authority alone refuses whoever shows one; who shows none is let on.
#pragma once

#include <string>
#include <vector>

#include "base/finding.h"
#include "fleet/environment.h"
#include "fleet/facts.h"

namespace audit {

/// True where the slot holds a certificate by a client authority of pgseal's that is another
/// environment's than `environment`.
bool of_other_environment(const fleet::SlotFacts& slot, const std::string& environment);

/// The slots in homes on `host` from which a pair of another environment would be shown to our
/// servers: those of OS users with an identity here that does not say explicit_sslcert.
std::vector<const fleet::SlotFacts*> shown_of_others(const fleet::Environment& environment,
                                                     const fleet::Host& host,
                                                     const fleet::HostFacts& facts);

/// The certificate's path, for people.
std::string certificate_path(const fleet::SlotFacts& slot);

/// One for each of `shown_of_others`. It keeps no step of its host: its slot for this environment
/// lies elsewhere. The gate before client trust on servers waits for it.
base::Findings home_pair_findings(const fleet::Environment& environment, const fleet::Host& host,
                                  const fleet::HostFacts& facts);

}  // namespace audit
