// SPDX-License-Identifier: PostgreSQL
#include "operations/verify.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "audit/catalogue.h"
#include "audit/silence.h"
#include "audit/sources.h"
#include "operations/desired.h"
#include "operations/observe.h"
#include "operations/parallel.h"
#include "planning/wanted.h"

namespace operations {
namespace {

using base::Result;
using fleet::ConnectLevel;
using fleet::Host;

struct Attempt {
  fleet::ConnectQuery query;
  std::string from;
  std::string to;
};

int port_of(const Host& host, const planning::HostView& view) {
  if (view.answered() && view.facts->server && view.facts->server->port != 0)
    return view.facts->server->port;
  return host.port.value_or(5432);
}

std::vector<std::string> databases_of(const fleet::Environment& environment,
                                      const std::string& identity) {
  for (const fleet::Identity& candidate : environment.identities)
    if (candidate.name == identity && !candidate.databases.empty()) return candidate.databases;
  return {"postgres"};
}

bool replication(const fleet::Environment& environment, const std::string& identity) {
  for (const fleet::Identity& candidate : environment.identities)
    if (candidate.name == identity) return candidate.kind == fleet::IdentityKind::replication;
  return false;
}

/// Everything that one host has to try: each of its slots to each database host.
std::vector<Attempt> attempts_of(const fleet::Environment& environment, const std::string& from,
                                 const planning::Observed& observed) {
  std::vector<Attempt> attempts;
  const planning::HostView& view = observed.hosts.at(from);
  if (!view.answered()) return attempts;
  for (const fleet::SlotFacts* slot : planning::chosen_slots(environment, *view.facts)) {
    if (!slot->user_exists || !slot->unsafe.empty()) continue;
    if (replication(environment, slot->slot.name)) continue;
    for (const Host& to : environment.hosts) {
      if (!to.database) continue;
      for (const std::string& database : databases_of(environment, slot->slot.name)) {
        Attempt attempt;
        attempt.query = {slot->slot, slot->slot.name, to.address,
                         port_of(to, observed.hosts.at(to.name)), database};
        attempt.from = from;
        attempt.to = to.name;
        attempts.push_back(std::move(attempt));
      }
    }
  }
  return attempts;
}

ConnectionProof try_one(fleet::Conversation* conversation, const Attempt& attempt) {
  ConnectionProof proof;
  proof.identity = attempt.query.role;
  proof.os_user = attempt.query.slot.os_user;
  proof.from = attempt.from;
  proof.to = attempt.to;
  if (conversation == nullptr) {
    proof.message = "the host does not answer";
    return proof;
  }
  const auto report = conversation->connect(attempt.query);
  if (!report) {
    proof.message = report.error().message;
    if (!report.error().detail.empty()) proof.message += ": " + report.error().detail;
    return proof;
  }
  proof.over_socket = report->over_socket;
  proof.level = report->level;
  proof.libpq = report->libpq;
  proof.message = report->message;
  if (!report->protocol.empty()) proof.line = connection_line(*report);
  // A password that was asked for and not given is the rule reached; a wrong one is a refusal.
  const bool rule = report->level == ConnectLevel::rule_reached && report->sqlstate.empty();
  proof.ok = !proof.line.empty() && (report->level == ConnectLevel::logged_in || rule);
  return proof;
}

base::Finding finding_of(const ConnectionProof& proof) {
  const std::string what = fmt::format("\"{}\" as OS user \"{}\" from \"{}\" to \"{}\"",
                                       proof.identity, proof.os_user, proof.from, proof.to);
  base::Finding found;
  if (proof.over_socket) {
    found = audit::finding("connection.socket", what + " went over a socket");
  } else if (proof.ok) {
    found = audit::finding("connection.password", what + " was asked for a password");
    found.hint = "A ~/.pgpass of that OS user lets pgseal verify log in.";
  } else {
    found = audit::finding("connection.refused", what + " could not connect");
    found.detail =
        fmt::format("It came to \"{}\": {}", fleet::to_string(proof.level), proof.message);
    found.hint =
        fmt::format("Try it there: su {} -c \"psql 'host={} user={} sslmode=verify-full'\"",
                    proof.os_user, proof.to, proof.identity);
  }
  found.host = proof.from;
  return found;
}

Result<std::set<std::string>> known_serials(const ledger::Ledger* ledger) {
  std::set<std::string> known;
  if (ledger == nullptr) return known;
  for (const ledger::SerialRecord& record : TRY(ledger->serials())) {
    const auto certificate = x509::Certificate::decode_pem(record.certificate);
    if (certificate) known.insert(certificate->serial_decimal);
  }
  return known;
}

/// Counts of live sessions that are not on TLS, a note a host: they are not refused before
/// enforcement.
void note_plaintext(const std::string& host, const fleet::ServerFacts& server,
                    base::Findings& findings) {
  std::map<std::string, int> plain;
  int standbys = 0;
  for (const fleet::SessionFact& session : server.sessions) {
    if (session.tls || session.address.empty()) continue;
    if (session.backend_type == "walsender")
      ++standbys;
    else
      ++plain[fmt::format("{}@{}", session.role, session.address)];
  }
  const auto add = [&](std::string_view code, std::string message) {
    base::Finding found = audit::finding(code, std::move(message));
    found.host = host;
    findings.push_back(std::move(found));
  };
  for (const auto& [who, count] : plain)
    add("session.plaintext", fmt::format("{} live session{} of {} {} not on TLS", count,
                                         count == 1 ? "" : "s", who, count == 1 ? "is" : "are"));
  if (standbys > 0)
    add("replication.plaintext", fmt::format("{} standby connection{} not on TLS", standbys,
                                             standbys == 1 ? " is" : "s are"));
}

class Verification {
 public:
  Verification(World& world, const fleet::Environment& environment)
      : world_(world),
        environment_(environment),
        observer_(world, environment, all_hosts(environment)) {}

