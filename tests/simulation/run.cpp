// SPDX-License-Identifier: PostgreSQL
#include "simulation/run.h"

#include <fmt/format.h>

#include <charconv>
#include <map>
#include <numeric>
#include <optional>
#include <set>

#include "base/text.h"
#include "fakes/chance.h"
#include "simulation/checks.h"

namespace simulation {

using fakes::Fault;
using fakes::MessageKind;
using fakes::Way;

namespace {

/// An apply that says all is well has left nothing to do.
bool says_all_is_well(const operations::ApplyReport& report) {
  for (const planning::PlannedPhase& phase : report.plan.phases)
    for (const planning::Step& step : phase.steps)
      if (step.state != planning::StepState::done) return false;
  return report.plan.owed.empty() && report.debts.empty() && !report.interrupted &&
         !base::any_problem(report.plan.findings);
}

void expect_nothing_left(fakes::World& world, Checks& checks, const char* when) {
  const auto left = plan(world, {});
  if (!left) return checks.fail("7 converges", std::string(when) + ": " + left.error().message);
  for (const planning::PlannedPhase& phase : left->plan.phases)
    for (const planning::Step& step : phase.steps)
      checks.fail("7 converges", fmt::format("{}, {} is planned: {}", when, step.id, step.reason));
  for (const base::Finding& found : left->plan.findings)
    if (found.severity != base::Severity::note)
      checks.fail("7 converges", fmt::format("{}, {}: {}", when, found.code, found.message));
  for (const auto& debt : left->debts)
    checks.fail("7 converges", fmt::format("{}, {} still owes", when, debt.host));
}

/// Whoever fell silent and lacks something is in the ledger's debts, so that a status names it.
void expect_nobody_forgotten(fakes::World& world, const operations::ApplyReport& first,
                             const std::map<std::string, bool>& heard, Checks& checks) {
  std::set<std::string> owing;
  for (const auto& debt : first.debts) owing.insert(debt.host);
  const auto book = ledger::exists(world.environment.state);
  if (book && !*book)  // where nobody answered there is no ledger yet, and the report alone says it
    for (const auto& owed : first.plan.owed) owing.insert(owed.host);
  const auto left = plan(world, {});
  if (!left) return;  // said by expect_nothing_left
  for (const planning::PlannedPhase& phase : left->plan.phases)
    for (const planning::Step& step : phase.steps)
      if (!heard.at(step.host) && !owing.contains(step.host))
        checks.fail("9 debts", fmt::format("{} did not answer, lacks {}, and owes nothing",
                                           step.host, step.id));
}

/// The world of one run; an apply after the other.
class Run {
 public:
  Run(const Stage& stage, const std::vector<Fault>& faults) : stage_(stage), faults_(faults) {
    world_.copy_from(stage.world);
    fakes::seed_chance(2);  // not the stage's own: a new key must be another than the one before
    world_.environment.state = folder_.state();
    copy_state(stage.folder.state(), folder_.state());
    world_.on_pgseal_death = [this] { copy_state(folder_.state(), picture_); };
    checks_.emplace(world_);
  }

  Outcome outcome() {
    const int last = std::accumulate(
        faults_.begin(), faults_.end(), 1,
        [](int number, const Fault& fault) { return std::max(number, fault.apply); });
    for (int number = 1; number <= last; ++number) apply_among_faults(number);
    apply_on_a_good_day();
    outcome_.broken = checks_->broken();
    outcome_.windows = checks_->windows();
    return std::move(outcome_);
  }

 private:
  base::Result<operations::ApplyReport> apply_now() {
    const std::size_t before = world_.messages.size();
    auto report = apply(world_, stage_.options);
    world_.faults.clear();
    outcome_.applies.emplace_back(world_.messages.begin() + static_cast<std::ptrdiff_t>(before),
                                  world_.messages.end());
    return report;
  }

