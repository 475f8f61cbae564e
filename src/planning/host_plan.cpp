// SPDX-License-Identifier: PostgreSQL
#include "planning/host_plan.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "audit/catalogue.h"
#include "audit/overrides.h"
#include "planning/pairs.h"
#include "planning/replication.h"
#include "planning/server_settings.h"
#include "planning/wanted.h"
#include "x509/bundle.h"

namespace planning {
namespace {

using fleet::Act;
using fleet::ActKind;
using fleet::SlotFacts;

std::string fingerprint(const std::string& pem) {
  const auto certificate = x509::Certificate::decode_pem(pem);
  return certificate ? certificate->fingerprint : std::string();
}

/// Collects the steps of one host; each function below is one thing that a host may lack.
class HostPlanner {
 public:
  HostPlanner(const Desired& desired, const fleet::Host& host, const Observed& observed,
              base::Findings& findings)
      : desired_(desired),
        host_(host),
        observed_(observed),
        view_(observed.hosts.at(host.name)),
        at_(observed.at),
        findings_(findings) {
    note_blocks();
  }

  StepsByPhase steps() {
    if (!host_blocked_) {
      server();
      for (const SlotFacts* slot : chosen_slots(*desired_.environment, *view_.facts)) client(*slot);
      standby();
      mark();
    }
    return std::move(steps_);
  }

 private:
  void note_blocks() {
    const auto& server = view_.facts->server;
    down_ = server && !server->running;
    for (const base::Finding& found : findings_) {
      if (!audit::blocks(found.code)) continue;
      if (found.code == "server.down" && down_) continue;  // its files can be mended
      if (found.slot.empty())
        host_blocked_ = true;
      else
        blocked_.insert(found.slot);
    }
  }

  void add(Phase phase, Act act, std::string reason, std::string proof) {
    Step step;
    step.host = host_.name;
    step.id = fmt::format("{}/{}/{}/{}", host_.name, name(phase), fleet::subject(act),
                          fleet::to_string(act.kind));
    step.act = std::move(act);
    step.reason = std::move(reason);
    step.proof = std::move(proof);
    steps_[phase].push_back(std::move(step));
  }

  /// A host is marked at its first step, and again when a newer generation acts on it.
  void mark() {
    const auto& held = view_.facts->mark;
    const bool same = held && held->same_ledger(desired_.mark);
    const bool named = held && held->host == host_.name;
    if (same && named && (steps_.empty() || held->generation >= desired_.mark.generation)) return;
    Act act;
    act.kind = ActKind::mark_host;
    act.slot = fleet::server_slot(host_.name);
    act.mark = desired_.mark;
    act.take_over = desired_.take_over;
    const std::string reason = !held ? "the host has no mark of this environment yet"
                               : same && held->host.empty() ? "the mark does not name its host yet"
                               : same && named ? "a newer generation of the ledger acts here"
                                               : "the mark is taken over";
    add(Phase::mark, std::move(act), reason, "the mark is read again");
  }

  void pair(Phase phase, const WantedPair& wanted, const SlotFacts& facts,
            const Judgement& judged) {
    Act make;
    make.kind = ActKind::make_key;
    make.slot = facts.slot;
    make.key_type = desired_.environment->policy.key_type;
    make.keep_key = judged.remedy == Remedy::renew;
    make.replace = desired_.replace || judged.own_key;
    add(phase, make, judged.reason, "the host answers with a signing request");
    Act install;
    install.kind = ActKind::install_certificate;
    install.slot = facts.slot;
    install.replace = desired_.replace || judged.own_key;
    install.expected_certificate_sha256 = fingerprint(facts.certificate);
    add(phase, install,
        fmt::format("{} days, signed by the environment's {} authority", wanted.lifetime_days,
                    facts.slot.kind == fleet::SlotKind::server ? "server" : "client"),
        "the pair on disk matches and is the ledger's");
  }

  void repair(Phase phase, const SlotFacts& facts, const std::string& reason) {
    Act install;
    install.kind = ActKind::install_certificate;
    install.slot = facts.slot;
    install.certificate = facts.certificate;
    install.expected_certificate_sha256 = fingerprint(facts.certificate);
    add(phase, std::move(install), reason, "owner and mode are looked at again");
  }

  /// True where the pair is right, or will be.
  void judged_pair(Phase phase, const WantedPair& wanted, const SlotFacts& facts) {
    const Judgement judged = judge_pair(wanted, facts, desired_, at_);
    switch (judged.remedy) {
      case Remedy::none:
        return;
      case Remedy::new_pair:
      case Remedy::renew:
        return pair(phase, wanted, facts, judged);
      case Remedy::reinstall:
        return repair(phase, facts, judged.reason);
      case Remedy::leave:
        return foreign(facts, judged.reason);
    }
  }

