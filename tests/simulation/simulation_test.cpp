// SPDX-License-Identifier: PostgreSQL
// The main job on environments of one to six hosts, where at each message everything that can go
// wrong does, once; after each act the invariants are checked (checks.h). A failure is printed with
// its coordinates: PGSEAL_SIMULATE=trio:17:lost-after:0 build/release/test_simulation runs it
// again. PGSEAL_FULL=1 tries every stage, every message, every primitive of the disk within an act.
// Of the largest stage it takes every fifth way; PGSEAL_FULL=all takes each.
//
// What was broken on purpose, and which check saw it (q: by the quick set, else by the full one):
//   gate servers_proven holds always         5 silent host: a first root.crt, no server serves it
//   gate clients_equipped holds always    q  5 silent host: certificates asked for while one is
//   silent its silent hosts do not block            5 silent host a step starts whatever its gate
//   says     5 silent host gate pairs_ready holds always            1 cut off: verified before,
//   plaintext now (stage pinned) who falls silent in a look keeps facts q 5 silent host commits'
//   need of a standby is ignored  q "no standby is let go of while commits need it" who fell silent
//   is counted as confirming 6 commits wait (stage six) a pair is replaced and not kept          4
//   archived first (renewal, foreign-client, lost-ledger) a trust bundle is replaced and not kept
//   4 archived first (pinned) a key stands in a slot's facts         q 2 secrets a certificate is
//   sent, then not noted  q 8 authority a certificate names another role       q 8 authority debts
//   of the silent are not kept       q 9 debts no sslcert in primary_conninfo         q 7 converges
//   roles are not looked at before a phase   7 converges (a failover in trio)
//   no fsync of a file before its rename     4 archived first (power-within)
// Two were seen by none, because a second guard stands behind each: gate succession (the gate of
// TLS on asks the same of what is served) and gate trust_in_place (a pair without a root.crt hurts
// nobody). Each has its unit tests in tests/planning.
#include <doctest/doctest.h>
#include <fmt/format.h>
#include <stdlib.h>
#include <time.h>

#include <cstdio>
#include <mutex>

#include "operations/parallel.h"
#include "simulation/run.h"

namespace {

using namespace simulation;
using fakes::Fault;

bool full() { return ::getenv("PGSEAL_FULL") != nullptr; }

/// Where nodes and hosts also die at each primitive of the disk within an act; the other stages
/// have the same acts.
bool within(const std::string& stage) {
  return stage == "pair" || stage == "renewal" || stage == "new-keys" || stage == "foreign-client";
}

const StageMaker& maker_named(const std::string& name) {
  for (const StageMaker& maker : stage_makers())
    if (maker.name == name) return maker;
  FAIL("no stage is called " << name);
  return stage_makers().front();
}

void show(const std::string& where, const Outcome& outcome) {
  std::string text = fmt::format("PGSEAL_SIMULATE={}\n", where);
  for (const std::string& one : outcome.struck) text += "  struck: " + one + "\n";
  if (!outcome.error.empty()) text += "  apply ended with: " + outcome.error + "\n";
  std::size_t shown = 0;
  for (const std::string& one : outcome.broken)
    if (++shown <= 8) text += "  broken: " + one + "\n";
  std::fputs(text.c_str(), stdout);
}

struct Tally {
  long expected = 0;  ///< environments × acts × ways, counted from what a good day showed
  long made = 0;
  long struck = 0;
  long failed = 0;
  long windows = 0;

  std::mutex mutex;

  void make(const Stage& stage, const std::vector<Fault>& faults) {
    const Outcome outcome = run(stage, faults);
    const std::lock_guard lock(mutex);
    ++made;
    if (!outcome.struck.empty()) ++struck;
    windows += outcome.windows;
    if (outcome.broken.empty()) return;
    ++failed;
    if (failed <= 20) show(coordinates(stage.name, faults), outcome);
  }