  void apply_among_faults(int number) {
    for (Fault fault : faults_) {
      if (fault.apply != number) continue;
      fault.message += static_cast<int>(world_.messages.size());
      world_.faults.push_back(fault);
    }
    const auto report = apply_now();
    outcome_.struck = world_.struck;
    if (!report) outcome_.error = report.error().message;
    if (!report && report.error().code == base::Code::refused_invariant)
      checks_->fail("1 cut off",
                    "the gates let a phase that had to be refused: " + report.error().message);
    const bool dead = world_.pgseal_dead();
    if (dead) copy_state(picture_, folder_.state());
    const bool well = report && !dead && says_all_is_well(*report);
    const auto heard = world_.heard;
    const bool stopped = !world_.stopped.empty();
    world_.repair();
    checks_->after_message();
    checks_->at_end();
    if (report && !dead && !report->interrupted)
      expect_nobody_forgotten(world_, *report, heard, *checks_);
    if (well && !stopped) expect_nothing_left(world_, *checks_, "after all was called well");
    world_.clock += std::chrono::minutes(5);
  }

  void apply_on_a_good_day() {
    const auto report = apply_now();
    if (!report)
      checks_->fail("7 converges", "the apply that follows ends with: " + report.error().message +
                                       " " + report.error().detail);
    checks_->at_end();
    expect_nothing_left(world_, *checks_, "after the apply that follows");
    checks_->all_proven();
  }

  const Stage& stage_;
  const std::vector<Fault>& faults_;
  fakes::World world_;
  const Folder folder_;
  const std::string picture_ = folder_.path() + "/picture";
  std::optional<Checks> checks_;
  Outcome outcome_;
};

}  // namespace

Outcome run(const Stage& stage, const std::vector<Fault>& faults) {
  return Run(stage, faults).outcome();
}

std::vector<Fault> faults_at(const Stage& stage, int number, const fakes::Message& message,
                             bool within) {
  std::vector<Way> ways;
  switch (message.kind) {
    case MessageKind::perform:
    case MessageKind::observe:
      ways = {Way::error,        Way::lost_before, Way::lost_after,     Way::no_answer,
              Way::power_before, Way::power_after, Way::gone_for_phase, Way::gone,
              Way::server_stops, Way::delay,       Way::pgseal_before,  Way::pgseal_after};
      break;
    case MessageKind::open:
      ways = {Way::error, Way::no_answer,    Way::power_after, Way::gone_for_phase,
              Way::gone,  Way::server_stops, Way::delay,       Way::pgseal_before};
      break;
    case MessageKind::probe:
    case MessageKind::handshake:
    case MessageKind::connect:
      ways = {Way::no_answer,    Way::power_before, Way::gone_for_phase, Way::gone,
              Way::server_stops, Way::delay,        Way::pgseal_before};
      break;
  }
  if (stage.world.can_fail_over()) ways.push_back(Way::failover);
  std::vector<Fault> faults;
  for (const Way way : ways) faults.push_back({number, way, 0});
  for (int primitive = 1; within && primitive <= message.primitives; ++primitive)
    for (const Way way : {Way::killed_within, Way::power_within})
      faults.push_back({number, way, primitive});
  return faults;
}

std::string coordinates(const std::string& stage, const std::vector<Fault>& faults) {
  std::string text = stage;
  for (const Fault& fault : faults)
    text += fmt::format(":{}{}:{}:{}", fault.apply == 1 ? "" : fmt::format("{}.", fault.apply),
                        fault.message, fakes::to_string(fault.way), fault.primitive);
  return text;
}

std::optional<std::pair<std::string, std::vector<Fault>>> parse_coordinates(
    const std::string& text) {
  const auto words = base::split(text, ':');
  if (words.empty() || words.size() % 3 != 1) return std::nullopt;
  const auto number = [](std::string_view word) {
    int value = 0;
    std::from_chars(word.data(), word.data() + word.size(), value);
    return value;
  };
  std::vector<Fault> faults;
  for (std::size_t i = 1; i + 2 < words.size(); i += 3) {
    const auto places = base::split(words[i], '.');
    Fault fault{number(places.back()), Way::error, number(words[i + 2]),
                places.size() == 1 ? 1 : number(places.front())};
    bool known = false;
    for (int way = 0; way < fakes::way_count; ++way)
      if (words[i + 1] == fakes::to_string(static_cast<Way>(way))) {
        fault.way = static_cast<Way>(way);
        known = true;
      }
    if (!known) return std::nullopt;
    faults.push_back(fault);
  }
  return std::pair{std::string(words.front()), faults};
}

}  // namespace simulation
