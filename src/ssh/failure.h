// SPDX-License-Identifier: PostgreSQL
// From how far an attempt came, what ssh said and how it ended, to the error that a person can act
// upon. ssh has one exit status of its own (255) and speaks English on standard error; what it says
// is foreign text and goes into `detail` as it is.
#pragma once

#include <optional>
#include <string>

#include "base/error.h"

namespace ssh {

/// The last word of the remote command.
enum class Stage { none, login, root, need, run };

struct Ending {
  Stage stage = Stage::none;
  std::optional<int> status;  ///< null: it still ran, and was given up
  std::string noise;          ///< standard output before the node's first word
  std::string errors;         ///< standard error
  std::string refused;        ///< what "pgseal:refused" said
  std::string host;           ///< its name in the configuration
  std::string by_hand;        ///< the ssh command for the hint
  std::string accepting;      ///< the same, asking whether an unknown key is right
};

base::Error failure_of(const Ending& ending);

/// sshd turned a connection away before any login: MaxStartups (sshd_config) drops at random, so
/// the same again a little later may well succeed.
bool turned_away(const Ending& ending);

/// The node that lies there did not come to its first word: it may be damaged.
bool node_is_broken(const Ending& ending);

/// The last key that `ssh -v` saw, "ED25519 SHA256:…" as it names it; "" none.
std::string offered_key(const std::string& verbose_errors);

}  // namespace ssh
