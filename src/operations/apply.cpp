// SPDX-License-Identifier: PostgreSQL
#include "operations/apply.h"

#include <fmt/format.h>

#include <algorithm>
#include <future>
#include <map>
#include <mutex>
#include <set>
#include <utility>

#include "audit/catalogue.h"
#include "audit/silence.h"
#include "operations/authorities.h"
#include "operations/observe.h"
#include "operations/parallel.h"
#include "operations/record.h"
#include "planning/host_plan.h"
#include "planning/invariants.h"
#include "planning/replication.h"
#include "planning/wanted.h"

namespace operations {
namespace {

using base::Code;
using base::Result;
using fleet::ActKind;
using planning::Plan;
using planning::PlannedPhase;
using planning::Step;
using planning::StepState;

// Longer than wal_retrieve_retry_interval's 5 s, after which a standby connects anew.
constexpr int looks_at_standbys = 16;
constexpr std::chrono::milliseconds between_looks{500};

/// One apply from the first look to the last. The members are its world and what it has seen.
class Run {
 public:
  Run(World& world, const fleet::Environment& environment, const Operator& who,
      const ApplyOptions& options, const Questions& questions)
      : world_(world),
        environment_(environment),
        who_(who),
        options_(options),
        questions_(questions),
        observer_(world, environment, all_hosts(environment)) {}

  /// Takes the ledger's lock where there is a ledger, then looks.
  Result<void> begin(ledger::Access access) {
    chosen_ = TRY(choose_hosts(environment_, options_.hosts));
    if (TRY(ledger::exists(environment_.state)))
      ledger_ = TRY(ledger::Ledger::open(environment_.state, environment_.name, access,
                                         holder(who_), world_.now()));
    if (!ledger_ && questions_.passphrase_at_hand) derive_early();
    observed_ = observer_.observe();
    return refresh();
  }

  Result<void> refresh() {
    desired_ = TRY(desired_of(environment_, ledger_ ? &*ledger_ : nullptr, marked_));
    desired_.replace = options_.replace;
    desired_.take_over = options_.take_over;
    if (!options_.hosts.empty())
      for (const fleet::Host* host : chosen_) desired_.only.insert(host->name);
    note_lost();
    plan_ = planning::make_plan(desired_, observed_);
    return {};
  }

  [[nodiscard]] const Plan& plan() const { return plan_; }

  /// What must be there before the first act: ledger, authorities, opened keys.
  Result<void> prepare() {
    if (!ledger_) {
      // The passphrase is asked before anything is made: a refused one leaves nothing behind.
      if (!environment_.authority.unencrypted && !new_passphrase_)
        new_passphrase_ = questions_.passphrase(true);
      if (new_passphrase_ && !*new_passphrase_) return new_passphrase_->error();
      ledger_ = TRY(ledger::Ledger::create(environment_.state, environment_.name, holder(who_),
                                           world_.now()));
    }
    desk_.emplace(
        environment_, *ledger_, [this](bool confirm) { return secret(confirm); }, world_.now);
    std::optional<x509::KeyEncryption> encryption;
    if (early_.valid()) encryption = TRY(early_.get());
    TRY(desk_->found(unused_generation(environment_.name, observed_), std::move(encryption)));
    if (signs()) TRY(desk_->open_all());
    TRY(ledger_->raise_generation(planning::newest_seen(desired_, observed_)));
    return refresh();
  }

  /// Phase after phase until nothing is left that may start.
  Result<void> carry_out() {
    TRY(record_absent(*ledger_, observed_, plan_));
    TRY(audit("apply begins", fmt::format("{} steps", plan_.pending())));
    while (!world_.interrupted()) {
      std::vector<Step*> next = startable();
      if (next.empty() || phase_ == planning::Phase::standbys) {
        TRY(wait_for_standbys());
        next = startable();
      }
      if (TRY(hear_last_word(next))) continue;
      if (next.empty()) break;
      TRY(carry_out_phase(next));
    }
    if (plan_.undated) return {};  // a later clock would be before this entry
    return audit("apply ends", world_.interrupted() ? "interrupted" : "");
  }

