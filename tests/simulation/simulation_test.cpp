// SPDX-License-Identifier: PostgreSQL
// The main job on environments of one to six hosts, where at each message everything that can go
// wrong does, once; after each act the invariants are checked (checks.h). A failure is printed with
// its coordinates: PGSEAL_SIMULATE=trio:17:lost-after:0 build/release/test_simulation runs it
// again. PGSEAL_FULL=1 tries every stage, every message, every primitive of the disk within an act.
// Of the largest stage it takes every fifth way; PGSEAL_FULL=all takes each.
//
// What was broken on purpose, and what saw it (q: the quick set, else the full one or the
// coordinates that are named):
// clang-format off
//   gate servers_proven holds always         5 silent host: a first root.crt, no server serves it
//   gate clients_equipped holds always    q  5 silent host: certificates asked for while one is silent
//   its silent hosts do not block            5 silent host
//   a step starts whatever its gate says     5 silent host
//   gate pairs_ready holds always            1 cut off: verified before, plaintext now (stage pinned)
//   gates succession and pairs_ready ask
//     nobody who trusts another alone        1 cut off (lost-ledger:17:gone:0)
//   the same of who answers                  1 cut off: a phase had to be refused (lost-ledger:17:error:0)
//   gate trust_in_place holds always         1 cut off (lost-ledger:4:gone:0)
//   a stopped server's bundle is replaced
//     by ours alone                       q  1 cut off: a phase had to be refused (lost-ledger)
//   the same, and no invariant sees it    q  1 cut off (lost-ledger)
//   who falls silent in a look keeps facts q 5 silent host
//   commits' need of a standby is ignored  q "no standby is let go of while commits need it"
//   who fell silent is counted as confirming 6 commits wait (stage six)
//   standbys not one host at a time       q  6 commits wait: "a standby that fails keeps the next one …"
//   what the primary sees is ignored      q  7 converges: db2 does not stream with its certificate (unasked)
//   no reload where it differs            q  7 converges: not loaded what lies on its disk
//   … the certificate served                 7 converges (renewal:18:pgseal-after:0)
//   … the settings as running                7 converges (stricter:9:pgseal-after:0)
//   a host goes on after a failed step    q  10 stops where it failed (pair:31:error:0)
//   a lost conversation is not dropped    q  11 lost conversations (pair:7:lost-after:0)
//   a pair is replaced and not kept          4 archived first (renewal, foreign-client, lost-ledger)
//   a trust bundle is replaced and not kept  4 archived first (pinned)
//   a key stands in a slot's facts         q 2 secrets
//   a certificate is sent, then not noted  q 8 authority
//   a certificate names another role       q 8 authority
//   debts of the silent are not kept       q 9 debts
//   no sslcert in primary_conninfo         q 7 converges
//   roles are not looked at before a phase   7 converges (a failover in trio)
//   no fsync of a file before its rename     4 archived first (power-within)
// clang-format on
// One was seen by none, because a second guard stands behind it: gate succession alone (the gate of
// TLS on asks the same of what is served). It has its unit tests in tests/planning.
#include <doctest/doctest.h>
#include <fmt/format.h>
#include <stdlib.h>
#include <time.h>

#include <algorithm>
#include <cstdio>
#include <set>

#include "operations/parallel.h"
#include "simulation/tally.h"