  void add(const Tally& other) {
    const std::lock_guard lock(mutex);
    expected += other.expected;
    made += other.made;
    struck += other.struck;
    failed += other.failed;
    windows += other.windows;
  }
};

/// What a good day looks like: the messages to count by.
Outcome good_day(const Stage& stage) {
  Outcome outcome = run(stage, {});
  if (!outcome.broken.empty() || !outcome.error.empty()) show(stage.name, outcome);
  CHECK(outcome.broken.empty());
  CHECK(outcome.error == "");
  return outcome;
}

/// Of how many ways of a stage one is tried: PGSEAL_FULL=all tries each.
long step_of(const std::string& stage) {
  const char* wanted = ::getenv("PGSEAL_FULL");
  if (wanted == nullptr || std::string_view(wanted) == "all") return 1;
  return stage == "six" ? 5 : 1;
}

/// What a quick test tries: where an act is under way. At length: every message.
bool chosen_to_fail(fakes::MessageKind kind) {
  return full() || kind == fakes::MessageKind::perform;
}

/// Counted by multiplication, not by the loop that makes the runs.
long count_of(const Stage& stage, const std::vector<fakes::Message>& messages, bool primitives) {
  const bool failover = stage.world.can_fail_over();
  long count = 0;
  for (const fakes::Message& message : messages) {
    if (!chosen_to_fail(message.kind)) continue;
    switch (message.kind) {
      case fakes::MessageKind::perform:
        count += 11 + (primitives ? 2L * message.primitives : 0);
        break;
      case fakes::MessageKind::observe:
        count += 11;
        break;
      case fakes::MessageKind::open:
        count += 7;
        break;
      default:
        count += 6;
    }
    if (failover) ++count;
  }
  return count;
}

/// How long this thread worked, however many others share the machine.
double seconds_worked() {
  timespec now{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) / 1e9;
}

/// Every fault of a stage, in the order of its messages.
std::vector<Fault> all_faults(const Stage& stage, const std::vector<fakes::Message>& messages,
                              bool primitives) {
  std::vector<Fault> faults;
  for (std::size_t i = 0; i < messages.size(); ++i) {
    if (!chosen_to_fail(messages[i].kind)) continue;
    const auto some = faults_at(stage, static_cast<int>(i) + 1, messages[i], primitives);
    faults.insert(faults.end(), some.begin(), some.end());
  }
  return faults;
}

void try_everything(const StageMaker& maker, bool primitives, Tally& whole) {
  const double began = seconds_worked();
  const auto stage = make_stage(maker);
  const Outcome good = good_day(*stage);
  Tally tally;
  const long count = count_of(*stage, good.messages, primitives);
  const long every = step_of(maker.name);
  tally.expected = (count + every - 1) / every;
  const auto faults = all_faults(*stage, good.messages, primitives);
  CHECK(static_cast<long>(faults.size()) == count);
  for (std::size_t i = 0; i < faults.size(); i += static_cast<std::size_t>(every))
    tally.make(*stage, {faults[i]});
  std::fputs(fmt::format("{:16} {:3} messages, {:5} ways to fail, every {}{} tried: {:5} runs, "
                         "{} failed, {:.0f} s\n",
                         maker.name, good.messages.size(), count, every,
                         every == 1   ? "st"
                         : every == 2 ? "nd"
                         : every == 3 ? "rd"
                                      : "th",
                         tally.made, tally.failed, seconds_worked() - began)
                 .c_str(),
             stdout);
  whole.add(tally);
}

void report(const char* what, const Tally& tally) {
  std::fputs(
      fmt::format("{}: {} runs, {} expected, {} struck, {} failed, {} windows of a client's "
                  "key change\n",
                  what, tally.made, tally.expected, tally.struck, tally.failed, tally.windows)
          .c_str(),
      stdout);
  CHECK(tally.made == tally.expected);
  CHECK(tally.struck == tally.made);
  CHECK(tally.failed == 0);
}

}  // namespace

TEST_CASE("one run, named by PGSEAL_SIMULATE=STAGE[:MESSAGE:WAY:PRIMITIVE]…") {
  const char* wanted = ::getenv("PGSEAL_SIMULATE");
  if (wanted == nullptr) return;
  const auto place = parse_coordinates(wanted);
  REQUIRE(place);
  const auto stage = make_stage(maker_named(place->first));
  const Outcome outcome = run(*stage, place->second);
  int number = 0;
  for (const fakes::Message& message : outcome.messages)
    std::fputs(fmt::format("{:4} {} {} {} ({})\n", ++number, fakes::to_string(message.kind),
                           message.host, message.what, message.primitives)
                   .c_str(),
               stdout);
  show(wanted, outcome);
  CHECK(outcome.broken.empty());
}

