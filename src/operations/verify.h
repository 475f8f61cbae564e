// SPDX-License-Identifier: PostgreSQL
// Verifying: the decision tree on every host, then for each identity on each host that holds it a
// real connection to each database host, made there as that OS user. Beside it the server's own
// view of its live sessions. Changes nothing; claims no more than was seen.
#pragma once

#include <string>
#include <vector>

#include "audit/tls_branch.h"
#include "operations/world.h"

namespace operations {

struct HostProof {
  std::string host;
  audit::Branch branch;
  base::Findings findings;
};

struct ConnectionProof {
  std::string identity;
  std::string os_user;
  std::string from;
  std::string to;
  bool over_socket = false;
  std::string line;  ///< psql's words, from the connection's own values; "" where there was no TLS
  fleet::ConnectLevel level = fleet::ConnectLevel::none;
  bool ok = false;
  std::string message;
  std::string libpq;
};

struct SessionProof {
  std::string host;
  fleet::SessionFact session;
  bool known = false;  ///< its certificate is in the ledger
};

/// What an application's own settings file says on a host; nothing else is claimed of it.
struct SourceProof {
  std::string host;
  fleet::SourceFacts source;
};

struct VerifyReport {
  std::vector<HostProof> hosts;
  std::vector<ConnectionProof> connections;
  std::vector<SessionProof> sessions;
  std::vector<SourceProof> sources;
  base::Findings findings;  ///< of the environment as a whole
  [[nodiscard]] bool ok() const;
};

base::Result<VerifyReport> verify(World& world, const fleet::Environment& environment,
                                  const Operator& who);

/// "SSL connection (protocol: TLSv1.3, cipher: …, bits: 256, compression: off)"
std::string connection_line(const fleet::ConnectReport& report);

}  // namespace operations
