// SPDX-License-Identifier: PostgreSQL
// Clients take the network around them where that is a subnet and has several of them; elsewhere
// neighbours share the narrowest network that has them all, and the others stand alone. Narrower
// networks have their turn first, and what they took is never part of another.
#include "networks/narrow.h"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <iterator>

#include "networks/clients.h"

namespace networks {
namespace {

using Members = std::vector<const Client*>;
using At = Members::const_iterator;

constexpr std::size_t least_of_a_subnet = 2;
constexpr std::size_t least_of_neighbours = 4;
constexpr std::size_t most_named = 3;
constexpr int widest_link = 16;  ///< of an IPv4 interface

int neighbourhood(hba::Family family) { return family == hba::Family::ipv4 ? 24 : 64; }

/// Of a rule's network only its width can tell; an interface's is one by what it is, unless it is
/// as wide as a range that is private as a whole (RFC 1918).
bool is_subnet(const Network& network, const Named& named) {
  if (network.length >= neighbourhood(network.family)) return true;
  return !named.interfaces.empty() && network.family == hba::Family::ipv4 &&
         network.length >= widest_link && to_string(network) != "192.168.0.0/16";
}

/// Looks at no more than it names: it is asked of each client anew.
template <class Things, class Name>
std::string listed(const Things& things, const Name& name) {
  std::string made;
  std::size_t many = 0;
  for (const auto& thing : things) {
    if (many == most_named) break;
    made += (many++ == 0 ? "" : ", ") + name(thing);
  }
  if (things.size() > most_named) made += fmt::format(" and {} more", things.size() - most_named);
  return made;
}

template <class Names>
std::string listed(const Names& names) {
  return listed(names, [](const std::string& name) { return name; });
}

/// "pg_hba.conf:7 and interface eth0"
std::string namers_of(const Named& named) {
  std::string made = listed(named.rules, [](const Admitted* rule) {
    return fmt::format("{}:{}", rule->file, rule->line);
  });
  if (!made.empty() && !named.interfaces.empty()) made += " and ";
  if (!named.interfaces.empty())
    made +=
        "interface " + listed(named.interfaces, [](const Interface* each) { return each->name; });
  return made;
}

/// Networks that do not overlap.
class Taken {
 public:
  [[nodiscard]] bool overlaps(const Network& network) const {
    const auto next = networks_.lower_bound({network.family, network.first, 0});
    if (next != networks_.end() && network.contains(*next)) return true;
    if (next != networks_.end() && next->contains(network)) return true;
    return next != networks_.begin() && std::prev(next)->contains(network);
  }
  void take(const Network& network) { networks_.insert(network); }

 private:
  std::set<Network> networks_;
};

class Narrowing {
 public:
  explicit Narrowing(const Evidence& evidence)
      : evidence_(evidence), clients_(evidence.sightings), around_(around(clients_, evidence)) {}

  Narrowed run() {
    std::vector<std::pair<const Network, Named>*> inner_first;
    for (auto& each : around_.named)
      if (!each.second.clients.empty()) inner_first.push_back(&each);
    std::stable_sort(
        inner_first.begin(), inner_first.end(),
        [](const auto* one, const auto* other) { return one->first.length > other->first.length; });
    for (const auto* each : inner_first) place_within(each->first, each->second);
    place_neighbours(around_.beyond, nullptr, nullptr);
    for (const auto& [network, named] : around_.named)
      if (!named.rules.empty()) tell_rules(network, named);
    for (const Interface& each : evidence_.interfaces) tell_interface(each);
    std::sort(
        made_.networks.begin(), made_.networks.end(),
        [](const Suggestion& one, const Suggestion& other) { return one.network < other.network; });
    return std::move(made_);
  }

 private:
  void place_within(const Network& network, const Named& named) {
    if (!is_subnet(network, named)) return place_neighbours(named.clients, &network, &named);
    const Members& members = named.clients;
    if (members.size() >= least_of_a_subnet && !taken_.overlaps(network))
      return take(network, members.begin(), members.end(), &network, &named);
    place(members.begin(), members.end(), least_of_a_subnet, &network, &named);
  }

  void place_neighbours(const Members& members, const Network* within, const Named* named) {
    for (At begin = members.begin(); begin != members.end();) {
      const Network address = (*begin)->address;
      const Network near = cut(address, neighbourhood(address.family));
      const At end = std::find_if(
          begin, members.end(), [&](const Client* each) { return !near.contains(each->address); });
      place(begin, end, least_of_neighbours, within, named);
      begin = end;
    }
  }

  /// The narrowest network that has all, or where others were quicker, of each half.
  void place(At begin, At end, std::size_t least, const Network* within, const Named* named) {
    if (static_cast<std::size_t>(end - begin) < least) {
      for (At each = begin; each != end; ++each)
        take((*each)->address, each, each + 1, within, named);
      return;
    }
    const Network all = joined((*begin)->address, (*(end - 1))->address);
    if (!taken_.overlaps(all)) return take(all, begin, end, within, named);
    const Network low = cut((*begin)->address, all.length + 1);
    const At middle =
        std::find_if(begin, end, [&](const Client* each) { return !low.contains(each->address); });
    place(begin, middle, least, within, named);
    place(middle, end, least, within, named);
  }