  /// Nothing ends, and no standby is let go of, on the strength of a handshake that is older than
  /// the last look: a server may have stopped since. True where there were such: another look at
  /// the plan is due.
  Result<bool> hear_last_word(const std::vector<Step*>& next) {
    if (!next.empty() && phase_ != planning::Phase::standbys) return false;
    const std::set<std::string> names =
        next.empty() ? databases() : planning::followed_by(desired_, observed_, next.front()->host);
    if (!observer_.shake_hands_again(observed_, names)) return false;
    TRY(refresh());
    TRY(prove());
    return true;
  }

  /// A standby that is between two connections, or that catches up, is well in a moment. It gets
  /// that moment before it is judged, and only once: what does not pass is no moment.
  Result<void> wait_for_standbys() {
    for (int look = 0; look < looks_at_standbys && !world_.interrupted(); ++look) {
      std::set<std::string> under_way = planning::replication_under_way(desired_, observed_);
      std::erase_if(under_way, [&](const std::string& host) { return waited_for_.contains(host); });
      if (under_way.empty()) return {};
      if (look + 1 == looks_at_standbys) waited_for_.merge(under_way);
      world_.pause(between_looks);
      observer_.observe_again(observed_, databases());
      TRY(refresh());
    }
    return {};
  }

  Result<ApplyReport> finish() {
    if (ledger_ && ledger_->access() == ledger::Access::write && !plan_.undated)
      TRY(record_observed(*ledger_, desired_, observed_, plan_, held_back()));
    ApplyReport report;
    report.changed = changed_;
    report.interrupted = world_.interrupted();
    report.plan = whole_plan();
    audit::Silencer silencer(environment_.silences, world_.now());
    silencer.take_from(report.plan.findings);
    base::append(report.plan.findings, silencer.notes());
    if (ledger_) report.debts = TRY(ledger_->debts());
    return report;
  }

 private:
  /// The keys of new authorities will be encrypted, which is slow on purpose: it takes its time
  /// while the hosts answer. What is wrong with the passphrase is said when it is needed.
  void derive_early() {
    if (environment_.authority.unencrypted) return;
    new_passphrase_ = questions_.passphrase(true);
    if (*new_passphrase_)
      early_ = std::async(std::launch::async,
                          [this] { return x509::KeyEncryption::derive(**new_passphrase_); });
  }

  Result<base::Secret> secret(bool confirm) {
    if (!new_passphrase_) return questions_.passphrase(confirm);
    return base::Secret(std::string((*new_passphrase_)->expose_secret()));
  }

  /// The steps of hosts that answered when they were planned and do not any more: a plan has none
  /// for the silent.
  void note_lost() {
    for (const PlannedPhase& phase : plan_.phases)
      for (const Step& step : phase.steps)
        if (!observed_.hosts.at(step.host).answered() && !was_done(step.id))
          lost_[step.host].push_back(words_of(step));
  }

  [[nodiscard]] bool was_done(const std::string& id) const {
    const auto found = done_.find(id);
    return found != done_.end() && found->second.second.state == StepState::done;
  }

  static std::string words_of(const Step& step) {
    return fmt::format("{} {}", fleet::to_string(step.act.kind), fleet::subject(step.act));
  }

  [[nodiscard]] bool signs() const {
    for (const PlannedPhase& phase : plan_.phases)
      for (const Step& step : phase.steps)
        if (step.act.kind == ActKind::make_key) return true;
    return false;
  }

  /// Steps of the first phase in which something may start: its gate lets the host, and this run
  /// has not tried the step before.
  std::vector<Step*> startable() {
    for (PlannedPhase& phase : plan_.phases) {
      std::vector<Step*> steps;
      for (Step& step : phase.steps)
        if (phase.gate.lets(step.host) && !tried_.contains(step.id) &&
            !unmarked_.contains(step.host))
          steps.push_back(&step);
      if (planning::row(phase.phase).one_host_at_a_time) keep_one_host(phase.phase, steps);
      if (!steps.empty()) {
        phase_ = phase.phase;
        return steps;
      }
    }
    return {};
  }

