// SPDX-License-Identifier: PostgreSQL
#include "planning/replication.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "audit/catalogue.h"
#include "base/text.h"
#include "planning/pairs.h"
#include "planning/server_settings.h"
#include "planning/wanted.h"
#include "settings/synchronous.h"
#include "settings/tls_settings.h"
#include "x509/names.h"

namespace planning {
namespace {

using fleet::ReplicationFacts;
using fleet::ServerFacts;
using fleet::SlotFacts;

/// As much WAL as a standby may lack that nothing keeps WAL for: one segment.
constexpr std::int64_t spare_wal_bytes = 16LL * 1024 * 1024;

/// A host that was not asked is as one that did not answer.
const HostView& view_of_host(const Observed& observed, const std::string& host) {
  static const HostView unseen;
  const auto found = observed.hosts.find(host);
  return found == observed.hosts.end() ? unseen : found->second;
}

/// The standby of that host, or null: what runs, follows somebody, and could be asked.
const ServerFacts* standby_of(const Observed& observed, const std::string& host) {
  const HostView& view = view_of_host(observed, host);
  const ServerFacts* server = view.answered() ? fleet::answering_server(*view.facts) : nullptr;
  return server != nullptr && server->in_recovery && server->replication ? server : nullptr;
}

/// As libpq compares the name in a string with one in a certificate (fe-secure-common.c): names
/// without regard to case, addresses by their bytes.
bool same_name(std::string_view one, std::string_view other) {
  if (base::lower(one) == base::lower(other)) return true;
  if (one.find(':') == one.npos || other.find(':') == other.npos) return false;
  const std::string address = x509::canonical_address(one);
  return !address.empty() && address == x509::canonical_address(other);
}

bool vouched_for_as(const Desired& desired, const fleet::Host& host, std::string_view name) {
  const auto names = desired.environment->certificate_names(host);
  return std::any_of(names.begin(), names.end(),
                     [&](const std::string& each) { return same_name(each, base::trim(name)); });
}

/// The database hosts that the standby's string may lead to: those whose certificates hold the
/// names in it. A service name leads to any.
std::vector<const fleet::Host*> primaries_of(const Desired& desired, const fleet::Host& standby,
                                             const ReplicationFacts& facts) {
  std::vector<const fleet::Host*> primaries;
  for (const fleet::Host& host : desired.environment->hosts) {
    if (!host.database || host.name == standby.name) continue;
    if (facts.host.empty() && !facts.service.empty()) {
      primaries.push_back(&host);
      continue;
    }
    const auto written = base::split(facts.host, ',');
    if (std::any_of(written.begin(), written.end(),
                    [&](std::string_view name) { return vouched_for_as(desired, host, name); }))
      primaries.push_back(&host);
  }
  return primaries;
}

fleet::IdentityKind kind_of(const Desired& desired, const std::string& identity) {
  for (const fleet::Identity& one : desired.environment->identities)
    if (one.name == identity) return one.kind;
  return fleet::IdentityKind::named;
}

/// The role that the standby connects as: libpq's default is the OS user's name.
const std::string& role_of(const ServerFacts& standby) {
  return standby.replication->user.empty() ? standby.os_user : standby.replication->user;
}

/// The pair of the replication role itself, else an administrator's, of the server's OS user.
const SlotFacts* pair_of(const Desired& desired, const fleet::HostFacts& facts,
                         const std::string& role) {
  const SlotFacts* administrators = nullptr;
  for (const SlotFacts* slot : chosen_slots(*desired.environment, facts)) {
    if (slot->slot.os_user != facts.server->os_user) continue;
    if (slot->slot.name == role) return slot;
    if (kind_of(desired, slot->slot.name) == fleet::IdentityKind::admin) administrators = slot;
  }
  return administrators;
}

std::string path_in(const SlotFacts& slot, std::string_view file) {
  return slot.folder + "/" + std::string(file);
}

/// What the string as written lacks, "" nothing.
std::string lacks(const ReplicationFacts& facts, const SlotFacts& pair) {
  if (facts.sslmode != "verify-full")
    return fmt::format("the standby streams with sslmode={}",
                       facts.sslmode.empty() ? "prefer" : facts.sslmode);
  if (facts.sslrootcert != path_in(pair, fleet::client_trust_file))
    return "its string names another sslrootcert";
  if (facts.sslcert != path_in(pair, fleet::client_certificate_file) ||
      facts.sslkey != path_in(pair, fleet::client_key_file))
    return "its string names another certificate";
  return "";
}

bool a_primary_answers(const Desired& desired, const fleet::Host& host, const Observed& observed,
                       const ReplicationFacts& facts) {
  const auto primaries = primaries_of(desired, host, facts);
  return std::any_of(primaries.begin(), primaries.end(), [&](const fleet::Host* primary) {
    const HostView& view = view_of_host(observed, primary->name);
    return view.answered() && fleet::answering_server(*view.facts) != nullptr;
  });
}

/// Fewer connections than standbys that say they stream from it, and from nobody else: the two
/// looks were not one.
bool misses_a_standby(const Desired& desired, const fleet::Host& primary, const Observed& observed,
                      const ServerFacts& server) {
  const auto follow =
      std::count_if(desired.environment->hosts.begin(), desired.environment->hosts.end(),
                    [&](const fleet::Host& host) {
                      const ServerFacts* standby = standby_of(observed, host.name);
                      if (standby == nullptr || standby->replication->receiver != "streaming")
                        return false;
                      const auto primaries = primaries_of(desired, host, *standby->replication);
                      return primaries.size() == 1 && primaries.front()->name == primary.name;
                    });
  return std::count_if(server.replicas.begin(), server.replicas.end(),
                       [](const fleet::ReplicaFact& replica) {
                         return replica.state == "streaming";
                       }) < follow;
}

class StandbyJudge {
 public:
  StandbyJudge(const Desired& desired, const fleet::Host& host, const Observed& observed,
               const ServerFacts& server)
      : desired_(desired),
        host_(host),
        observed_(observed),
        server_(server),
        facts_(*server.replication) {}

