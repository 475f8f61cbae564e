// SPDX-License-Identifier: PostgreSQL
#include "planning/invariants.h"

#include <fmt/format.h>

#include <algorithm>

#include "audit/home_pairs.h"
#include "planning/wanted.h"
#include "x509/bundle.h"

namespace planning {
namespace {

using fleet::Act;
using fleet::ActKind;
using x509::Bundle;
using x509::Certificate;

/// A leaf as it was seen, or one that the authority in force will have signed.
struct Leaf {
  std::optional<Certificate> seen;
  bool to_come = false;

  [[nodiscard]] bool absent() const { return !seen && !to_come; }
  [[nodiscard]] bool vouched_by(const Bundle& trust, const Certificate* in_force) const {
    if (to_come) return in_force != nullptr && trust.contains(*in_force);
    const auto& authorities = trust.certificates();
    return seen && std::any_of(authorities.begin(), authorities.end(),
                               [&](const Certificate& one) { return seen->signed_by(one); });
  }
};

Leaf leaf_of(const std::string& pem) {
  Leaf leaf;
  if (auto read = Certificate::decode_pem(pem)) leaf.seen = std::move(*read);
  return leaf;
}

/// What cannot be read is trusted by nobody.
Bundle bundle_of(const std::string& pem) {
  auto read = Bundle::from_pem(pem);
  return read ? std::move(*read) : Bundle();
}

struct ClientSide {
  std::string host;
  fleet::Slot slot;
  Bundle trust;
  Leaf leaf;
};

struct ServerSide {
  Leaf on_disk;
  Bundle clients_on_disk;
  Leaf served;
  bool asks = false;  ///< for a client's certificate, as loaded
  Bundle clients_loaded;
};

struct World {
  std::vector<ClientSide> clients;
  std::map<std::string, ServerSide> servers;  // by host
};

/// Those that the server's handshake names: what it loaded, as far as the disk still tells.
Bundle named_among(const Bundle& bundle, const fleet::ServedFacts& served) {
  std::vector<Certificate> named;
  for (const Certificate& one : bundle.certificates())
    if (std::find(served.client_authorities.begin(), served.client_authorities.end(),
                  one.subject) != served.client_authorities.end())
      named.push_back(one);
  return Bundle(std::move(named));
}

World seen_world(const Desired& desired, const Observed& observed) {
  World world;
  for (const auto& [host, view] : observed.hosts) {
    if (!view.answered()) continue;
    std::vector<const fleet::SlotFacts*> shown = chosen_slots(*desired.environment, *view.facts);
    if (const fleet::Host* declared = desired.environment->find_host(host)) {
      const auto others = audit::shown_of_others(*desired.environment, *declared, *view.facts);
      shown.insert(shown.end(), others.begin(), others.end());
    }
    for (const fleet::SlotFacts* slot : shown)
      world.clients.push_back(
          {host, slot->slot, bundle_of(slot->trust), leaf_of(slot->certificate)});
    if (!view.facts->server_slot) continue;
    ServerSide server;
    server.on_disk = leaf_of(view.facts->server_slot->certificate);
    server.clients_on_disk = bundle_of(view.facts->server_slot->trust);
    if (view.served.tls) server.served = leaf_of(view.served.certificate);
    server.asks = view.served.asks_client_certificate;
    if (server.asks) server.clients_loaded = named_among(server.clients_on_disk, view.served);
    world.servers[host] = std::move(server);
  }
  return world;
}

void act_on(ServerSide& server, const Act& act) {
  switch (act.kind) {
    case ActKind::install_certificate:
      if (act.certificate.empty()) server.on_disk = {std::nullopt, true};
      return;
    case ActKind::install_trust:
      server.clients_on_disk = bundle_of(act.trust);
      return;
    case ActKind::reload:
      if (!server.on_disk.absent()) server.served = server.on_disk;
      server.asks = act.settings.client_trust;
      server.clients_loaded = server.asks ? server.clients_on_disk : Bundle();
      return;
    case ActKind::mark_host:
    case ActKind::make_key:
    case ActKind::write_server_settings:
    case ActKind::archive_slot:
    case ActKind::write_replication_settings:
    case ActKind::reconnect_walreceiver:
      return;
  }
}

void act_on(ClientSide& client, const Act& act) {
  if (act.kind == ActKind::install_certificate && act.certificate.empty())
    client.leaf = {std::nullopt, true};
  if (act.kind != ActKind::install_trust) return;
  const Bundle retired = bundle_of(act.retired_trust);
  for (const Certificate& one : retired.certificates()) client.trust = client.trust.without(one);
  client.trust = bundle_of(act.trust).merged(client.trust);
}

void carry_out(World& world, const Step& step) {
  if (step.act.slot.kind == fleet::SlotKind::server) {
    const auto server = world.servers.find(step.host);
    if (server != world.servers.end()) act_on(server->second, step.act);
    return;
  }
  for (ClientSide& client : world.clients)
    if (client.host == step.host && client.slot == step.act.slot) act_on(client, step.act);
}

bool client_verifies(const ClientSide& client, const ServerSide& server,
                     const Authorities& authorities) {
  return server.served.vouched_by(client.trust, in_force(authorities.server));
}

bool server_takes(const ServerSide& server, const ClientSide& client,
                  const Authorities& authorities) {
  return !server.asks || client.leaf.absent() ||
         client.leaf.vouched_by(server.clients_loaded, in_force(authorities.client));
}

bool touched(const std::vector<const Step*>& steps, const std::string& client_host,
             const std::string& server_host) {
  return std::any_of(steps.begin(), steps.end(), [&](const Step* step) {
    const bool of_server = step->act.slot.kind == fleet::SlotKind::server;
    return step->host == (of_server ? server_host : client_host);
  });
}

}  // namespace

std::vector<CutOff> cut_off_by(const std::vector<const Step*>& steps, const Desired& desired,
                               const Observed& observed) {
  const World before = seen_world(desired, observed);
  World after = before;
  for (const Step* step : steps) carry_out(after, *step);
  std::vector<CutOff> cut_off;
  for (std::size_t i = 0; i < before.clients.size(); ++i)
    for (const auto& [host, server] : before.servers) {
      const ClientSide& client = before.clients[i];
      if (!touched(steps, client.host, host)) continue;
      const ServerSide& then = after.servers.at(host);
      const std::string who = fleet::to_string(client.slot) + " on " + client.host;
      const Authorities& authorities = desired.authorities;
      // What will be is asked first: where it is well, what was need not be verified.
      if (!client_verifies(after.clients[i], then, authorities) &&
          client_verifies(client, server, authorities))
        cut_off.push_back({who, host, "it would not trust the certificate that is served then"});
      if (!server_takes(then, after.clients[i], authorities) &&
          server_takes(server, client, authorities))
        cut_off.push_back({who, host, "its certificate would be refused then"});
    }
  return cut_off;
}

}  // namespace planning
