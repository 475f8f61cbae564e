// SPDX-License-Identifier: PostgreSQL
#include "replay/fate.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <map>
#include <tuple>

#include "admission/intervals.h"

namespace replay {
namespace {

using admission::Decision;
using admission::Number;
using admission::Transport;
using Outcome = Decision::Outcome;

constexpr int neighbours_ipv4 = 24;
constexpr int neighbours_ipv6 = 64;

/// Where a certificate's name decides that is not known, only the server can.
Decision decision_of(const Session& session, const admission::Rules& rules) {
  Decision decision = rules.explain(session.connection);
  if (!session.name_unknown || decision.row == nullptr ||
      !admission::asks_for_name(*decision.row->rule))
    return decision;
  if (decision.outcome != Outcome::accept && decision.outcome != Outcome::certificate_mismatch)
    return decision;
  return {Outcome::unknown, nullptr, {decision.row}, false};
}

Fate fate_of(const Decision& decision, const admission::Connection& connection) {
  switch (decision.outcome) {
    case Outcome::accept:
      return connection.transport == Transport::plain ? Fate::not_on_tls : Fate::unchanged;
    case Outcome::unknown:
      return Fate::unknown;
    default:
      return Fate::refused;
  }
}

/// The addresses of a group: what all their numbers begin with.
struct Prefix {
  hba::Family family = hba::Family::ipv4;
  Number first = 0;
  int length = 0;

  explicit Prefix(const hba::Address& address)
      : family(address.family),
        first(admission::number_of(address)),
        length(bits_of(address.family)) {}

  void cut(int shorter) {
    const int rest = hba::bits_of(family) - shorter;
    length = shorter;
    first = rest >= 128 ? 0 : (first >> rest) << rest;
  }

  void widen(const hba::Address& address) {
    Prefix other(address);
    other.cut(length);
    while (other.first != first) {
      cut(length - 1);
      other.cut(length);
    }
  }

  [[nodiscard]] std::string text() const {
    return fmt::format("{}/{}", hba::to_string(admission::address_of(first, family)), length);
  }
};

/// What the sessions of one group share.
using Likeness = std::tuple<Fate, const hba::RuleRow*, Outcome, std::string, std::string,
                            std::string, std::string>;

std::string neighbourhood(const admission::Connection& connection) {
  if (!connection.address) return "local";
  Prefix prefix(*connection.address);
  prefix.cut(prefix.family == hba::Family::ipv4 ? neighbours_ipv4 : neighbours_ipv6);
  return prefix.text();
}

struct Gathered {
  Group group;
  std::optional<Prefix> prefix;
};

void add(Gathered& to, const Session& session) {
  Group& group = to.group;
  if (session.connection.address) {
    if (to.prefix)
      to.prefix->widen(*session.connection.address);
    else
      to.prefix.emplace(*session.connection.address);
  }
  const std::uint64_t room = std::numeric_limits<std::uint64_t>::max() - group.count;
  group.count += std::min(room, session.count);
  if (session.last_seen.empty()) return;
  if (group.first_seen.empty() || session.last_seen < group.first_seen)
    group.first_seen = session.last_seen;
  group.last_seen = std::max(group.last_seen, session.last_seen);
}

}  // namespace

std::vector<Group> replay(const std::vector<Session>& sessions, const admission::Rules& rules) {
  std::map<Likeness, Gathered> gathered;
  for (const Session& session : sessions) {
    const admission::Connection& connection = session.connection;
    Decision decision = decision_of(session, rules);
    const Fate fate = fate_of(decision, connection);
    const std::string database =
        connection.physical_replication ? "replication" : connection.database;
    auto [at, first] =
        gathered.try_emplace(Likeness{fate, decision.row, decision.outcome, connection.user,
                                      database, neighbourhood(connection), session.application});
    if (first) {
      Group& group = at->second.group;
      group.fate = fate;
      group.decision = std::move(decision);
      group.role = connection.user;
      group.database = database;
      group.application = session.application;
    }
    add(at->second, session);
  }
  std::vector<Group> groups;
  for (auto& [likeness, each] : gathered) {
    each.group.network = each.prefix ? each.prefix->text() : "local";
    groups.push_back(std::move(each.group));
  }
  std::sort(groups.begin(), groups.end(), [](const Group& one, const Group& other) {
    return std::tie(one.fate, other.count, one.role, one.database, one.network, one.application) <
           std::tie(other.fate, one.count, other.role, other.database, other.network,
                    other.application);
  });
  return groups;
}

const char* to_string(Fate fate) {
  switch (fate) {
    case Fate::refused:
      return "refused";
    case Fate::unknown:
      return "unknown";
    case Fate::not_on_tls:
      return "not on TLS";
    case Fate::unchanged:
      break;
  }
  return "unchanged";
}

}  // namespace replay