  void take(const Network& network, At begin, At end, const Network* within, const Named* named) {
    taken_.take(network);
    Suggestion made;
    made.network = network;
    std::set<std::string> replicating;
    std::vector<std::string> gateways;
    for (At each = begin; each != end; ++each) {
      const Client& client = **each;
      made.roles.insert(client.roles.begin(), client.roles.end());
      made.sources.insert(client.sources.begin(), client.sources.end());
      replicating.insert(client.replicating.begin(), client.replicating.end());
      made.last_seen = std::max(made.last_seen, client.last_seen);
      if (client.is_gateway())
        gateways.push_back(fmt::format(
            "{} with {} roles and {} applications behind it",
            hba::to_string(admission::address_of(client.address.first, client.address.family)),
            client.roles.size(), client.applications.size()));
    }
    if (named != nullptr && !named->rules.empty()) made.sources.insert(Source::rule);
    if (named != nullptr && !named->interfaces.empty()) made.sources.insert(Source::interface);
    made.replication = !replicating.empty();
    made.gateway = !gateways.empty();
    made.reason = why(network, static_cast<std::size_t>(end - begin), within, named);
    if (made.replication) made.reason += "; replication by " + listed(replicating);
    if (made.gateway) made.reason += "; a gateway: " + listed(gateways);
    made_.networks.push_back(std::move(made));
  }

  static std::string why(const Network& network, std::size_t clients, const Network* within,
                         const Named* named) {
    const std::string seen = clients == 1 ? "one client" : fmt::format("{} clients", clients);
    if (within == nullptr)
      return clients == 1 ? "a client that is in no network of a rule or an interface"
                          : seen + " near each other, in no network of a rule or an interface";
    const std::string where = fmt::format("{} of {}", to_string(*within), namers_of(*named));
    if (network == *within) return fmt::format("{} in {}", seen, where);
    const char* because = !is_subnet(*within, *named)  ? "which is wider than a subnet"
                          : named->clients.size() == 1 ? "alone there"
                                                       : "a part of which is narrower already";
    return fmt::format("{} in {}, {}", seen, where, because);
  }

  void tell_rules(const Network& network, const Named& named) {
    if (clients_.any_in(network)) return tell_unseen(network, named);
    Suggestion made;
    made.network = network;
    made.sources.insert(Source::rule);
    if (!named.interfaces.empty()) made.sources.insert(Source::interface);
    for (const Admitted* rule : named.rules) {
      made.roles.insert(rule->roles.begin(), rule->roles.end());
      made.replication = made.replication || rule->replication;
    }
    made.reason = fmt::format("the network of {}{}", namers_of(named),
                              made.replication ? ", for replication" : "");
    if (!evidence_.sightings.empty()) made.reason += "; nobody was seen there";
    for (const Interface& each : evidence_.interfaces)
      if (each.network != network && network.contains(each.network))
        made.reason +=
            fmt::format("; interface {} has {} of it", each.name, to_string(each.network));
    if (!is_subnet(network, named)) made.reason += "; wider than a subnet";
    made_.networks.push_back(std::move(made));
  }

  void tell_unseen(const Network& network, const Named& named) {
    for (const Admitted* rule : named.rules) {
      Admitted unseen = *rule;
      unseen.roles.clear();
      for (const std::string& role : rule->named)
        if (!clients_.any_in(network, role, !rule->databases)) unseen.roles.insert(role);
      if (rule->replication && !clients_.any_replicates_in(network)) unseen.roles = rule->roles;
      if (!unseen.roles.empty()) made_.unseen.push_back(std::move(unseen));
    }
  }

  void tell_interface(const Interface& each) {
    const bool told =
        std::any_of(made_.networks.begin(), made_.networks.end(), [&](const Suggestion& made) {
          return made.network.contains(each.network) || each.network.contains(made.network);
        });
    if (told || clients_.any_in(each.network)) return;
    Suggestion made;
    made.network = each.network;
    made.sources.insert(Source::interface);
    made.reason = fmt::format("interface {}; nobody was seen there", each.name);
    if (evidence_.sightings.empty()) made.reason = "interface " + each.name;
    made_.networks.push_back(std::move(made));
  }

  const Evidence& evidence_;
  Clients clients_;
  NamedNetworks around_;
  Taken taken_;
  Narrowed made_;
};

}  // namespace

Narrowed narrow(const Evidence& evidence) { return Narrowing(evidence).run(); }

const char* to_string(Source source) {
  switch (source) {
    case Source::rule:
      return "rule";
    case Source::interface:
      return "interface";
    case Source::session:
      return "session";
    case Source::log:
      break;
  }
  return "log";
}

}  // namespace networks
