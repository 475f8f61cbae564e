// SPDX-License-Identifier: PostgreSQL
// What is said to ssh, and through it to the host's shell. The argument vector never passes a shell
// here; the remote command passes one there that may be any (bash, dash, fish, tcsh, zsh), so it is
// two words in single quotes that hold no quote, backslash, exclamation mark or newline.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace ssh {

/// DESTINATION of "ssh:DESTINATION" as ssh takes it. Error config_value where there is none, where
/// it could be taken for an option ("-oProxyCommand=…", also after "user@"), or holds blanks or
/// control characters.
base::Result<std::string> ssh_destination(std::string_view link);

struct SshCall {
  std::string program = "ssh";
  std::vector<std::string> options;  ///< the user's, as they stand
  int connect_seconds = 10;
};

/// `program`, options, "--", destination. To ssh the first value of an option counts, so the order
/// is: what a conversation cannot do without (no terminal, no prompt, no forwarding, no
/// RemoteCommand), then the user's options, then our defaults, which the user's options override
/// and which override ssh_config: the timeouts, and that neither agent nor X11 is lent to the host.
/// StrictHostKeyChecking and UserKnownHostsFile are the user's alone.
std::vector<std::string> ssh_arguments(const SshCall& call, const std::string& destination);

/// How the user would call ssh for the same host, quoted for a shell: for hints.
std::string ssh_by_hand(const SshCall& call, const std::string& destination);

/// The same, but asking about an unknown key even where the user's configuration says not to.
std::string ssh_accepting(SshCall call, const std::string& destination);

struct NodePlace {
  std::string folder;  ///< absolute; letters, digits and "/._-" only
  std::string sha256;  ///< hexadecimal
  bool reinstall = false;
};

/// The command that becomes root, puts pgseal-node in place if it is not, and becomes it. It tells
/// how far it came by lines on standard output: "pgseal:login", "pgseal:root" (both may come
/// twice), "pgseal:need ARCHITECTURE" (then it reads the length of the gzip as a line, and the
/// gzip), "pgseal:refused WHY", "pgseal:run".
/// Error config_value for a folder that is not as above.
base::Result<std::string> remote_command(const NodePlace& place);

}  // namespace ssh
