// SPDX-License-Identifier: PostgreSQL
// One run: a stage, applies with faults in them, the repair after each, and an apply on a good day.
#pragma once

#include <string>
#include <vector>

#include "simulation/stage.h"

namespace simulation {

struct Outcome {
  std::vector<std::string> broken;
  std::vector<std::string> struck;
  std::vector<std::vector<fakes::Message>> applies;  ///< the messages of each
  int windows = 0;
  std::string error;  ///< with which the first apply ended, "" none
};

Outcome run(const Stage& stage, const std::vector<fakes::Fault>& faults);

/// The ways in which this message of this stage can fail, each once: with the primitives of the
/// disk for those that strike within an act.
std::vector<fakes::Fault> faults_at(const Stage& stage, int number, const fakes::Message& message,
                                    bool within);

/// "trio:17:power-within:3", as one run is asked for again; "2.5" is the fifth message of the
/// second apply.
std::string coordinates(const std::string& stage, const std::vector<fakes::Fault>& faults);
/// Null where the text is none. With the name of the stage.
std::optional<std::pair<std::string, std::vector<fakes::Fault>>> parse_coordinates(
    const std::string& text);

}  // namespace simulation
