// SPDX-License-Identifier: PostgreSQL
// How long a host may take before it is given up: one table.
#pragma once

#include <chrono>

namespace links {

struct Timeouts {
  std::chrono::seconds connect{10};  ///< ssh's ConnectTimeout: to sshd's banner and key exchange
  std::chrono::seconds login{30};    ///< beyond that, to the remote command: authentication, sudo
  std::chrono::seconds install{180};
  std::chrono::seconds hello{30};
  std::chrono::seconds observe{60};
  std::chrono::seconds act{60};
  std::chrono::seconds reload{60};
  std::chrono::seconds replication{150};  ///< a standby has 30 s to stream, and is taken back
  std::chrono::seconds connect_query{30};
  std::chrono::seconds handshake{30};
  std::chrono::seconds close{3};  ///< after the last word, before SIGTERM
};

}  // namespace links