  /// The first host's steps; none once a host failed in this phase.
  void keep_one_host(planning::Phase phase, std::vector<Step*>& steps) const {
    const bool failed = std::any_of(done_.begin(), done_.end(), [phase](const auto& done) {
      return done.second.first == phase && done.second.second.state != StepState::done;
    });
    std::erase_if(steps, [&, first = steps.empty() ? "" : steps.front()->host](const Step* step) {
      return failed || step->host != first;
    });
  }

  [[nodiscard]] std::set<std::string> databases() const {
    std::set<std::string> names;
    for (const fleet::Host& host : environment_.hosts)
      if (host.database) names.insert(host.name);
    return names;
  }

  /// The gates let these steps; whether anybody would be cut off all the same is asked without
  /// them.
  Result<void> check_invariants(const std::vector<Step*>& steps) const {
    const auto cut_off = planning::cut_off_by({steps.begin(), steps.end()}, desired_, observed_);
    if (cut_off.empty()) return {};
    const planning::CutOff& first = cut_off.front();
    return base::error(Code::refused_invariant,
                       fmt::format("phase \"{}\" would cut off {} from {}", planning::name(phase_),
                                   first.client, first.server))
        .with_detail(fmt::format("{}; {} in all.", first.why, cut_off.size()));
  }

  Result<void> carry_out_phase(const std::vector<Step*>& steps) {
    TRY(check_invariants(steps));
    TRY(ledger_->set_phase({"apply", std::string(planning::name(phase_)), world_.now()}));
    world_.listener.phase_begins(phase_, steps.size());
    std::map<std::string, std::vector<Step*>> by_host;
    for (Step* step : steps) {
      by_host[step->host].push_back(step);
      tried_.insert(step->id);
    }
    std::vector<std::pair<std::string, std::vector<Step*>>> hosts(by_host.begin(), by_host.end());
    in_parallel(
        hosts.size(), static_cast<std::size_t>(environment_.ssh.parallel),
        [&](std::size_t index) { carry_out_host(hosts[index].first, hosts[index].second); },
        [&](std::size_t index, const char* text) {
          for (Step* step : hosts[index].second) fail(*step, base::error(Code::internal, text));
        });
    for (const Step* step : steps) {
      done_[step->id] = {phase_, *step};
      order_.push_back(step->id);
      if (phase_ == planning::Phase::mark && step->state != StepState::done)
        unmarked_.insert(step->host);
    }
    if (phase_ == planning::Phase::mark) marked_ = true;
    std::set<std::string> touched = databases();  // roles move: asked again before every phase
    for (const auto& [host, list] : hosts) touched.insert(host);
    observer_.observe_again(observed_, touched);
    TRY(refresh());
    if (phase_ == planning::Phase::standbys) TRY(wait_for_standbys());
    return prove();
  }

  /// The steps of one host in one phase, in order; after a failure the rest is owed, after an
  /// interruption it is left for the next run.
  void carry_out_host(const std::string& host, const std::vector<Step*>& steps) {
    bool failed = false;
    for (Step* step : steps) {
      if (failed) step->state = StepState::owed;
      if (failed || world_.interrupted()) continue;
      failed = !carry_out_step(host, *step);
    }
  }

  bool carry_out_step(const std::string& host, Step& step) {
    fleet::Conversation* conversation = observer_.conversation(host);
    if (conversation == nullptr) {
      fail(step, base::error(Code::link_lost, "the host does not answer any more"));
      return false;
    }
    if (auto noted = record(step, ledger::ActState::started, step.reason); !noted) {
      fail(step, noted.error());
      return false;
    }
    auto answer = perform(*conversation, host, step);
    if (!answer) {
      fail(step, answer.error());
      if (conversation_over(answer.error())) observer_.lose(host, observed_, answer.error());
      return false;
    }
    step.state = StepState::done;
    changed_ = changed_ || answer->changed;
    tell(step, answer->findings);
    const std::string text = answer->changed ? answer->after : "as it was";
    if (auto noted = record(step, ledger::ActState::finished, text); !noted) {
      fail(step, noted.error());
      return false;
    }
    world_.listener.step_ends(step, text);
    return true;
  }