  StandbyJudgement judge() {
    if (!facts_.problem.empty()) {
      find("replication.unreadable", "primary_conninfo of the standby: " + facts_.problem, "");
      return std::move(judged_);
    }
    const SlotFacts* pair = choose_pair();
    if (pair == nullptr || !known_primary() || managed()) return std::move(judged_);
    judged_.slot = pair->slot;
    judged_.reason = lacks(facts_, *pair);
    const bool waits = !facts_.loaded && settings::major_of(server_.version) < 13;
    if (judged_.reason.empty() && facts_.untried) {
      judged_.reason = "an interrupted apply wrote its string and did not see it stream by it";
    } else if (judged_.reason.empty() && waits) {
      find("replication.restart", "the standby connects as before until it is restarted",
           "Restart it when it suits: before PostgreSQL 13 primary_conninfo is read at start.");
    } else if (judged_.reason.empty() && !facts_.loaded) {
      judged_.reason = "the standby has not loaded its string";
    } else if (judged_.reason.empty()) {
      connection();
    }
    if (!judged_.reason.empty() && facts_.password)
      judged_.reason += "; its string holds a password, which the server's log repeats when told";
    return std::move(judged_);
  }

 private:
  void find(std::string_view code, std::string message, std::string hint) {
    base::Finding found = audit::finding(code, std::move(message));
    found.hint = std::move(hint);
    found.host = host_.name;
    found.file = facts_.file;
    found.line = facts_.line;
    judged_.findings.push_back(std::move(found));
  }

