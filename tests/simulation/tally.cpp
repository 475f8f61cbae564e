// SPDX-License-Identifier: PostgreSQL
#include "simulation/tally.h"

#include <doctest/doctest.h>
#include <fmt/format.h>
#include <stdlib.h>

#include <cstdio>

namespace simulation {

using fakes::Fault;

bool full() { return ::getenv("PGSEAL_FULL") != nullptr; }
bool one_run_wanted() { return ::getenv("PGSEAL_SIMULATE") != nullptr; }

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

Outcome good_day(const Stage& stage) {
  Outcome outcome = run(stage, {});
  if (!outcome.broken.empty() || !outcome.error.empty()) show(stage.name, outcome);
  CHECK(outcome.broken.empty());
  CHECK(outcome.error == "");
  return outcome;
}

Outcome Tally::make(const Stage& stage, const std::vector<Fault>& faults) {
  Outcome outcome = run(stage, faults);
  const std::lock_guard lock(mutex_);
  ++made;
  if (outcome.struck.size() == faults.size()) ++struck;
  windows += outcome.windows;
  if (outcome.broken.empty()) return outcome;
  ++failed;
  if (failed <= 20) show(coordinates(stage.name, faults), outcome);
  return outcome;
}

void Tally::add(const Tally& other) {
  const std::lock_guard lock(mutex_);
  environments += other.environments;
  messages += other.messages;
  acts += other.acts;
  ways += other.ways;
  expected += other.expected;
  made += other.made;
  struck += other.struck;
  failed += other.failed;
  windows += other.windows;
  left_out.insert(left_out.end(), other.left_out.begin(), other.left_out.end());
}

void Tally::report(const std::string& what) const {
  std::string text = fmt::format(
      "{}: {} environments, {} messages of which {} acts, {} ways to fail; expected {} runs, made "
      "{}, all faults struck in {}, {} failed; {} windows of a client's key change\n",
      what, environments, messages, acts, ways, expected, made, struck, failed, windows);
  for (const std::string& one : left_out) text += fmt::format("{}: left out: {}\n", what, one);
  std::fputs(text.c_str(), stdout);
  CHECK(made == expected);
  CHECK(struck == made);
  CHECK(failed == 0);
}

}  // namespace simulation
