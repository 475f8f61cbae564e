// SPDX-License-Identifier: PostgreSQL
// Who can verify whom follows from authorities alone, and of thousands of hosts nearly all are
// alike: each side is reduced to the numbers of the authorities that it trusts and that vouch for
// it, and only kinds of clients and of servers are held against each other.
#include "planning/invariants.h"

#include <fmt/format.h>

#include <algorithm>
#include <compare>
#include <map>
#include <optional>
#include <set>
#include <unordered_map>

#include "audit/home_pairs.h"
#include "planning/server_settings.h"
#include "planning/wanted.h"
#include "settings/tls_settings.h"
#include "x509/bundle.h"

namespace planning {
namespace {

using fleet::Act;
using fleet::ActKind;
using x509::Bundle;
using x509::Certificate;

using Ids = std::set<std::size_t>;  ///< of authorities

bool meet(const Ids& left, const Ids& right) {
  return std::any_of(left.begin(), left.end(), [&](std::size_t id) { return right.contains(id); });
}

/// Every authority that anybody trusts or is about to, by number.
class Register {
 public:
  std::size_t id_of(const Certificate& authority) {
    const auto [known, first] = ids_.emplace(authority.der, all_.size());
    if (first) {
      by_name_[authority.subject_name].push_back(all_.size());
      all_.push_back(authority);
    }
    return known->second;
  }

  /// What cannot be read is trusted by nobody. Nearly every host has the same text.
  const Ids& of_bundle(const std::string& pem) {
    const auto [known, first] = bundles_.try_emplace(pem);
    const auto read = first ? Bundle::from_pem(pem) : Bundle();
    if (read)
      for (const Certificate& one : read->certificates()) known->second.insert(id_of(one));
    return known->second;
  }

  /// Those of the bundle that the server's handshake names: what it loaded, as far as the disk
  /// still tells.
  Ids named_among(const std::string& pem, const fleet::ServedFacts& served) {
    Ids named;
    for (const std::size_t id : of_bundle(pem))
      if (std::find(served.client_authorities.begin(), served.client_authorities.end(),
                    all_[id].subject) != served.client_authorities.end())
        named.insert(id);
    return named;
  }

  /// Which of those known by now signed this leaf; null where there is none that can be read.
  [[nodiscard]] std::optional<Ids> signers_of(const std::string& pem) const {
    const auto leaf = Certificate::decode_pem(pem);
    if (!leaf) return std::nullopt;
    Ids signers;
    const auto named = by_name_.find(leaf->issuer_name);
    if (named == by_name_.end()) return signers;
    for (const std::size_t id : named->second)
      if (leaf->signed_by(all_[id])) signers.insert(id);
    return signers;
  }

 private:
  std::vector<Certificate> all_;
  std::unordered_map<std::string, std::size_t> ids_;                   ///< by DER
  std::unordered_map<std::string, std::vector<std::size_t>> by_name_;  ///< by the subject's DER
  std::unordered_map<std::string, Ids> bundles_;
};

struct ClientSide {
  Ids trust;
  std::optional<Ids> leaf;  ///< who vouches for it; null: it has none
  auto operator<=>(const ClientSide&) const = default;
};

struct ServerSide {
  std::optional<Ids> on_disk;
  Ids clients_on_disk;
  std::optional<Ids> served;
  bool asks = false;  ///< for a client's certificate, as loaded
  Ids clients_loaded;
  bool down = false;  ///< it loads what it finds when it starts
  auto operator<=>(const ServerSide&) const = default;
};

bool client_verifies(const ClientSide& client, const ServerSide& server) {
  return server.served && meet(*server.served, client.trust);
}

bool server_takes(const ServerSide& server, const ClientSide& client) {
  return !server.asks || !client.leaf || meet(*client.leaf, server.clients_loaded);
}

/// One side before the steps and after them, and whether any of them is about it.
template <class Side>
struct Change {
  Side before;
  Side after;
  bool touched = false;
  auto operator<=>(const Change&) const = default;
};

struct ClientPlace {
  fleet::Slot slot;
  Change<ClientSide> change;
};

/// What was seen, and what becomes of it.
class World {
 public:
  World(const std::vector<const Step*>& steps, const Desired& desired, const Observed& observed) {
    register_authorities(steps, desired, observed);
    for (const fleet::Host& host : desired.environment->hosts) {
      const auto seen = observed.hosts.find(host.name);
      if (seen == observed.hosts.end() || !seen->second.answered()) continue;
      const HostView& view = seen->second;
      for (const fleet::SlotFacts* slot : shown_slots(*desired.environment, host, *view.facts)) {
        const ClientSide side{authorities_.of_bundle(slot->trust),
                              authorities_.signers_of(slot->certificate)};
        clients_[host.name].push_back({slot->slot, {side, side}});
      }
      if (!view.facts->server_slot) continue;
      const ServerSide side = server_of(view);
      servers_[host.name] = {side, side};
    }
    for (const Step* step : steps) carry_out(*step);
  }

  [[nodiscard]] std::vector<CutOff> cut_off() const {
    std::map<Change<ClientSide>, std::vector<std::string>> clients;
    for (const auto& [host, places] : clients_)
      for (const ClientPlace& place : places)
        clients[place.change].push_back(fleet::to_string(place.slot) + " on " + host);
    std::map<Change<ServerSide>, std::vector<std::string>> servers;
    for (const auto& [host, change] : servers_) servers[change].push_back(host);
    std::vector<CutOff> all;
    for (const auto& [client, names] : clients)
      for (const auto& [server, hosts] : servers)
        for (const char* why : why_cut_off(client, server))
          for (const std::string& name : names)
            for (const std::string& host : hosts) all.push_back({name, host, why});
    return all;
  }