  Result<fleet::Answer> perform(fleet::Conversation& conversation, const std::string& host,
                                Step& step) {
    if (step.act.kind == ActKind::install_certificate && step.act.certificate.empty())
      step.act.certificate = TRY(sign(host, step));
    auto answer = conversation.perform(step.act);
    if (answer && step.act.kind == ActKind::make_key) {
      const std::lock_guard lock(requests_mutex_);
      requests_[host + " " + fleet::to_string(step.act.slot)] = answer->request;
    }
    return answer;
  }

  Result<std::string> sign(const std::string& host, const Step& step) {
    IssueOrder order;
    order.slot = step.act.slot;
    order.host = host;
    {
      const std::lock_guard lock(requests_mutex_);
      order.request = requests_[host + " " + fleet::to_string(step.act.slot)];
    }
    const bool server = step.act.slot.kind == fleet::SlotKind::server;
    const fleet::Host& there = *environment_.find_host(host);
    const planning::WantedPair wanted =
        server ? planning::wanted_server(desired_, there, world_.now())
               : planning::wanted_client(desired_, there, step.act.slot, world_.now());
    order.names = wanted.names;
    order.common_name = wanted.common_name;
    order.days = wanted.lifetime_days;
    return desk_->issue(order);
  }

  /// What a host noticed beside an act that it carried out.
  void tell(const Step& step, const base::Findings& findings) {
    const std::lock_guard lock(requests_mutex_);
    for (const base::Finding& found : findings) {
      told_.push_back(found);
      told_.back().host = step.host;
      told_.back().slot = fleet::to_string(step.act.slot);
    }
  }

  void fail(Step& step, const base::Error& error) {
    step.state = StepState::failed;
    base::Finding found = base::finding_of(error, base::error_row(error.code).name);
    found.message = fmt::format("{} {}: {}", fleet::to_string(step.act.kind),
                                fleet::subject(step.act), error.message);
    found.host = step.host;
    found.slot = fleet::subject(step.act);
    {
      const std::lock_guard lock(requests_mutex_);
      failures_.push_back(found);
    }
    // The outcome itself may be what could not be written; the finding above stands either way.
    if (auto noted = record(step, ledger::ActState::failed, error.message); !noted) {
      const std::lock_guard lock(requests_mutex_);
      failures_.back().detail += " The ledger could not note it: " + noted.error().message + ".";
    }
    world_.listener.step_ends(step, error.message);
  }

  Result<void> record(const Step& step, ledger::ActState state, const std::string& text) {
    ledger::ActOutcome outcome;
    outcome.key = {"apply", std::string(planning::name(phase_)), step.host,
                   fleet::subject(step.act), fleet::to_string(step.act.kind)};
    outcome.state = state;
    outcome.text = text;
    outcome.at = world_.now();
    if (state == ledger::ActState::started) return ledger_->record_act(outcome);
    return ledger_->transaction([&]() -> Result<void> {
      TRY(ledger_->record_act(outcome));
      ledger::AuditEntry entry;
      entry.who = who_.user;
      entry.what = fmt::format("{} {}", fleet::to_string(step.act.kind), to_string(state));
      entry.host = step.host;
      entry.slot = outcome.key.slot;
      entry.reason = step.reason;
      entry.detail = text;
      TRY(ledger_->append_audit(entry, outcome.at));
      return {};
    });
  }

  Result<void> audit(const std::string& what, const std::string& detail) {
    ledger::AuditEntry entry;
    entry.who = fmt::format("{}@{}", who_.user, who_.host);
    entry.what = what;
    entry.reason = who_.reason;
    entry.detail = detail;
    TRY(ledger_->append_audit(entry, world_.now()));
    return {};
  }