namespace {

using namespace simulation;
using fakes::Fault;

/// Where nodes and hosts also die at each primitive of the disk within an act; the other stages
/// have the same acts.
bool within(const std::string& stage) {
  return stage == "pair" || stage == "renewal" || stage == "new-keys" || stage == "foreign-client";
}

/// Of what hosts there lack the ledger knows nothing, so that one that is silent owes nothing:
/// these have a good day only.
bool drifted(const std::string& stage) { return stage == "unasked" || stage == "stricter"; }

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
        count += 12 + (primitives ? 2L * message.primitives : 0);
        break;
      case fakes::MessageKind::observe:
        count += 12;
        break;
      case fakes::MessageKind::open:
        count += 8;
        break;
      default:
        count += 7;
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

/// The good day of a stage in numbers.
void count_up(const Stage& stage, const std::vector<fakes::Message>& messages, bool primitives,
              Tally& tally) {
  tally.environments = 1;
  tally.messages = static_cast<long>(messages.size());
  tally.acts = std::count_if(messages.begin(), messages.end(), [](const auto& message) {
    return message.kind == fakes::MessageKind::perform;
  });
  tally.ways = count_of(stage, messages, primitives);
}

void try_everything(const StageMaker& maker, bool primitives, Tally& whole) {
  const double began = seconds_worked();
  const auto stage = make_stage(maker);
  const std::vector<fakes::Message> messages = good_day(*stage).applies.front();
  Tally tally;
  count_up(*stage, messages, primitives, tally);
  const long every = step_of(maker.name);
  tally.expected = (tally.ways + every - 1) / every;
  if (every != 1)
    tally.left_out.push_back(
        fmt::format("of {}, all but every {}th of its {} ways", maker.name, every, tally.ways));
  const auto faults = all_faults(*stage, messages, primitives);
  CHECK(static_cast<long>(faults.size()) == tally.ways);
  for (std::size_t i = 0; i < faults.size(); i += static_cast<std::size_t>(every))
    tally.make(*stage, {faults[i]});
  std::fputs(fmt::format("{:16} {:3} messages, {:3} acts, {:5} ways to fail: {:5} runs, {} failed, "
                         "{:.0f} s\n",
                         maker.name, tally.messages, tally.acts, tally.ways, tally.made,
                         tally.failed, seconds_worked() - began)
                 .c_str(),
             stdout);
  whole.add(tally);
}

}  // namespace

TEST_CASE("one run, named by PGSEAL_SIMULATE=STAGE[:MESSAGE:WAY:PRIMITIVE]…") {
  const char* wanted = ::getenv("PGSEAL_SIMULATE");
  if (wanted == nullptr) return;
  const auto place = parse_coordinates(wanted);
  REQUIRE(place);
  const auto stage = make_stage(maker_named(place->first));
  const Outcome outcome = run(*stage, place->second);
  for (const auto& messages : outcome.applies) {
    std::fputs("an apply:\n", stdout);
    int number = 0;
    for (const fakes::Message& message : messages)
      std::fputs(fmt::format("{:4} {} {} {} ({})\n", ++number, fakes::to_string(message.kind),
                             message.host, message.what, message.primitives)
                     .c_str(),
                 stdout);
  }
  show(wanted, outcome);
  CHECK(outcome.broken.empty());
}

/// At each message of a good day this, and nothing else.
void one_way_everywhere(const StageMaker& maker, fakes::Way way, Tally& whole) {
  const auto stage = make_stage(maker);
  const std::vector<fakes::Message> messages = good_day(*stage).applies.front();
  Tally tally;
  count_up(*stage, messages, false, tally);
  tally.ways = tally.expected = std::count_if(
      messages.begin(), messages.end(), [](const auto& one) { return chosen_to_fail(one.kind); });
  for (std::size_t i = 0; i < messages.size(); ++i)
    if (chosen_to_fail(messages[i].kind)) tally.make(*stage, {{static_cast<int>(i) + 1, way, 0}});
  whole.add(tally);
}

/// Each host's last question of a look is its probe; the look before clients' certificates are
/// asked for is the one that counts.
TEST_CASE("a host that falls silent within a look is silent in it") {
  if (one_run_wanted()) return;
  const auto stage = make_stage(maker_named("trio"));
  const Outcome good = good_day(*stage);
  int number = 0;
  int probes = 0;
  for (const fakes::Message& message : good.applies.front()) {
    ++number;
    if (message.kind != fakes::MessageKind::probe) continue;
    ++probes;
    const std::vector<Fault> faults = {{number, fakes::Way::no_answer, 0}};
    const Outcome outcome = run(*stage, faults);
    if (!outcome.broken.empty()) show(coordinates(stage->name, faults), outcome);
    CHECK(outcome.broken.empty());
  }
  CHECK(probes >= 8);
}