  Result<VerifyReport> run(const Operator& who) {
    const auto ledger = TRY(read_ledger(environment_, who, world_.now()));
    observed_ = observer_.observe();
    const planning::Desired desired =
        TRY(desired_of(environment_, ledger ? &*ledger : nullptr, false));
    const planning::Plan plan = planning::make_plan(desired, observed_);
    report_.findings = plan.findings;
    // The decision tree of its host says it too.
    std::erase_if(report_.findings,
                  [](const base::Finding& found) { return found.code == "server.unproven"; });
    for (const planning::PlannedPhase& phase : plan.phases)
      for (const planning::Step& step : phase.steps) pending(step);
    const std::set<std::string> known = TRY(known_serials(ledger ? &*ledger : nullptr));
    for (const Host& host : environment_.hosts) prove_host(host, known);
    connect_all();
    report_.findings.push_back(
        audit::finding("policy.unmet", fmt::format("policy.require = \"{}\" is not enforced yet",
                                                   fleet::to_string(environment_.policy.require))));
    silence();
    return std::move(report_);
  }

 private:
  void silence() {
    audit::Silencer silencer(environment_.silences, world_.now());
    silencer.take_from(report_.findings);
    for (HostProof& proof : report_.hosts) silencer.take_from(proof.findings, proof.host);
    base::append(report_.findings, silencer.notes());
  }

  void pending(const planning::Step& step) {
    base::Finding found = audit::finding(
        "step.pending", fmt::format("{} {} is due: {}", fleet::to_string(step.act.kind),
                                    fleet::subject(step.act), step.reason));
    found.host = step.host;
    found.slot = fleet::subject(step.act);
    found.hint = "Run pgseal apply.";
    report_.findings.push_back(std::move(found));
  }

  void prove_host(const Host& host, const std::set<std::string>& known) {
    const planning::HostView& view = observed_.hosts.at(host.name);
    HostProof proof;
    proof.host = host.name;
    if (!view.answered()) {
      proof.branch = {"unreachable", view.silence->message, view.silence->hint, {}, false};
    } else if (host.database) {
      proof.branch = audit::tls_branch(*view.facts, view.served);
      proof.findings =
          audit::server_findings(*view.facts, view.served, observed_.at.time_since_epoch().count());
      if (view.facts->server) sessions(host.name, *view.facts->server, known, proof.findings);
    } else {
      proof.branch = {"application", "answers", "", {}, true};
    }
    if (view.answered()) sources(host.name, view.facts->sources, proof.findings);
    report_.hosts.push_back(std::move(proof));
  }

  void sources(const std::string& host, const std::vector<fleet::SourceFacts>& read,
               base::Findings& findings) {
    for (base::Finding& found : audit::source_findings(environment_, host, read))
      findings.push_back(std::move(found));
    for (const fleet::SourceFacts& source : read) report_.sources.push_back({host, source});
  }

  void sessions(const std::string& host, const fleet::ServerFacts& server,
                const std::set<std::string>& known, base::Findings& findings) {
    note_plaintext(host, server, findings);
    for (const fleet::SessionFact& session : server.sessions) {
      const bool is_known = known.contains(session.client_serial);
      report_.sessions.push_back({host, session, is_known});
      if (session.client_serial.empty() || is_known) continue;
      base::Finding found = audit::finding(
          "session.unknown-certificate",
          fmt::format("a session of \"{}\" from {} shows certificate {} of {}", session.role,
                      session.address, session.client_serial, session.issuer));
      found.host = host;
      findings.push_back(std::move(found));
    }
  }

  void connect_all() {
    std::vector<std::vector<ConnectionProof>> proofs(environment_.hosts.size());
    in_parallel(
        environment_.hosts.size(), static_cast<std::size_t>(environment_.ssh.parallel),
        [&](std::size_t index) {
          const std::string& from = environment_.hosts[index].name;
          for (const Attempt& attempt : attempts_of(environment_, from, observed_))
            proofs[index].push_back(try_one(observer_.conversation(from), attempt));
        },
        [&](std::size_t index, const char* text) {
          ConnectionProof failed;
          failed.from = environment_.hosts[index].name;
          failed.message = text;
          proofs[index].push_back(std::move(failed));
        });
    for (auto& of_host : proofs)
      for (ConnectionProof& proof : of_host) {
        if (!proof.ok || proof.level != ConnectLevel::logged_in)
          report_.findings.push_back(finding_of(proof));
        if (!proof.line.empty() && proof.line.find("compression: off") == std::string::npos)
          report_.findings.push_back(audit::finding("connection.compression", proof.line));
        report_.connections.push_back(std::move(proof));
      }
  }

  World& world_;
  const fleet::Environment& environment_;
  Observer observer_;
  planning::Observed observed_;
  VerifyReport report_;
};

}  // namespace

std::string connection_line(const fleet::ConnectReport& report) {
  return fmt::format("SSL connection (protocol: {}, cipher: {}, bits: {}, compression: {})",
                     report.protocol, report.cipher, report.bits, report.compression);
}

bool VerifyReport::ok() const {
  if (base::any_problem(findings)) return false;
  const bool hosts_good = std::all_of(hosts.begin(), hosts.end(), [](const HostProof& proof) {
    return proof.branch.good && !base::any_problem(proof.findings);
  });
  return hosts_good && std::all_of(connections.begin(), connections.end(),
                                   [](const ConnectionProof& proof) { return proof.ok; });
}

Result<VerifyReport> verify(World& world, const fleet::Environment& environment,
                            const Operator& who) {
  return Verification(world, environment).run(who);
}

}  // namespace operations
