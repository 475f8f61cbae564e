// SPDX-License-Identifier: PostgreSQL
#include "simulation/authorities.h"

#include <fmt/format.h>

#include <algorithm>

#include "fakes/libpq.h"
#include "planning/wanted.h"
#include "x509/bundle.h"

namespace simulation {
namespace {

bool meet(const AuthorityIds& left, const AuthorityIds& right) {
  return std::any_of(left.begin(), left.end(), [&](const auto& id) { return right.contains(id); });
}

template <class Side>
using Changes = std::map<std::pair<Side, Side>, std::pair<std::string, long>>;

/// Hosts that went from the same to the same: one of them by name, and how many.
template <class Side>
Changes<Side> changes(const std::map<std::string, Side>& before,
                      const std::map<std::string, Side>& now) {
  Changes<Side> all;
  for (const auto& [name, side] : now) {
    const auto then = before.find(name);
    if (then == before.end()) continue;
    auto& [example, count] = all[{then->second, side}];
    if (count++ == 0) example = name;
  }
  return all;
}

}  // namespace

Level level(const ClientAuthorities& client, const ServerAuthorities& server) {
  if (!server.tls) return Level::plaintext;
  if (!client.trusts.empty() && !meet(server.serves, client.trusts)) return Level::refused;
  const Level reached = client.trusts.empty() ? Level::encrypted : Level::verified;
  if (!server.asks || !client.has_pair) return reached;
  if (!meet(client.presents, server.trusts)) return Level::refused;
  return reached == Level::verified ? Level::certified : reached;
}

AuthorityIds AuthorityWatch::known(const std::string& bundle) {
  const auto [found, first] = bundles_.try_emplace(bundle);
  if (!first) return found->second;
  if (const auto read = x509::Bundle::from_pem(bundle))
    for (const x509::Certificate& one : read->certificates()) {
      found->second.insert(one.fingerprint);
      if (authorities_.emplace(one.fingerprint, one).second) leaves_.clear();
    }
  return found->second;
}

AuthorityIds AuthorityWatch::signers(const std::string& leaf) {
  const auto [found, first] = leaves_.try_emplace(leaf);
  if (!first) return found->second;
  if (const auto read = x509::Certificate::decode_pem(leaf))
    for (const auto& [id, authority] : authorities_)
      if (read->signed_by(authority)) found->second.insert(id);
  return found->second;
}

/// What each server has loaded; one that was stopped, what it would load if it started now.
std::map<std::string, fakes::Loaded> AuthorityWatch::loaded() const {
  std::map<std::string, fakes::Loaded> all;
  for (const auto& [name, host] : world_.hosts) {
    if (!host.postgres) continue;
    fakes::Postgres server = *host.postgres;
    if (server.running || server.start(host.disk, world_.clock)) all[name] = server.loaded;
  }
  return all;
}

void AuthorityWatch::look() {
  std::vector<std::pair<std::string, fakes::ClientFiles>> clients;
  for (const fleet::Host& host : world_.environment.hosts)
    for (const fleet::Slot& slot : planning::client_slots(world_.environment, host))
      if (slot.place == fleet::SlotPlace::home)
        clients.emplace_back(
            fleet::to_string(slot) + " on " + host.name,
            fakes::client_files_of(world_.hosts.at(host.name), world_.environment.name, slot));
  const auto servers = loaded();
  for (const auto& [name, files] : clients) clients_[name].trusts = known(files.trust);
  for (const auto& [name, server] : servers) known(server.trust);
  for (const auto& [name, files] : clients) {
    clients_[name].has_pair = files.has_certificate;
    clients_[name].presents = files.has_certificate ? signers(files.certificate) : AuthorityIds();
  }
  for (const auto& [name, server] : servers)
    servers_[name] = {server.tls, !server.trust.empty(),
                      server.tls ? signers(server.certificate) : AuthorityIds(),
                      known(server.trust)};
}

void AuthorityWatch::phase_ends() {
  ++phases_;
  const auto clients_before = clients_;
  const auto servers_before = servers_;
  look();
  const auto clients = changes(clients_before, clients_);
  const auto servers = changes(servers_before, servers_);
  for (const auto& [client, who] : clients)
    for (const auto& [server, whom] : servers) {
      ++compared_;
      const Level before = level(client.first, server.first);
      const Level now = level(client.second, server.second);
      if (now >= before) continue;
      broken_.push_back(fmt::format(
          "1 cut off: {} ({} such) to {} ({} such): level {} before phase end {}, {} now",
          who.first, who.second, whom.first, whom.second, static_cast<int>(before), phases_,
          static_cast<int>(now)));
    }
}

void AuthorityWatch::all_proven() {
  look();
  for (const auto& [client, who] : changes(clients_, clients_))
    for (const auto& [server, whom] : changes(servers_, servers_))
      if (level(client.second, server.second) != Level::certified ||
          server.second.trusts.size() != 1)
        broken_.push_back(fmt::format("7 converges: {} ({} such) to {} ({} such)", who.first,
                                      who.second, whom.first, whom.second));
}

}  // namespace simulation