  void foreign(const SlotFacts& facts, const std::string& reason) {
    if (!facts.unsafe.empty() || !facts.user_exists) return;  // the preflight said so
    base::Finding found =
        audit::finding("slot.foreign", fmt::format("{} on \"{}\" holds a pair that is not pgseal's",
                                                   fleet::to_string(facts.slot), host_.name));
    found.detail = fmt::format("In \"{}\": {}.", facts.folder, reason);
    found.hint = "It is left alone; pgseal apply --replace archives it first and puts ours there.";
    found.host = host_.name;
    found.slot = fleet::to_string(facts.slot);
    blocked_.insert(found.slot);
    findings_.push_back(std::move(found));
  }

  static std::string pem(const x509::Certificate* authority) {
    return authority == nullptr ? "" : authority->to_pem();
  }

  void trust(Phase phase, const SlotFacts& facts, const std::string& bundle,
             const std::string& reason) {
    Act act;
    act.kind = ActKind::install_trust;
    act.slot = facts.slot;
    act.trust = bundle;
    act.replace = desired_.replace || facts.slot.kind == fleet::SlotKind::server;
    add(phase, std::move(act), reason, "the bundle is read again");
  }

  void client(const SlotFacts& facts) {
    const std::string slot = fleet::to_string(facts.slot);
    if (blocked_.contains(slot)) return;
    const x509::Certificate* authority = in_force(desired_.authorities.server);
    const WantedPair wanted = wanted_client(desired_, host_, facts.slot, at_);
    judged_pair(Phase::client_pairs, wanted, facts);
    if (blocked_.contains(slot)) return;
    const auto reason = judge_trust(facts, authority);
    if (!reason) return;
    // A root.crt that holds another authority makes its client verify already: ours beside it takes
    // nothing away, and has to be there before a server changes over.
    const bool beside = trusts_another_alone(facts, authority);
    if (facts.trust_problem.empty() || desired_.replace)
      return trust(beside ? Phase::both_trusts : Phase::client_trust, facts, pem(authority),
                   *reason);
    base::Finding found =
        audit::finding("slot.trust-broken",
                       fmt::format("trust bundle of {} on \"{}\": {}", slot, host_.name, *reason));
    found.hint = "Correct root.crt, or let pgseal apply --replace archive it and write a new one.";
    found.host = host_.name;
    found.slot = slot;
    findings_.push_back(std::move(found));
  }

  void server() {
    const auto& facts = view_.facts;
    const bool answers = fleet::answering_server(*facts) != nullptr;
    const std::string slot = fleet::to_string(fleet::server_slot(host_.name));
    if (!host_.database || !facts->server_slot || blocked_.contains(slot)) return;
    if (down_ && desired_.settled.contains(host_.name + " " + slot)) return files_of_a_stopped();
    if (!answers) return;
    judged_pair(Phase::server_pairs, wanted_server(desired_, host_, at_), *facts->server_slot);
    const bool pair_is_new = steps_.contains(Phase::server_pairs);
    if (override_found()) return;
    const x509::Certificate* authority = in_force(desired_.authorities.client);
    const auto bad_trust = judge_trust(*facts->server_slot, authority);
    if (trusts_ours(view_)) return settings_in_use(*facts->server_slot, bad_trust, pair_is_new);
    settings(Phase::server_tls, false, pair_is_new);
    trust(Phase::server_trust, *facts->server_slot, pem(authority),
          bad_trust.value_or("the server does not use it yet"));
    settings(Phase::server_trust, true, true);
  }

  /// A server whose files pgseal put in place does not start without them: they are mended while it
  /// is down, so that it can. What it will trust is changed over as for one that runs.
  void files_of_a_stopped() {
    const SlotFacts& slot = *view_.facts->server_slot;
    judged_pair(Phase::server_pairs, wanted_server(desired_, host_, at_), slot);
    const x509::Certificate* authority = in_force(desired_.authorities.client);
    const auto bad_trust = judge_trust(slot, authority);
    if (!bad_trust || !trusts_ours(view_)) return;
    if (is_shared(slot)) return change_over(slot, *bad_trust);
    trust(Phase::server_tls, slot, pem(authority), *bad_trust);
  }

  /// The server's settings name our bundle already: it must be right before any reload.
  void settings_in_use(const SlotFacts& slot, const std::optional<std::string>& bad_trust,
                       bool pair_is_new) {
    const bool shared = bad_trust && is_shared(slot);
    if (bad_trust && !shared)
      trust(Phase::server_tls, slot, pem(in_force(desired_.authorities.client)), *bad_trust);
    settings(Phase::server_tls, true, pair_is_new || (bad_trust && !shared));
    if (shared) change_over(slot, *bad_trust);
  }

  /// True where a bundle that is not right holds authorities all the same.
  static bool is_shared(const SlotFacts& slot) {
    const auto there = x509::Bundle::from_pem(slot.trust);
    return slot.trust_problem.empty() && there && !there->empty();
  }

