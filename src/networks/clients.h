// SPDX-License-Identifier: PostgreSQL
// Who was seen at each address, and the networks around them that rules and interfaces name.
#pragma once

#include <map>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "networks/narrow.h"

namespace networks {

/// Everybody behind one address.
struct Client {
  Network address;
  std::set<std::string> roles;
  std::set<std::string> replicating;  ///< of the roles
  std::set<std::string> applications;
  std::set<Source> sources;
  std::string last_seen;

  /// A translation of addresses, a pooler, a load balancer: many come by one address.
  [[nodiscard]] bool is_gateway() const;
};

/// A network that something names.
struct Named {
  std::vector<const Admitted*> rules;
  std::vector<const Interface*> interfaces;
  std::vector<const Client*> clients;  ///< for whom it is the narrowest; by address
};

class Clients {
 public:
  explicit Clients(const std::vector<Sighting>& sightings);

  /// By address.
  [[nodiscard]] const std::vector<Client>& all() const { return clients_; }
  [[nodiscard]] bool any_in(const Network& network) const;
  [[nodiscard]] bool any_in(const Network& network, const std::string& role,
                            bool replication) const;
  [[nodiscard]] bool any_replicates_in(const Network& network) const;

 private:
  using Addresses = std::vector<Network>;  ///< sorted

  std::vector<Client> clients_;
  Addresses addresses_;
  Addresses replicating_;
  std::unordered_map<std::string, Addresses> by_role_;
  std::unordered_map<std::string, Addresses> by_replicating_role_;
};

struct NamedNetworks {
  std::map<Network, Named> named;
  std::vector<const Client*> beyond;  ///< clients in none of them; by address
};

NamedNetworks around(const Clients& clients, const Evidence& evidence);

}  // namespace networks
