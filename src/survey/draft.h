// SPDX-License-Identifier: PostgreSQL
// From what a server told to hosts and identities, each guess with the remark that says what it
// rests on. Pure. What cannot stand in pgseal.toml is left out and said: a host or role that was
// seen is never forgotten in silence.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "base/finding.h"
#include "base/time.h"
#include "fleet/environment.h"
#include "survey/cluster.h"

namespace survey {

/// What the controller's own machine knows beside the server's word.
struct Surroundings {
  std::map<std::string, std::string> names;  ///< as names_of gives them, for addresses_of
  std::string host_name;                     ///< of this machine
  std::vector<std::string> addresses;        ///< of this machine's interfaces, canonical
};

struct HostDraft {
  fleet::Host host;
  std::vector<std::string> remarks;  ///< foreign text, a line each
};

struct IdentityDraft {
  fleet::Identity identity;
  std::vector<std::string> remarks;
};

struct Draft {
  std::string environment;  ///< a guess at its name
  std::vector<HostDraft> hosts;
  std::vector<IdentityDraft> identities;
  std::vector<std::string> left_out;  ///< what was seen and cannot be declared as it is
  base::Findings findings;
};

/// All that a name would be good for, canonical, no loopback, each once.
std::vector<std::string> addresses_of(const Cluster& cluster);

Draft draft(const Cluster& cluster, const Surroundings& surroundings);

/// The whole pgseal.toml. `name` is the environment's.
std::string text_of(const Draft& draft, std::string_view name, const Cluster& cluster,
                    base::Time at);

}  // namespace survey
