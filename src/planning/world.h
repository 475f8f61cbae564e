// SPDX-License-Identifier: PostgreSQL
// What a plan is made of: what is desired (the configuration times what the ledger owns) and what
// was observed. Values only; nothing here can ask anybody.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/time.h"
#include "fleet/environment.h"
#include "fleet/facts.h"
#include "x509/certificate.h"

namespace planning {

/// The environment's own authorities that are in force. Both absent before the first apply.
struct Authorities {
  std::optional<x509::Certificate> server;
  std::optional<x509::Certificate> client;
};

/// An authority as those who may have none want it: null before the first apply.
inline const x509::Certificate* in_force(const std::optional<x509::Certificate>& authority) {
  return authority ? &*authority : nullptr;
}

/// The certificate that was issued last to a slot of a host.
struct Newest {
  std::string fingerprint;
  std::string spki_sha256;
  base::Time since;
};

struct Desired {
  const fleet::Environment* environment = nullptr;
  Authorities authorities;
  fleet::Mark mark;  ///< what hosts are marked with; empty ids before the first apply
  /// The highest generation that a host may have seen. Lower than `mark.generation` until this run
  /// has marked hosts itself.
  std::int64_t seen_generation = 0;
  std::set<std::string> issued;                ///< fingerprints of the ledger's certificates
  std::map<std::string, std::string> holders;  ///< fingerprint → "host slot" it was issued to
  std::map<std::string, Newest> newest;        ///< "host slot" → its newest certificate
  std::map<std::string, base::Time>
      keys_since;  ///< SHA-256 of a public key → its first certificate
  /// Serial number (decimal) of a client's certificate → the host that holds it.
  std::map<std::string, std::string> client_serials;
  std::map<std::string, std::string> pins;  ///< database host → system identifier
  std::set<std::string> settled;            ///< "host slot" whose last installation succeeded
  std::set<std::string> trusting;           ///< "host slot" whose bundle was ever installed
  /// Host → what was planned for it when it was seen last, and waited for others, in words.
  std::map<std::string, std::vector<std::string>> waiting;
  std::map<std::string, base::Time> due;  ///< "host slot" → when its newest is to be renewed
  std::set<std::string> only;             ///< hosts that get steps; empty: all
  bool replace = false;                   ///< foreign pairs are archived and replaced
  bool take_over = false;                 ///< another ledger's mark is replaced
};

/// One host as it was seen; exactly one of `facts` and `silence` is there.
struct HostView {
  std::optional<fleet::HostFacts> facts;
  std::optional<base::Error> silence;  ///< why it did not answer
  fleet::ServedFacts served;           ///< database hosts: what a handshake from outside shows
  /// Seconds that its clock was ahead of the controller's when it was read; older facts keep
  /// theirs.
  std::int64_t clock_ahead = 0;

  [[nodiscard]] bool answered() const { return facts.has_value(); }
};

struct Observed {
  base::Time at;                          ///< the controller's clock
  std::map<std::string, HostView> hosts;  ///< by name
};

}  // namespace planning
