// SPDX-License-Identifier: PostgreSQL
// The main job on a thousand hosts, some of them silent at first, with a failover in its midst,
// then a take-over after the ledger was lost; checked by authorities at the ends of phases
// (authorities.h). At length only (PGSEAL_FULL).
#include <doctest/doctest.h>
#include <fmt/format.h>
#include <sys/resource.h>
#include <time.h>

#include <cstdio>
#include <filesystem>

#include "fakes/chance.h"
#include "simulation/authorities.h"
#include "simulation/tally.h"

namespace {

using namespace simulation;

double seconds_worked() {
  timespec now{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) / 1e9;
}

/// Every fiftieth application host.
void silence_some(fakes::World& world) {
  int number = 0;
  for (const fleet::Host& host : world.environment.hosts)
    if (!host.database && ++number % 50 == 0) world.silence(host.name);
}

/// One apply with silent hosts and, at the end of the given phase, a failover; the repair; and one
/// that pays what was owed. After both, nothing may be left.
void apply_twice(Stage& stage, AuthorityWatch& watch, int failover_after) {
  fakes::World& world = stage.world;
  silence_some(world);
  const int begun = watch.phases();
  world.on_phase = [&] {
    watch.phase_ends();
    if (watch.phases() - begun == failover_after) world.fail_over();
  };
  const auto first = apply(world, stage.options);
  REQUIRE(first);
  CHECK_FALSE(first->debts.empty());
  CHECK(watch.phases() - begun > failover_after);
  world.on_phase = [&] { watch.phase_ends(); };
  world.repair();
  watch.phase_ends();
  world.clock += std::chrono::minutes(5);
  const auto second = apply(world, stage.options);
  REQUIRE(second);
  CHECK(second->debts.empty());
  const auto left = plan(world, {});
  REQUIRE(left);
  CHECK(left->plan.pending() == 0);
  watch.all_proven();
}

void main_job(int hosts) {
  const double began = seconds_worked();
  Stage stage;
  fakes::seed_chance(1);
  populate(stage.world, 3, hosts - 3);
  stage.world.environment.state = stage.folder.state();
  AuthorityWatch watch(stage.world);
  apply_twice(stage, watch, 3);
  std::filesystem::remove_all(stage.folder.state());
  stage.world.clock += base::Days(1);
  stage.options.take_over = true;
  apply_twice(stage, watch, 2);
  for (const std::string& broken : watch.broken()) FAIL_CHECK(broken);
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  std::fputs(fmt::format("{} hosts: {} messages, {} ends of phases, {} pairs of kinds compared, {} "
                         "broken, {:.0f} s, {} MB\n",
                         hosts, stage.world.messages.size(), watch.phases(), watch.compared(),
                         watch.broken().size(), seconds_worked() - began, usage.ru_maxrss / 1000)
                 .c_str(),
             stdout);
}

}  // namespace

TEST_CASE("a thousand hosts, some silent, through a failover and a lost ledger") {
  if (one_run_wanted() || !full()) return;
  main_job(1000);
}

TEST_CASE("a client that would verify no more is seen by authorities") {
  ServerAuthorities server{true, true, {"old"}, {"clients"}};
  const ClientAuthorities client{{"old"}, {"clients"}, true};
  CHECK(level(client, server) == Level::certified);
  server.serves = {"new"};
  CHECK(level(client, server) == Level::refused);
  server = {true, true, {"old"}, {"others"}};
  CHECK(level(client, server) == Level::refused);
  CHECK(level({{"old"}, {}, false}, server) == Level::verified);
}