/// At each message of a good day a failover, and nothing else.
void fail_over_everywhere(const StageMaker& maker, Tally& tally) {
  const auto stage = make_stage(maker);
  const Outcome good = good_day(*stage);
  const auto chosen = std::count_if(good.messages.begin(), good.messages.end(),
                                    [](const auto& one) { return chosen_to_fail(one.kind); });
  tally.expected += chosen;
  for (int i = 1; i <= static_cast<int>(good.messages.size()); ++i)
    if (chosen_to_fail(good.messages[static_cast<std::size_t>(i) - 1].kind))
      tally.make(*stage, {{i, fakes::Way::failover, 0}});
}

/// Each host's last question of a look is its probe; the look before clients' certificates are
/// asked for is the one that counts.
TEST_CASE("a host that falls silent within a look is silent in it") {
  if (::getenv("PGSEAL_SIMULATE") != nullptr) return;
  const auto stage = make_stage(maker_named("trio"));
  const Outcome good = good_day(*stage);
  int number = 0;
  int probes = 0;
  for (const fakes::Message& message : good.messages) {
    ++number;
    if (message.kind != fakes::MessageKind::probe) continue;
    ++probes;
    const std::vector<Fault> faults = {{number, fakes::Way::no_answer, 0}};
    const Outcome outcome = run(*stage, faults);
    if (!outcome.broken.empty()) show(coordinates(stage->name, faults), outcome);
    CHECK(outcome.broken.empty());
  }
  CHECK(probes >= 12);
}

TEST_CASE("no standby is let go of while commits need it") {
  if (::getenv("PGSEAL_SIMULATE") != nullptr) return;
  const auto stage = make_stage(maker_named("six"));
  fakes::Host& primary = stage->world.hosts.at("db1");
  stage->world.environment.state = stage->folder.state();
  int let_go = 0;
  stage->world.on_let_go = [&](const std::string&) { ++let_go; };
  primary.postgres->install(primary.disk, "synchronous_standby_names = 'FIRST 2 (*)'\n");
  primary.postgres->reload(primary.disk, stage->world.clock);
  const auto waiting = apply(stage->world, {});
  REQUIRE(waiting);
  CHECK(let_go == 0);
  CHECK(waiting->plan.phases.back().phase == planning::Phase::standbys);
  CHECK(waiting->plan.phases.back().steps.size() == 2);
  for (const planning::Step& step : waiting->plan.phases.back().steps)
    CHECK(step.state == planning::StepState::pending);
  const std::string* text = primary.disk.read(primary.postgres->config_file);
  std::string spared = *text;
  spared.replace(spared.find("FIRST 2"), 7, "FIRST 1");
  primary.disk.plant(primary.postgres->config_file, spared, {105, 105, 0644});
  primary.postgres->reload(primary.disk, stage->world.clock);
  REQUIRE(apply(stage->world, {}));
  CHECK(let_go == 2);
  const auto left = plan(stage->world, {});
  REQUIRE(left);
  CHECK(left->plan.pending() == 0);
}

TEST_CASE("every way of failing, at every message") {
  if (::getenv("PGSEAL_SIMULATE") != nullptr) return;
  Tally tally;
  std::vector<const StageMaker*> chosen;
  for (const StageMaker& maker : stage_makers())
    if (full() || maker.name == "pair") chosen.push_back(&maker);
  operations::in_parallel(
      chosen.size(), 2,
      [&](std::size_t i) { try_everything(*chosen[i], full() && within(chosen[i]->name), tally); },
      [&](std::size_t i, const char* text) { FAIL_CHECK(chosen[i]->name << ": " << text); });
  if (!full()) fail_over_everywhere(maker_named("trio"), tally);
  report("simulation", tally);
}
