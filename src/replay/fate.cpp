// SPDX-License-Identifier: PostgreSQL
#include "replay/fate.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <map>
#include <tuple>

#include "replay/network.h"

namespace replay {
namespace {

using admission::Decision;
using admission::Transport;
using Outcome = Decision::Outcome;

Decision only_server_knows(const hba::RuleRow* row) {
  Decision decision;
  decision.outcome = Outcome::unknown;
  if (row != nullptr) decision.candidates = {row};
  return decision;
}

bool refuses(const Decision& decision) {
  return decision.outcome != Outcome::accept && decision.outcome != Outcome::unknown;
}

/// What is not told of a session, only the server knows; where the rules' answer rests on it, that
/// answer is unknown.
Decision decision_of(const Session& session, const admission::Rules& rules) {
  if (session.address_unknown) return only_server_knows(nullptr);
  if (session.transport_unknown) {
    Session by_tls = session;
    by_tls.transport_unknown = false;
    by_tls.certificate_unknown = true;
    by_tls.connection.transport = Transport::tls;
    Decision plain = rules.explain(session.connection);
    return refuses(plain) && refuses(decision_of(by_tls, rules)) ? plain
                                                                 : only_server_knows(nullptr);
  }
  Decision decision = rules.explain(session.connection);
  if (session.certificate_unknown && decision.outcome == Outcome::certificate_required)
    return only_server_knows(decision.row);
  if (!session.name_unknown || decision.row == nullptr ||
      !admission::asks_for_name(*decision.row->rule))
    return decision;
  if (decision.outcome != Outcome::accept && decision.outcome != Outcome::certificate_mismatch)
    return decision;
  return only_server_knows(decision.row);
}

Fate fate_of(const Decision& decision, const Session& session) {
  switch (decision.outcome) {
    case Outcome::accept:
      if (session.former && session.former->method != hba::to_string(decision.row->rule->method))
        return Fate::asked_differently;
      return session.connection.transport == Transport::plain ? Fate::not_on_tls : Fate::unchanged;
    case Outcome::unknown:
      return Fate::unknown;
    default:
      return Fate::refused;
  }
}

/// What the sessions of one group share.
using Likeness = std::tuple<const hba::RuleRow*, Outcome, std::string, std::string, std::string,
                            std::string, std::optional<FormerRule>>;

std::string neighbourhood_of(const Session& session) {
  if (session.address_unknown) return "";
  const auto& address = session.connection.address;
  return address ? neighbourhood(*address).text() : "local";
}

void add_up(std::uint64_t& sum, std::uint64_t more) {
  sum += std::min(std::numeric_limits<std::uint64_t>::max() - sum, more);
}

std::string database_of(const Session& session) {
  return session.connection.physical_replication ? "replication" : session.connection.database;
}

Group begun(Fate fate, Decision decision, const Session& session) {
  Group group;
  group.fate = fate;
  group.decision = std::move(decision);
  group.role = session.connection.user;
  group.database = database_of(session);
  group.application = session.application;
  group.network = neighbourhood_of(session);
  group.former = session.former;
  return group;
}

}  // namespace

struct Gathering::Kept {
  struct Gathered {
    Group group;
    std::optional<Network> network;
    void add(const Session& session);
  };
  std::array<std::map<Likeness, Gathered>, fates> groups;
  std::array<std::uint64_t, fates> more{};
};

void Gathering::Kept::Gathered::add(const Session& session) {
  if (session.connection.address) {
    if (network)
      network->widen(*session.connection.address);
    else
      network.emplace(*session.connection.address);
  }
  add_up(group.count, session.count);
  const std::string& first = session.first_seen.empty() ? session.last_seen : session.first_seen;
  if (!first.empty() && (group.first_seen.empty() || first < group.first_seen))
    group.first_seen = first;
  group.last_seen = std::max(group.last_seen, session.last_seen);
}

Gathering::Gathering(const admission::Rules& rules, std::size_t most)
    : rules_(rules), most_(most), kept_(std::make_unique<Kept>()) {}
Gathering::~Gathering() = default;

void Gathering::add(const Session& session) {
  Decision decision;
  if (session.authenticated) decision = decision_of(session, rules_);
  const Fate fate = session.authenticated ? fate_of(decision, session) : Fate::never_authenticated;
  auto& groups = kept_->groups.at(static_cast<std::size_t>(fate));
  Likeness likeness{decision.row,         decision.outcome,          session.connection.user,
                    database_of(session), neighbourhood_of(session), session.application,
                    session.former};
  auto found = groups.find(likeness);
  if (found == groups.end()) {
    if (groups.size() >= most_) {
      add_up(kept_->more.at(static_cast<std::size_t>(fate)), session.count);
      return;
    }
    found = groups
                .emplace(std::move(likeness),
                         Kept::Gathered{begun(fate, std::move(decision), session), std::nullopt})
                .first;
  }
  found->second.add(session);
}

Report Gathering::report() && {
  Report report;
  report.more = kept_->more;
  for (auto& of_fate : kept_->groups)
    for (auto& [likeness, each] : of_fate) {
      if (each.network) each.group.network = each.network->text();
      report.groups.push_back(std::move(each.group));
    }
  std::sort(report.groups.begin(), report.groups.end(), [](const Group& one, const Group& other) {
    return std::tie(one.fate, other.count, one.role, one.database, one.network, one.application) <
           std::tie(other.fate, one.count, other.role, other.database, other.network,
                    other.application);
  });
  return report;
}

std::vector<Group> replay(const std::vector<Session>& sessions, const admission::Rules& rules) {
  Gathering gathering(rules, std::numeric_limits<std::size_t>::max());
  for (const Session& session : sessions) gathering.add(session);
  return std::move(gathering).report().groups;
}

bool all_let_in(const std::vector<Group>& groups) {
  return groups.empty() || groups.front().fate >= Fate::not_on_tls;
}

const char* to_string(Fate fate) {
  switch (fate) {
    case Fate::refused:
      return "refused";
    case Fate::unknown:
      return "unknown";
    case Fate::asked_differently:
      return "asked differently";
    case Fate::not_on_tls:
      return "not on TLS";
    case Fate::never_authenticated:
      return "never authenticated";
    case Fate::unchanged:
      break;
  }
  return "unchanged";
}

}  // namespace replay
