// SPDX-License-Identifier: PostgreSQL
#include "networks/clients.h"

#include <algorithm>
#include <functional>

namespace networks {
namespace {

// A host of one application has a role for it and perhaps one for its administrators; of names of
// applications it has several, since many programs put a task's name into theirs.
constexpr std::size_t roles_of_a_gateway = 4;
constexpr std::size_t applications_of_a_gateway = 10;

bool any_of_them_in(const std::vector<Network>& sorted, const Network& network) {
  const auto at = std::lower_bound(
      sorted.begin(), sorted.end(), network, [](const Network& one, const Network& other) {
        return std::tie(one.family, one.first) < std::tie(other.family, other.first);
      });
  return at != sorted.end() && network.contains(*at);
}

}  // namespace

bool Client::is_gateway() const {
  return roles.size() >= roles_of_a_gateway || applications.size() >= applications_of_a_gateway;
}

Clients::Clients(const std::vector<Sighting>& sightings) {
  std::map<Network, Client> by_address;
  for (const Sighting& each : sightings) {
    const Network address = of_address(each.address);
    Client& client = by_address[address];
    client.address = address;
    client.roles.insert(each.role);
    if (each.replication) client.replicating.insert(each.role);
    if (!each.application.empty()) client.applications.insert(each.application);
    client.sources.insert(each.source);
    client.last_seen = std::max(client.last_seen, each.last_seen);
  }
  clients_.reserve(by_address.size());
  for (auto& [address, client] : by_address) {
    addresses_.push_back(address);
    if (!client.replicating.empty()) replicating_.push_back(address);
    for (const std::string& role : client.roles) by_role_[role].push_back(address);
    for (const std::string& role : client.replicating)
      by_replicating_role_[role].push_back(address);
    clients_.push_back(std::move(client));
  }
}

bool Clients::any_in(const Network& network) const { return any_of_them_in(addresses_, network); }

bool Clients::any_in(const Network& network, const std::string& role, bool replication) const {
  const auto& by_role = replication ? by_replicating_role_ : by_role_;
  const auto found = by_role.find(role);
  return found != by_role.end() && any_of_them_in(found->second, network);
}

bool Clients::any_replicates_in(const Network& network) const {
  return any_of_them_in(replicating_, network);
}

NamedNetworks around(const Clients& clients, const Evidence& evidence) {
  NamedNetworks made;
  for (const Admitted& rule : evidence.rules) made.named[rule.network].rules.push_back(&rule);
  for (const Interface& each : evidence.interfaces)
    made.named[each.network].interfaces.push_back(&each);
  std::map<hba::Family, std::set<int, std::greater<>>> lengths;
  for (const auto& [network, named] : made.named) lengths[network.family].insert(network.length);
  for (const Client& client : clients.all()) {
    std::vector<const Client*>* home = &made.beyond;
    for (const int length : lengths[client.address.family]) {
      const auto found = made.named.find(cut(client.address, length));
      if (found == made.named.end()) continue;
      home = &found->second.clients;
      break;
    }
    home->push_back(&client);
  }
  return made;
}

}  // namespace networks