  /// Another authority in the bundle has clients of its own: ours goes beside it, and it leaves
  /// when they have ours. A server that is down loads what it finds when it starts.
  void change_over(const SlotFacts& slot, const std::string& reason) {
    const x509::Certificate* authority = in_force(desired_.authorities.client);
    if (trusts_another_alone(slot, authority)) {
      trust(Phase::both_trusts, slot, slot.trust + pem(authority), reason);
      if (!down_) reload(Phase::both_trusts, "the bundle it loads is new");
    }
    trust(Phase::server_trust, slot, pem(authority),
          "it holds authorities that are not this environment's");
    if (!down_) reload(Phase::server_trust, "the bundle it loads is new");
  }

  void reload(Phase phase, const std::string& reason) {
    Act act;
    act.kind = ActKind::reload;
    act.slot = fleet::server_slot(host_.name);
    act.settings = {true, desired_.environment->policy.min_protocol};
    add(phase, act, reason, "a handshake from outside shows its certificate and asks for ours");
  }

  void settings(Phase phase, bool client_trust, bool files_are_new) {
    const fleet::TlsSettings want{client_trust, desired_.environment->policy.min_protocol};
    const SettingsJudgement judged = judge_settings(view_, want);
    Act act;
    act.slot = fleet::server_slot(host_.name);
    act.settings = want;
    act.expected_sha256 = view_.facts->server->config_sha256;
    if (judged.write) {
      act.kind = ActKind::write_server_settings;
      add(phase, act, *judged.write, "the server's view of its files shows them in force");
    }
    if (!judged.reload && !files_are_new) return;
    act.kind = ActKind::reload;
    add(phase, act, judged.reload.value_or("the files it loads are new"),
        client_trust ? "a handshake from outside shows its certificate and asks for ours"
                     : "a handshake from outside shows its certificate");
  }

  void standby() {
    if (!host_.database || down_) return;
    StandbyJudgement judged = judge_standby(desired_, host_, observed_);
    base::append(findings_, std::move(judged.findings));
    if (judged.reason.empty()) return;
    Act act;
    act.kind = judged.act;
    act.slot = judged.slot;
    act.expected_sha256 = view_.facts->server->replication->file_sha256;
    add(Phase::standbys, std::move(act), judged.reason,
        "its primary sees it stream over TLS with its certificate");
  }

  /// Where something beats ssl.conf no reload helps: say what and where.
  bool override_found() {
    const fleet::ServerFacts& server = *view_.facts->server;
    const fleet::SettingFact* by = audit::overriding(server, view_.facts->server_slot->folder,
                                                     desired_.environment->policy.min_protocol);
    if (by == nullptr) return false;
    base::Finding found =
        audit::finding("server.settings-overridden",
                       fmt::format("{} on \"{}\"", audit::sentence_of(*by), host_.name));
    found.detail = by->file.empty() ? "It comes from the " + by->source + "." : "";
    found.hint = audit::undo(*by);
    found.host = host_.name;
    found.slot = fleet::to_string(fleet::server_slot(host_.name));
    found.file = by->file;
    found.line = by->line;
    findings_.push_back(std::move(found));
    return true;
  }

  const Desired& desired_;
  const fleet::Host& host_;
  const Observed& observed_;
  const HostView& view_;
  base::Time at_;
  base::Findings& findings_;
  bool host_blocked_ = false;
  bool down_ = false;  ///< the server does not run
  std::set<std::string> blocked_;
  StepsByPhase steps_;
};

}  // namespace

StepsByPhase host_steps(const Desired& desired, const fleet::Host& host, const Observed& observed,
                        base::Findings& findings) {
  return HostPlanner(desired, host, observed, findings).steps();
}

std::vector<std::string> owed_steps(const Desired& desired, const fleet::Host& host,
                                    base::Time at) {
  std::vector<std::string> owed;
  const auto lacks = [&](const fleet::Slot& slot, const std::string& key) {
    if (!desired.settled.contains(key)) return true;
    if (slot.kind == fleet::SlotKind::server && !desired.trusting.contains(key)) return true;
    const auto due = desired.due.find(key);
    return due != desired.due.end() && due->second <= at;
  };
  const auto add = [&](const fleet::Slot& slot) {
    const std::string text = fleet::to_string(slot);
    if (lacks(slot, host.name + " " + text) &&
        std::find(owed.begin(), owed.end(), text) == owed.end())
      owed.push_back(text);
  };
  if (host.database) add(fleet::server_slot(host.name));
  for (const fleet::Slot& slot : client_slots(*desired.environment, host)) add(slot);
  const auto waiting = desired.waiting.find(host.name);
  if (waiting == desired.waiting.end()) return owed;
  const std::vector<std::string> slots = owed;
  for (const std::string& step : waiting->second)
    if (std::none_of(slots.begin(), slots.end(),
                     [&](const std::string& slot) { return step.ends_with(" " + slot); }))
      owed.push_back(step);
  return owed;
}

}  // namespace planning