  /// Host and subject of each step that failed: what it left undone has been told.
  [[nodiscard]] std::set<std::pair<std::string, std::string>> failed_slots() const {
    std::set<std::pair<std::string, std::string>> failed;
    for (const auto& [id, done] : done_)
      if (done.second.state == StepState::failed)
        failed.emplace(done.second.host, fleet::subject(done.second.act));
    return failed;
  }

  /// A step that was done and is planned again was not done: say so, by what was seen.
  Result<void> prove() {
    const auto failed = failed_slots();
    for (const PlannedPhase& phase : plan_.phases) {
      for (const Step& step : phase.steps) {
        const auto done = done_.find(step.id);
        if (done == done_.end() || done->second.second.state != StepState::done) continue;
        if (!observed_.hosts.at(step.host).answered()) continue;
        if (failed.contains({step.host, fleet::subject(step.act)})) continue;
        done->second.second.state = StepState::failed;
        base::Finding found = audit::finding("step.unproven", "");
        found.message = fmt::format("{} {} was done, but: {}", fleet::to_string(step.act.kind),
                                    fleet::subject(step.act), step.reason);
        found.host = step.host;
        found.slot = fleet::subject(step.act);
        failures_.push_back(std::move(found));
      }
    }
    return {};
  }

  /// Steps that could not be carried out, and hosts that may lack some which are not planned.
  [[nodiscard]] HeldBack held_back() const {
    HeldBack held;
    for (const planning::Owed& owed : owed_by_silent())
      held.owed[owed.host] = {owed.steps, "it did not answer"};
    for (const base::Finding& found : plan_.findings) note_blocked(found, held);
    for (const PlannedPhase& phase : plan_.phases)
      for (const Step& step : phase.steps) note_remaining(phase, step, held);
    for (const fleet::Host& host : environment_.hosts) {
      const bool left_out = !desired_.only.empty() && !desired_.only.contains(host.name);
      if (plan_.refused() || left_out) held.undecided.insert(host.name);
    }
    return held;
  }

  /// What the ledger knows that they lack, and what this run could not give them.
  [[nodiscard]] std::vector<planning::Owed> owed_by_silent() const {
    std::vector<planning::Owed> all = plan_.owed;
    for (const auto& [name, steps] : lost_) {
      const std::string& host = name;  // clang 14 captures no structured binding
      const auto known = std::find_if(
          all.begin(), all.end(), [&](const planning::Owed& owed) { return owed.host == host; });
      if (known == all.end())
        all.push_back({host, steps});
      else
        known->steps.insert(known->steps.end(), steps.begin(), steps.end());
    }
    return all;
  }

  /// What a finding keeps from its host, it is owed until that is mended. For a slot that it does
  /// not name: what never got there.
  void note_blocked(const base::Finding& found, HeldBack& held) const {
    const fleet::Host* host = environment_.find_host(found.host);
    if (host == nullptr || !audit::blocks(found.code)) return;
    held.undecided.insert(host->name);
    if (!desired_.only.empty() && !desired_.only.contains(host->name)) return;
    const auto lacks = found.slot.empty() ? planning::owed_steps(desired_, *host, observed_.at)
                                          : std::vector<std::string>{found.slot};
    for (const std::string& slot : lacks) note_owed(host->name, slot, found.message, held);
  }

  /// A step that failed, or that its own host's failure holds up, is owed; one that waits for
  /// others is not.
  void note_remaining(const PlannedPhase& phase, const Step& step, HeldBack& held) const {
    const auto failure = std::find_if(failures_.begin(), failures_.end(),
                                      [&](const auto& found) { return found.host == step.host; });
    const bool own = phase.gate.blocked.contains(step.host);
    if (failure != failures_.end() &&
        (own || tried_.contains(step.id) || unmarked_.contains(step.host)))
      return note_owed(step.host, words_of(step), failure->message, held);
    held.waiting[step.host].push_back(words_of(step));
  }