  const SlotFacts* choose_pair() {
    if (facts_.user.empty() && !facts_.service.empty()) {
      find("replication.identity",
           fmt::format("the standby's role stands in service \"{}\"", facts_.service),
           "Write user=… into primary_conninfo: pgseal cannot tell whose certificate to show.");
      return nullptr;
    }
    const std::string& role = role_of(server_);
    const SlotFacts* pair = pair_of(desired_, *observed_.hosts.at(host_.name).facts, role);
    const std::string hint = fmt::format(
        "[[identity]]\nname = \"{}\"\nkind = \"replication\"\nhosts = [\"@databases\"]\n"
        "os_users = [\"{}\"]",
        role, server_.os_user);
    if (pair == nullptr)
      find("replication.identity",
           fmt::format("no identity of OS user \"{}\" could vouch for role \"{}\"", server_.os_user,
                       role),
           hint);
    else if (pair->slot.name != role)
      find("replication.other-name",
           fmt::format("the standby connects as \"{}\" and shows the certificate of \"{}\"", role,
                       pair->slot.name),
           hint);
    return pair;
  }

  /// A name that no certificate holds is said even where another of the string's leads on: after a
  /// failover it may be the one that counts.
  bool known_primary() {
    if (facts_.host.empty() && !facts_.service.empty()) return true;
    const std::size_t before = judged_.findings.size();
    for (const std::string_view name : base::split(facts_.host, ','))
      if (!in_a_certificate(base::trim(name))) unknown_primary(base::trim(name));
    if (!primaries_of(desired_, host_, facts_).empty()) return true;
    if (judged_.findings.size() == before)
      find("replication.primary-unknown",
           fmt::format("the standby's string leads to itself alone, \"{}\"", facts_.host),
           "Write host=… into primary_conninfo, a name of the primary's [[host]].");
    return false;
  }

  [[nodiscard]] bool in_a_certificate(std::string_view name) const {
    const auto& hosts = desired_.environment->hosts;
    return std::any_of(hosts.begin(), hosts.end(), [&](const fleet::Host& host) {
      return host.database && vouched_for_as(desired_, host, name);
    });
  }

  void unknown_primary(std::string_view name) {
    if (name.empty() || name.starts_with('/') || name.starts_with('@'))
      find("replication.primary-unknown",
           name.empty() ? "the standby's string names no host"
                        : fmt::format("the standby reaches its primary over the socket in \"{}\", "
                                      "where there is no TLS",
                                      name),
           "Write host=… into primary_conninfo, a name of the primary's [[host]].");
    else
      find("replication.primary-unknown",
           fmt::format("the standby's primary \"{}\" is in no database host's certificate", name),
           "Add that name to the names of the primary's [[host]].");
  }

  bool managed() {
    if (server_.managed_by.empty() || facts_.file != server_.config_file) return false;
    find("replication.managed",
         fmt::format("{} writes the standby's primary_conninfo", server_.managed_by),
         fmt::format("Let {} write sslmode=verify-full, sslrootcert, sslcert and sslkey.",
                     server_.managed_by));
    return true;
  }

  /// The string is right and loaded: so must be the connection.
  void connection() {
    judged_.act = fleet::ActKind::reconnect_walreceiver;
    if (facts_.receiver != "streaming") {
      find("replication.stopped", "the standby does not stream",
           "Look at its log and at its primary's.");
    } else if (!facts_.in_use) {
      judged_.reason = "its connection is older than its string";
    } else if (unseen_by_primary()) {
      judged_.reason = "its primary sees no connection with its certificate";
    }
  }

  /// True where every primary answers, and none sees a certificate of this host. 10 and 11 show no
  /// certificate.
  bool unseen_by_primary() const {
    for (const fleet::Host* primary : primaries_of(desired_, host_, facts_)) {
      const HostView& view = view_of_host(observed_, primary->name);
      const ServerFacts* server = view.answered() ? fleet::answering_server(*view.facts) : nullptr;
      if (server == nullptr || settings::major_of(server->version) < 12) return false;
      const bool seen = std::any_of(
          server->replicas.begin(), server->replicas.end(), [&](const fleet::ReplicaFact& replica) {
            const auto holder = desired_.client_serials.find(replica.client_serial);
            return replica.tls && holder != desired_.client_serials.end() &&
                   holder->second == host_.name;
          });
      if (seen) return false;
    }
    return true;
  }

