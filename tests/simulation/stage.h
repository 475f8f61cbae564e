// SPDX-License-Identifier: PostgreSQL
// Where a run of the simulation begins: an environment, its hosts as they stand, and the state
// folder of what was applied before. Built once, copied for each run.
#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "fakes/world.h"
#include "operations/apply.h"
#include "operations/status.h"

namespace simulation {

/// A folder of this process alone, in memory where the machine has such a place; gone at the end.
class Folder {
 public:
  Folder();
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  ~Folder();
  [[nodiscard]] const std::string& path() const { return path_; }
  [[nodiscard]] std::string state() const { return path_ + "/state"; }

 private:
  std::string path_;
};

struct Stage {
  std::string name;
  fakes::World world;
  Folder folder;
  operations::ApplyOptions options;  ///< what the person says at this apply
};

/// The real operation over a world in memory; `world.environment.state` is its state folder.
base::Result<operations::ApplyReport> apply(fakes::World& world,
                                            const operations::ApplyOptions& options);
base::Result<operations::ApplyReport> plan(fakes::World& world,
                                           const operations::ApplyOptions& options);
base::Result<operations::StatusReport> status(fakes::World& world, bool offline);

/// A world of `databases` (the first a primary, the others its standbys) and `applications`.
void populate(fakes::World& world, int databases, int applications);

struct StageMaker {
  std::string name;
  std::function<void(Stage&)> make;
};
/// Environments of one to six hosts, each with what it has lived through.
const std::vector<StageMaker>& stage_makers();
std::unique_ptr<Stage> make_stage(const StageMaker& maker);
void copy_state(const std::string& from, const std::string& to);

}  // namespace simulation