  static void note_owed(const std::string& host, const std::string& what, const std::string& reason,
                        HeldBack& held) {
    HeldBack::Lack& lack = held.owed[host];
    if (lack.steps.empty()) lack.reason = reason;
    if (std::find(lack.steps.begin(), lack.steps.end(), what) == lack.steps.end())
      lack.steps.push_back(what);
  }

  /// What is still planned, and what was done, in the order of the phases. What was not tried
  /// waits, for others or for a next run.
  Plan whole_plan() {
    Plan whole = plan_;
    std::set<std::string> placed;
    for (PlannedPhase& phase : whole.phases)
      for (Step& step : phase.steps) {
        const auto done = done_.find(step.id);
        step.state = done != done_.end() ? done->second.second.state : StepState::pending;
        placed.insert(step.id);
      }
    whole.owed = owed_by_silent();
    for (const std::string& id : order_)
      if (placed.insert(id).second) place(whole, done_.at(id).first, done_.at(id).second);
    whole.findings.insert(whole.findings.end(), failures_.begin(), failures_.end());
    for (const base::Finding& found : told_) add_once(whole.findings, found);
    return whole;
  }

  /// The last look may have seen the same, and every reload of a host tells it again.
  static void add_once(base::Findings& findings, const base::Finding& found) {
    const bool known = std::any_of(findings.begin(), findings.end(), [&](const auto& other) {
      return other.code == found.code && other.host == found.host;
    });
    if (!known) findings.push_back(found);
  }

  static void place(Plan& whole, planning::Phase phase, const Step& step) {
    auto at = std::find_if(whole.phases.begin(), whole.phases.end(),
                           [&](const PlannedPhase& p) { return p.phase >= phase; });
    if (at == whole.phases.end() || at->phase != phase)
      at = whole.phases.insert(at, PlannedPhase{phase, {planning::row(phase).gate, {}, {}}, {}});
    at->steps.push_back(step);
  }

  World& world_;
  const fleet::Environment& environment_;
  const Operator& who_;
  const ApplyOptions& options_;
  const Questions& questions_;
  std::optional<Result<base::Secret>> new_passphrase_;
  std::future<Result<x509::KeyEncryption>>
      early_;  ///< reads new_passphrase_; awaited before it goes
  Observer observer_;
  std::vector<const fleet::Host*> chosen_;
  std::optional<ledger::Ledger> ledger_;
  std::optional<IssuingDesk> desk_;
  planning::Observed observed_;
  planning::Desired desired_;
  Plan plan_;
  planning::Phase phase_ = planning::Phase::mark;
  std::set<std::string> tried_;
  std::map<std::string, std::pair<planning::Phase, Step>> done_;
  std::vector<std::string> order_;                        ///< of done_'s steps
  std::map<std::string, std::vector<std::string>> lost_;  ///< host → steps that it is owed
  std::mutex requests_mutex_;                             ///< guards the three below
  std::map<std::string, std::string> requests_;
  base::Findings failures_;
  base::Findings told_;
  std::set<std::string> waited_for_;  ///< hosts whose standbys had their moment
  /// Hosts that this run could not mark. Without its mark a host would refuse no other ledger's
  /// work, so it gets nothing of ours either.
  std::set<std::string> unmarked_;
  bool marked_ = false;
  bool changed_ = false;
};

}  // namespace

Result<ApplyReport> apply(World& world, const fleet::Environment& environment, const Operator& who,
                          const ApplyOptions& options, const Questions& questions) {
  Run run(world, environment, who, options, questions);
  TRY(run.begin(ledger::Access::write));
  if (run.plan().pending() == 0) TRY(run.wait_for_standbys());
  if (run.plan().pending() == 0) return run.finish();
  TRY(questions.confirm(run.plan()));
  TRY(run.prepare());
  TRY(run.carry_out());
  return run.finish();
}

Result<ApplyReport> plan_only(World& world, const fleet::Environment& environment,
                              const Operator& who, const ApplyOptions& options) {
  const Questions none;
  Run run(world, environment, who, options, none);
  TRY(run.begin(ledger::Access::read));
  return run.finish();
}

}  // namespace operations
