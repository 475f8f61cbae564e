// SPDX-License-Identifier: PostgreSQL
#include "planning/gates.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "audit/home_pairs.h"
#include "planning/pairs.h"
#include "planning/replication.h"
#include "planning/server_settings.h"
#include "planning/wanted.h"

namespace planning {
namespace {

const HostView* view_of(const Observed& observed, const std::string& host) {
  const auto found = observed.hosts.find(host);
  return found == observed.hosts.end() ? nullptr : &found->second;
}

/// True where the slot holds a certificate and none of ours: another authority vouched so far.
bool vouched_by_another(const fleet::SlotFacts& slot, const x509::Certificate* ours) {
  if (slot.certificate.empty()) return false;
  const auto held = x509::Certificate::decode_pem(slot.certificate);
  return held && (ours == nullptr || !held->signed_by(*ours));
}

/// True where the server shows its clients a certificate that is not ours, whatever our slot holds.
bool serves_another(const HostView& view, const x509::Certificate* ours) {
  if (!view.served.tls) return false;
  const auto served = x509::Certificate::decode_pem(view.served.certificate);
  return served && (ours == nullptr || !served->signed_by(*ours));
}

/// A silent host whose clients were never given our trust, by the ledger.
bool may_not_know_ours(const Desired& desired, const fleet::Host& host) {
  std::set<std::string> trusting;  // by identity and OS user: one place of two is enough
  std::set<std::string> all;
  for (const fleet::Slot& slot : client_slots(*desired.environment, host)) {
    const std::string text = fleet::to_string(slot);
    all.insert(text);
    if (desired.trusting.contains(host.name + " " + text)) trusting.insert(text);
  }
  return trusting != all;
}

/// Clients that verify today and would not take a server certificate of ours.
std::vector<std::string> strangers_to_ours(const Desired& desired, const Observed& observed) {
  std::vector<std::string> strangers;
  for (const fleet::Host& host : desired.environment->hosts) {
    const HostView* view = view_of(observed, host.name);
    if (view == nullptr || !view->answered()) {
      if (may_not_know_ours(desired, host)) strangers.push_back(host.name + " did not answer");
      continue;
    }
    for (const fleet::SlotFacts* slot : chosen_slots(*desired.environment, *view->facts))
      if (trusts_another_alone(*slot, in_force(desired.authorities.server)))
        strangers.push_back(fmt::format("{} on {} trusts another authority alone",
                                        fleet::to_string(slot->slot), host.name));
  }
  return strangers;
}

/// Only a server that another authority vouches for has clients to lose by changing its pair.
GateResult succession(const Desired& desired, const Observed& observed) {
  GateResult result{Gate::succession, {}, {}};
  std::optional<std::vector<std::string>> strangers;  // asked for once, and only where needed
  for (const fleet::Host& host : desired.environment->hosts) {
    const HostView* view = view_of(observed, host.name);
    if (!host.database || view == nullptr || !view->answered() || !view->facts->server_slot)
      continue;
    if (!vouched_by_another(*view->facts->server_slot, in_force(desired.authorities.server)))
      continue;
    if (!strangers) strangers = strangers_to_ours(desired, observed);
    for (const std::string& stranger : *strangers) result.blockers.push_back({host.name, stranger});
  }
  return result;
}

GateResult pairs_ready(const Desired& desired, const Observed& observed) {
  GateResult result{Gate::pairs_ready, {}, {}};
  std::optional<std::vector<std::string>> strangers;
  for (const fleet::Host& host : desired.environment->hosts) {
    if (!host.database) continue;
    const HostView* view = view_of(observed, host.name);
    if (view == nullptr || !view->answered()) {
      result.blockers.push_back({host.name, "did not answer"});
      continue;
    }
    const auto& slot = view->facts->server_slot;
    if (!slot || slot->certificate.empty())
      result.blockers.push_back({host.name, "has no certificate yet"});
    else if (slot->key != fleet::KeyState::good)
      result.blockers.push_back({host.name, "its private key: " + slot->key_detail});
    if (!serves_another(*view, in_force(desired.authorities.server))) continue;
    if (!strangers) strangers = strangers_to_ours(desired, observed);
    for (const std::string& stranger : *strangers) result.blockers.push_back({host.name, stranger});
  }
  return result;
}

/// A server that answers from outside with a certificate of ours is proven even where its host
/// cannot be logged into; a silent one is not.
std::string why_not_proven(const Desired& desired, const HostView* view) {
  if (view == nullptr || !view->served.answered) return "could not be asked from outside";
  if (!view->served.tls) return "answers without TLS";
  if (view->answered()) return serves_own(*view) ? "" : "serves another certificate than its own";
  const auto served = x509::Certificate::decode_pem(view->served.certificate);
  const bool ours =
      served && desired.authorities.server && served->signed_by(*desired.authorities.server);
  return ours ? "" : "did not answer, and serves another certificate than ours";
}

GateResult servers_proven(const Desired& desired, const Observed& observed) {
  GateResult result{Gate::servers_proven, {}, {}};
  for (const fleet::Host& host : desired.environment->hosts) {
    if (!host.database) continue;
    const std::string reason = why_not_proven(desired, view_of(observed, host.name));
    if (!reason.empty()) result.blockers.push_back({host.name, reason});
  }
  return result;
}

/// A server that would refuse a certificate of ours where it takes another authority's, "" if none.
std::string server_that_refuses_ours(const Desired& desired, const Observed& observed) {
  for (const fleet::Host& host : desired.environment->hosts) {
    if (!host.database) continue;
    const HostView* view = view_of(observed, host.name);
    if (view == nullptr || !view->answered()) return host.name + " did not answer";
    if (trusts_ours(*view) &&
        trusts_another_alone(*view->facts->server_slot, in_force(desired.authorities.client)))
      return host.name + " trusts another client authority alone";
    if (trusts_ours(*view) && loaded_others(*view))
      return host.name + " has not loaded the client authorities on its disk";
  }
  return "";
}

GateResult trust_in_place(const Desired& desired, const Observed& observed) {
  GateResult result{Gate::trust_in_place, {}, {}};
  const std::string refusing = server_that_refuses_ours(desired, observed);
  for (const auto& [host, view] : observed.hosts) {
    if (!view.answered()) continue;
    for (const fleet::SlotFacts* slot : chosen_slots(*desired.environment, *view.facts)) {
      auto reason = judge_trust(*slot, in_force(desired.authorities.server));
      if (!reason && !refusing.empty() &&
          vouched_by_another(*slot, in_force(desired.authorities.client)))
        reason = refusing;
      if (!reason) continue;
      result.blockers.push_back({host, fleet::to_string(slot->slot) + ": " + *reason});
      break;
    }
  }
  return result;
}

/// From here on a server refuses whoever shows a certificate that is not ours; one who shows none
/// is let on. So only a slot that holds a foreign pair, or may hold one unseen, is in danger; and
/// whoever would show another environment's pair out of a home.
GateResult clients_equipped(const Desired& desired, const Observed& observed) {
  GateResult result{Gate::clients_equipped, {}, {}};
  for (const fleet::Host& host : desired.environment->hosts) {
    const HostView* view = view_of(observed, host.name);
    if (view == nullptr || !view->answered()) {
      if (!client_slots(*desired.environment, host).empty())
        result.blockers.push_back({host.name, "did not answer"});
      continue;
    }
    for (const fleet::SlotFacts* slot : chosen_slots(*desired.environment, *view->facts)) {
      if (!slot->user_exists || !slot->unsafe.empty()) continue;
      const Judgement judged = judge_pair(wanted_client(desired, host, slot->slot, observed.at),
                                          *slot, desired, observed.at);
      if (judged.remedy == Remedy::none) continue;
      result.blockers.push_back({host.name, fleet::to_string(slot->slot) + ": " + judged.reason});
    }
    for (const fleet::SlotFacts* slot :
         audit::shown_of_others(*desired.environment, host, *view->facts))
      result.blockers.push_back(
          {host.name, fmt::format("OS user \"{}\" would show another environment's {}",
                                  slot->slot.os_user, audit::certificate_path(*slot))});
  }
  return result;
}

}  // namespace

bool GateResult::lets(const std::string& host) const {
  if (holds()) return true;
  return each_for_itself(gate) && !blocked.contains(host);
}

namespace {

GateResult ask(Gate gate, const Desired& desired, const Observed& observed) {
  switch (gate) {
    case Gate::none:
      return {};
    case Gate::succession:
      return succession(desired, observed);
    case Gate::pairs_ready:
      return pairs_ready(desired, observed);
    case Gate::servers_proven:
      return servers_proven(desired, observed);
    case Gate::trust_in_place:
      return trust_in_place(desired, observed);
    case Gate::clients_equipped:
      return clients_equipped(desired, observed);
    case Gate::standby_spared:
      return standby_spared(desired, observed);
  }
  return {};
}

}  // namespace

GateResult check(Gate gate, const Desired& desired, const Observed& observed) {
  GateResult result = ask(gate, desired, observed);
  for (const Blocker& blocker : result.blockers) result.blocked.insert(blocker.host);
  return result;
}

}  // namespace planning
