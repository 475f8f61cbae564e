// SPDX-License-Identifier: PostgreSQL
// What a simulation has tried, counted apart from what it should have tried.
#pragma once

#include <mutex>
#include <string>
#include <vector>

#include "simulation/run.h"

namespace simulation {

/// PGSEAL_FULL=1 (or sample): at length.
bool full();
/// PGSEAL_SIMULATE is set: one run was asked for, and nothing else.
bool one_run_wanted();

const StageMaker& maker_named(const std::string& name);

/// A failure as it can be made again.
void show(const std::string& where, const Outcome& outcome);

/// What a good day looks like: the messages to count by.
Outcome good_day(const Stage& stage);

/// Used by several threads.
struct Tally {
  long environments = 0;
  long messages = 0;  ///< of their good days
  long acts = 0;      ///< those among them that a host is told to act by
  long ways = 0;      ///< in which these can fail, by multiplication
  long expected = 0;  ///< runs: all ways, where none are left out
  long made = 0;
  long struck = 0;  ///< runs in which every fault did strike
  long failed = 0;
  long windows = 0;
  std::vector<std::string> left_out;  ///< in words

  Outcome make(const Stage& stage, const std::vector<fakes::Fault>& faults);
  void add(const Tally& other);
  /// Prints all of it and checks that what was made is what was expected.
  void report(const std::string& what) const;

 private:
  std::mutex mutex_;
};

}  // namespace simulation
