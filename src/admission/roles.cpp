// SPDX-License-Identifier: PostgreSQL
#include "admission/roles.h"

#include <fmt/format.h>

#include <utility>
#include <vector>

#include "hba/tokens.h"

namespace admission {
namespace {

/// A list of roles names no other files.
class NoFiles : public hba::Sources {
 public:
  [[nodiscard]] hba::Reading read(const std::string&) const override {
    return {hba::Reading::State::unopened, "", "a list of roles names no other file"};
  }
  [[nodiscard]] hba::Listing list(const std::string&) const override { return {false, "", {}}; }
};

}  // namespace

base::Result<Roles> Roles::parse(const std::string& file, std::string_view text) {
  Roles made;
  made.known_ = true;
  // As a version without include lines: "include" may be a role.
  const hba::Version version{15, 99};
  for (const hba::Line& line : hba::tokenize(file, text, version, NoFiles()).lines) {
    const bool two = line.error.empty() && line.fields.size() == 2 && line.fields[0].size() == 1 &&
                     line.fields[1].size() == 1;
    if (!two)
      return base::error(
                 base::Code::parse,
                 fmt::format("{}:{}: {}", file, line.number,
                             line.error.empty() ? "not a member and its group" : line.error))
          .with_hint("Each line has two names, the member and the group, separated by a blank.");
    made.groups_[line.fields[0][0].text].insert(line.fields[1][0].text);
  }
  return made;
}

std::optional<bool> Roles::is_member(const std::string& role, const std::string& group) const {
  if (role == group) return true;
  if (!known_) return std::nullopt;
  return groups_of(role).contains(group);
}

std::set<std::string> Roles::groups_of(const std::string& role) const {
  std::set<std::string> seen;
  std::vector<std::string> open{role};
  while (!open.empty()) {
    const auto found = groups_.find(open.back());
    open.pop_back();
    if (found == groups_.end()) continue;
    for (const std::string& above : found->second)
      if (seen.insert(above).second) open.push_back(above);
  }
  seen.erase(role);
  return seen;
}

std::vector<std::string> Roles::members() const {
  std::vector<std::string> made;
  for (const auto& [member, groups] : groups_) made.push_back(member);
  return made;
}

Roles Roles::of_all(std::map<std::string, std::set<std::string>> groups) {
  Roles made;
  made.known_ = true;
  made.groups_ = std::move(groups);
  return made;
}

Roles Roles::of_one(const std::string& role, const std::set<std::string>& groups) {
  Roles made;
  made.known_ = true;
  if (!groups.empty()) made.groups_[role] = groups;
  return made;
}

}  // namespace admission
