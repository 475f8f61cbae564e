// SPDX-License-Identifier: PostgreSQL
// The decision tree of an operator who asks "is TLS on here?": does it run, is it configured, by
// which file and line, does it serve what lies on disk, and what is to be done. One branch a host.
#pragma once

#include <string>

#include "base/finding.h"
#include "fleet/facts.h"

namespace audit {

struct Branch {
  std::string word;      ///< "proven", "not configured", …: for scripts
  std::string sentence;  ///< what was seen
  std::string remedy;    ///< what to do; empty where nothing
  base::Place place;     ///< file and line that decide
  bool good = false;
};

/// True where both are PEM of one and the same certificate.
bool same_certificate(const std::string& one, const std::string& other);

/// `served`: what a handshake from outside showed.
Branch tls_branch(const fleet::HostFacts& facts, const fleet::ServedFacts& served);

/// The findings behind it, of a database host: TLS off, another certificate served, a setting that
/// waits for a restart, expired certificates.
base::Findings server_findings(const fleet::HostFacts& facts, const fleet::ServedFacts& served,
                               std::int64_t at);

}  // namespace audit
