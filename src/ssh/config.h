// SPDX-License-Identifier: PostgreSQL
// What the user's ssh configuration says about hosts, as far as we must know it. `ssh -G` answers
// for certain but costs a process a host; a look at the files' words tells when it need not be
// asked.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace ssh {

/// Words that stand somewhere in the options or in the files that ssh would read. True where they
/// may apply to some host, or where a file cannot be followed.
struct Mentions {
  bool jump = false;       ///< ProxyJump, ProxyCommand, -J
  bool host_name = false;  ///< HostName, canonicalization
};

/// `options`: those given to ssh; with -F only that file counts. `home`: the folder that holds
/// .ssh.
Mentions ssh_mentions(const std::vector<std::string>& options, const std::string& home);

/// The home folder of the password database, as ssh uses it ($HOME is nothing to it).
std::string ssh_home();

/// From the output of `ssh -G`.
struct Resolved {
  std::string host_name;
  std::vector<std::string> jumps;  ///< each hop, or the ProxyCommand; sorted, no duplicates
};
Resolved parse_resolved(std::string_view output);

}  // namespace ssh