  const Desired& desired_;
  const fleet::Host& host_;
  const Observed& observed_;
  const ServerFacts& server_;
  const ReplicationFacts& facts_;
  StandbyJudgement judged_;
};

// ---- whether it may be let go of ----------------------------------------------------------------

/// Why `primary` would not take the standby back verified and with its certificate, "" if it would.
std::string why_not_taken(const HostView& primary) {
  if (!primary.answered()) return "did not answer";
  if (!serves_own(primary)) return "does not serve its own certificate";
  return primary.served.asks_client_certificate ? "" : "does not ask for certificates";
}

/// Who is seen to stream and fell silent in the same look is not counted upon.
bool of_silent_host(const Desired& desired, const Observed& observed,
                    const fleet::ReplicaFact& replica) {
  const auto& hosts = desired.environment->hosts;
  return std::any_of(hosts.begin(), hosts.end(), [&](const fleet::Host& host) {
    return !replica.address.empty() && host.address == replica.address &&
           !view_of_host(observed, host.name).answered();
  });
}

/// The primary sees this standby, and waits for it in no commit. Where another's connections come
/// from the same address (NAT), all of them must be such.
bool confirms_nothing(const Observed& observed, const fleet::Host& host,
                      const ServerFacts& primary) {
  const std::vector<std::string>& own = observed.hosts.at(host.name).facts->addresses;
  bool seen = false;
  for (const fleet::ReplicaFact& replica : primary.replicas) {
    if (replica.address.empty() || std::find(own.begin(), own.end(), replica.address) == own.end())
      continue;
    if (replica.sync_state != "async") return false;
    seen = true;
  }
  return seen;
}

/// Why commits would wait without this standby, "" if they would not.
std::string why_not_spared(const Desired& desired, const fleet::Host& host,
                           const Observed& observed, const ServerFacts& primary) {
  const std::string names = running_value(primary, "synchronous_standby_names");
  const auto needed = settings::confirming_standbys(names);
  if (!needed) return "synchronous_standby_names cannot be understood";
  if (*needed == 0 || primary.in_recovery || confirms_nothing(observed, host, primary)) return "";
  const auto confirming = std::count_if(
      primary.replicas.begin(), primary.replicas.end(), [&](const fleet::ReplicaFact& replica) {
        return replica.state == "streaming" && replica.sync_state != "async" &&
               !of_silent_host(desired, observed, replica);
      });
  if (confirming > *needed) return "";
  return fmt::format(
      "commits would wait meanwhile: synchronous_standby_names = '{}' needs {} of {} standbys; let "
      "it "
      "need fewer until each has reconnected, or add a standby",
      names, *needed, confirming);
}

/// Why WAL that the standby lacks could be gone when it comes back, "" if it could not.
std::string why_not_kept(const ServerFacts& primary, const ReplicationFacts& standby) {
  for (const fleet::ReplicationSlotFact& slot : primary.replication_slots) {
    if (slot.name != standby.slot || standby.slot.empty()) continue;
    return slot.wal_status == "lost" || slot.wal_status == "unreserved"
               ? fmt::format("its replication slot \"{}\" is {}", slot.name, slot.wal_status)
               : "";
  }
  const auto keeps = [&](std::string_view setting) {
    const std::string value = running_value(primary, setting);
    return !value.empty() && value != "0";
  };
  if (standby.archive || keeps("wal_keep_size") || keeps("wal_keep_segments")) return "";
  for (const fleet::ReplicaFact& replica : primary.replicas)
    if (replica.behind.value_or(0) > spare_wal_bytes)
      return fmt::format(
          "a standby is {} MB behind, and neither a slot nor wal_keep_size keeps WAL",
          *replica.behind / 1024 / 1024);
  return "";
}

/// Whether its step ends the receiver of now: before 13 a string that is written waits for a
/// restart, and only a reconnection does.
bool is_let_go(const Desired& desired, const fleet::Host& host, const Observed& observed,
               const ServerFacts& standby) {
  if (settings::major_of(standby.version) >= 13) return true;
  const StandbyJudgement judged = judge_standby(desired, host, observed);
  return !judged.reason.empty() && judged.act == fleet::ActKind::reconnect_walreceiver;
}

std::string why_not_now(const Desired& desired, const fleet::Host& host, const Observed& observed,
                        const ServerFacts& standby) {
  const ReplicationFacts& facts = *standby.replication;
  if (facts.untried && facts.in_use) return "";  // it streams by it: that is only noted
  if (!facts.held.empty() && is_let_go(desired, host, observed, standby))
    return facts.held + ": no new connection is made before it goes on to the end";
  // It is tried once more or taken back; nobody can lose what does not stream.
  if (facts.untried && facts.receiver != "streaming") return "";
  for (const fleet::Host* primary : primaries_of(desired, host, *standby.replication)) {
    const HostView& view = view_of_host(observed, primary->name);
    const ServerFacts* server = view.answered() ? fleet::answering_server(*view.facts) : nullptr;
    if (server != nullptr) {
      // What only a person can change comes first: the first plan says it, and not what the phases
      // before this one will have done by then.
      if (std::string why = why_not_spared(desired, host, observed, *server); !why.empty())
        return why;
      if (std::string why = why_not_kept(*server, *standby.replication); !why.empty()) return why;
    }
    if (const std::string why = why_not_taken(view); !why.empty()) return primary->name + " " + why;
    if (server == nullptr) return primary->name + " could not be asked";
  }
  const SlotFacts* pair = pair_of(desired, *observed.hosts.at(host.name).facts, role_of(standby));
  if (pair == nullptr) return "";
  const Judgement judged = judge_pair(wanted_client(desired, host, pair->slot, observed.at), *pair,
                                      desired, observed.at);
  if (judged.remedy != Remedy::none) return fleet::to_string(pair->slot) + ": " + judged.reason;
  const auto trust = judge_trust(*pair, in_force(desired.authorities.server));
  return trust ? fleet::to_string(pair->slot) + ": " + *trust : "";
}

}  // namespace

StandbyJudgement judge_standby(const Desired& desired, const fleet::Host& host,
                               const Observed& observed) {
  const ServerFacts* server = standby_of(observed, host.name);
  if (server == nullptr) return {};
  return StandbyJudge(desired, host, observed, *server).judge();
}

std::set<std::string> followed_by(const Desired& desired, const Observed& observed,
                                  const std::string& standby) {
  std::set<std::string> names;
  const fleet::Host* host = desired.environment->find_host(standby);
  const ServerFacts* server = host == nullptr ? nullptr : standby_of(observed, standby);
  if (server == nullptr) return names;
  for (const fleet::Host* primary : primaries_of(desired, *host, *server->replication))
    names.insert(primary->name);
  return names;
}

std::set<std::string> replication_under_way(const Desired& desired, const Observed& observed) {
  std::set<std::string> under_way;
  for (const fleet::Host& host : desired.environment->hosts) {
    const HostView& view = view_of_host(observed, host.name);
    const ServerFacts* server =
        host.database && view.answered() ? fleet::answering_server(*view.facts) : nullptr;
    if (server == nullptr) continue;
    const bool catches_up = std::any_of(
        server->replicas.begin(), server->replicas.end(), [](const fleet::ReplicaFact& replica) {
          return replica.state == "startup" || replica.state == "catchup";
        });
    const ServerFacts* standby = standby_of(observed, host.name);
    const bool between = standby != nullptr && standby->replication->receiver != "streaming" &&
                         a_primary_answers(desired, host, observed, *standby->replication);
    const bool missed = misses_a_standby(desired, host, observed, *server);
    if (catches_up || between || missed) under_way.insert(host.name);
  }
  return under_way;
}

GateResult standby_spared(const Desired& desired, const Observed& observed) {
  GateResult result{Gate::standby_spared, {}, {}};
  for (const fleet::Host& host : desired.environment->hosts) {
    const ServerFacts* standby = standby_of(observed, host.name);
    if (standby == nullptr) continue;
    const std::string why = why_not_now(desired, host, observed, *standby);
    if (!why.empty()) result.blockers.push_back({host.name, why});
  }
  return result;
}

}  // namespace planning
