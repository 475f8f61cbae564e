// SPDX-License-Identifier: PostgreSQL
// Files of a test as texts: the door that hba::Files is for the program.
#pragma once

#include <map>
#include <string>

#include "hba/sources.h"

namespace hba_tests {

class Texts : public hba::Sources {
 public:
  std::map<std::string, std::string> files;
  std::map<std::string, std::vector<std::string>> folders;

  [[nodiscard]] hba::Reading read(const std::string& path) const override {
    using State = hba::Reading::State;
    if (folders.contains(path)) return {State::directory, "", "Is a directory"};
    const auto found = files.find(path);
    if (found == files.end()) return {State::missing, "", "No such file or directory"};
    return {State::read, found->second, ""};
  }
  [[nodiscard]] hba::Listing list(const std::string& folder) const override {
    const auto found = folders.find(folder);
    if (found == folders.end()) return {false, "No such file or directory", {}};
    return {true, "", found->second};
  }
};

}  // namespace hba_tests
