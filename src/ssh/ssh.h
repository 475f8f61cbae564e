// SPDX-License-Identifier: PostgreSQL
// Conversations over the system's own OpenSSH client: the user's ssh_config, agents, jump hosts and
// known_hosts are in force as they stand, and every host is reached as its administrator reaches
// it. The node's executable is put on the host where it lacks, in the same connection.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "fleet/doors.h"
#include "link/timeouts.h"
#include "ssh/command.h"
#include "ssh/config.h"
#include "ssh/gate.h"
#include "ssh/image.h"

namespace ssh {

struct SshSetup {
  fleet::SshSettings settings;
  std::string node_path;  ///< the local pgseal-node
  std::string folder = "/usr/local/libexec/pgseal";
  std::string program = "ssh";
  std::string architecture;  ///< as uname -m says it; empty: this machine's
  links::Timeouts timeouts;
};

class SshLinks : public fleet::Links {
 public:
  explicit SshLinks(SshSetup setup);

  /// Logs in, becomes root, puts pgseal-node in place if it lacks or is damaged, and says hello. At
  /// most `settings.parallel` at once, eight through one jump host. A host that hangs costs its own
  /// deadline and nobody else's. Errors: link_*, protocol_*, config_value (the destination), and
  /// what the node itself refuses with.
  base::Result<std::unique_ptr<fleet::Conversation>> open(const fleet::Host& host,
                                                          const fleet::Brief& brief) override;

  /// How clients reach the host: its `address`, else the host name that ssh would use.
  base::Result<std::string> address_of(const fleet::Host& host) override;

 private:
  base::Result<Resolved> resolve(const std::string& destination);
  base::Result<std::vector<Gate::Pass>> pass_jumps(const std::string& destination);
  base::Error with_fingerprint(base::Error error, const std::string& destination);

  SshSetup setup_;
  SshCall call_;
  Mentions mentions_;
  NodeImage image_;
  Gate parallel_;
  std::mutex mutex_;  ///< for the two maps
  std::map<std::string, Resolved> resolved_;
  std::map<std::string, std::unique_ptr<Gate>> jumps_;
};

}  // namespace ssh