/// A handshake is kept while its server loads nothing; what somebody else has it load is no such
/// case, and the last word is a handshake.
TEST_CASE("what another makes a server load between two looks is seen at once") {
  if (one_run_wanted()) return;
  const auto stage = make_stage(maker_named("trio"));
  fakes::World& world = stage->world;
  world.environment.state = stage->folder.state();
  fakes::Host& primary = world.hosts.at("db1");
  int phases = 0;
  bool seen = false;
  world.on_phase = [&] {
    ++phases;
    if (phases == 5) seen = !world.probed.at("db1").tls;
    if (phases != 4) return;
    CHECK(world.probed.at("db1").tls);
    primary.postgres->install(primary.disk, "ssl = off\n");
    primary.postgres->reload(primary.disk, world.clock);
  };
  const auto mended = apply(world, {});
  REQUIRE(mended);
  CHECK(seen);
  CHECK(world.probed.at("db1").tls);
  std::set<std::string> proven;
  for (const fakes::Message& message : world.messages) {
    if (message.kind == fakes::MessageKind::perform) proven.clear();
    if (message.kind == fakes::MessageKind::probe) proven.insert(message.host);
  }
  CHECK(proven.size() == 2);  // db1 and db2
}

TEST_CASE("no standby is let go of while commits need it") {
  if (one_run_wanted()) return;
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
  // The last phase that was begun is an earlier one.
  for (const bool offline : {true, false})
    CHECK(status(stage->world, offline).value().phase == planning::name(planning::Phase::standbys));
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

TEST_CASE("a good day of every stage ends well") {
  if (one_run_wanted()) return;
  for (const StageMaker& maker : stage_makers()) {
    const auto stage = make_stage(maker);
    good_day(*stage);
  }
}

/// Commits wait for one of two standbys; the first is told, and is gone before it has answered.
TEST_CASE("a standby that fails keeps the next one from being let go of") {
  if (one_run_wanted()) return;
  const auto stage = make_stage(maker_named("six"));
  const std::vector<fakes::Message> messages = good_day(*stage).applies.front();
  const auto told = std::find_if(messages.begin(), messages.end(), [](const auto& message) {
    return message.what.starts_with("write replication settings");
  });
  REQUIRE(told != messages.end());
  const int number = static_cast<int>(told - messages.begin()) + 1;
  for (const fakes::Way way : {fakes::Way::gone, fakes::Way::server_stops}) {
    const std::vector<Fault> faults = {{number, way, 0}};
    const Outcome outcome = run(*stage, faults);
    if (!outcome.broken.empty()) show(coordinates(stage->name, faults), outcome);
    CHECK(outcome.broken.empty());
  }
}

TEST_CASE("every way of failing, at every message") {
  if (one_run_wanted()) return;
  Tally tally;
  std::vector<const StageMaker*> chosen;
  for (const StageMaker& maker : stage_makers())
    if ((full() && !drifted(maker.name)) || maker.name == "pair") chosen.push_back(&maker);
  operations::in_parallel(
      chosen.size(), 2,
      [&](std::size_t i) { try_everything(*chosen[i], full() && within(chosen[i]->name), tally); },
      [&](std::size_t i, const char* text) { FAIL_CHECK(chosen[i]->name << ": " << text); });
  if (!full()) {
    one_way_everywhere(maker_named("trio"), fakes::Way::failover, tally);
    one_way_everywhere(maker_named("lost-ledger"), fakes::Way::server_stops, tally);
    tally.left_out.push_back(
        "all messages but acts, and all stages but pair; of trio all but "
        "failovers, of lost-ledger all but stopped servers");
  }
  tally.report("simulation");
}