 private:
  /// What its clients would show to our servers.
  static std::vector<const fleet::SlotFacts*> shown_slots(const fleet::Environment& environment,
                                                          const fleet::Host& host,
                                                          const fleet::HostFacts& facts) {
    std::vector<const fleet::SlotFacts*> shown = chosen_slots(environment, facts);
    for (const fleet::SlotFacts* slot : audit::shown_of_others(environment, host, facts))
      shown.push_back(slot);
    return shown;
  }

  void register_authorities(const std::vector<const Step*>& steps, const Desired& desired,
                            const Observed& observed) {
    if (const Certificate* server = in_force(desired.authorities.server))
      server_authority_ = {authorities_.id_of(*server)};
    if (const Certificate* client = in_force(desired.authorities.client))
      client_authority_ = {authorities_.id_of(*client)};
    for (const auto& [host, view] : observed.hosts) {
      if (!view.answered()) continue;
      for (const fleet::SlotFacts& slot : view.facts->client_slots)
        authorities_.of_bundle(slot.trust);
      if (view.facts->server_slot) authorities_.of_bundle(view.facts->server_slot->trust);
    }
    for (const Step* step : steps) {
      authorities_.of_bundle(step->act.trust);
      authorities_.of_bundle(step->act.retired_trust);
    }
  }

  ServerSide server_of(const HostView& view) {
    const fleet::SlotFacts& slot = *view.facts->server_slot;
    ServerSide server;
    server.on_disk = authorities_.signers_of(slot.certificate);
    server.clients_on_disk = authorities_.of_bundle(slot.trust);
    server.down = view.facts->server && !view.facts->server->running && !view.served.answered;
    if (server.down) {
      const auto conf = settings::parse_ssl_conf(view.facts->server->ssl_conf);
      if (!conf) return server;
      server.asks = trusts_ours(view);
      start(server);
      return server;
    }
    if (view.served.tls) server.served = authorities_.signers_of(view.served.certificate);
    server.asks = view.served.asks_client_certificate;
    if (server.asks) server.clients_loaded = authorities_.named_among(slot.trust, view.served);
    return server;
  }

  static void start(ServerSide& server) {
    server.served = server.on_disk;
    server.clients_loaded = server.asks ? server.clients_on_disk : Ids();
  }

  void act_on(ServerSide& server, const Act& act) {
    switch (act.kind) {
      case ActKind::install_certificate:
        if (act.certificate.empty()) server.on_disk = server_authority_;
        break;
      case ActKind::install_trust:
        server.clients_on_disk = authorities_.of_bundle(act.trust);
        break;
      case ActKind::reload:
        if (server.on_disk) server.served = server.on_disk;
        server.asks = act.settings.client_trust;
        server.clients_loaded = server.asks ? server.clients_on_disk : Ids();
        break;
      case ActKind::mark_host:
      case ActKind::make_key:
      case ActKind::write_server_settings:
      case ActKind::archive_slot:
      case ActKind::write_replication_settings:
      case ActKind::reconnect_walreceiver:
        break;
    }
    if (server.down && server.served) start(server);
  }

  void act_on(ClientSide& client, const Act& act) {
    if (act.kind == ActKind::install_certificate && act.certificate.empty())
      client.leaf = client_authority_;
    if (act.kind != ActKind::install_trust) return;
    for (const std::size_t id : authorities_.of_bundle(act.retired_trust)) client.trust.erase(id);
    client.trust.merge(Ids(authorities_.of_bundle(act.trust)));
  }

  void carry_out(const Step& step) {
    if (step.act.slot.kind == fleet::SlotKind::server) {
      const auto server = servers_.find(step.host);
      if (server == servers_.end()) return;
      server->second.touched = true;
      return act_on(server->second.after, step.act);
    }
    const auto clients = clients_.find(step.host);
    if (clients == clients_.end()) return;
    for (ClientPlace& place : clients->second) {
      place.change.touched = true;
      if (place.slot == step.act.slot) act_on(place.change.after, step.act);
    }
  }

  static std::vector<const char*> why_cut_off(const Change<ClientSide>& client,
                                              const Change<ServerSide>& server) {
    std::vector<const char*> why;
    if (!client.touched && !server.touched) return why;
    if (!client_verifies(client.after, server.after) &&
        client_verifies(client.before, server.before))
      why.push_back("it would not trust the certificate that is served then");
    if (!server_takes(server.after, client.after) && server_takes(server.before, client.before))
      why.push_back("its certificate would be refused then");
    return why;
  }

  Register authorities_;
  std::optional<Ids> server_authority_ = Ids();  ///< who will have vouched for a new pair
  std::optional<Ids> client_authority_ = Ids();
  std::map<std::string, std::vector<ClientPlace>> clients_;  ///< by host
  std::map<std::string, Change<ServerSide>> servers_;
};

}  // namespace

std::vector<CutOff> cut_off_by(const std::vector<const Step*>& steps, const Desired& desired,
                               const Observed& observed) {
  return World(steps, desired, observed).cut_off();
}

}  // namespace planning
