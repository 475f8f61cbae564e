// SPDX-License-Identifier: PostgreSQL
// What rules of two files catch, found by the names of who is caught.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "admission/by_names.h"
#include "admission/intervals.h"
#include "admission/joint_members.h"

namespace admission {

/// What of an address only the server can tell, one way of writing it for each such question.
using AddressQuestions = std::set<std::string>;

/// "" where the addresses are known.
std::string question_of(const Ruled& ruled);

class Catchers {
 public:
  explicit Catchers(const Universe& universe) : universe_(universe) {}

  /// A member that will be asked about. Of rules that are added later only those are kept that may
  /// catch one of these.
  void expect(const JointMember& member);
  void add(const Ruled& ruled);

  /// The sets of addresses from where the member is caught; such rules count whose question is one
  /// of `questions`: all that they ask is taken to be so.
  void collect(const JointMember& member, const AddressQuestions& questions, hba::Family family,
               std::vector<const Intervals*>& sets) const;

 private:
  using ByName = std::unordered_map<std::string, Key>;

  void learn(ByName& names, const std::string& name);
  [[nodiscard]] std::vector<Key> user_keys(const hba::Rule& rule) const;
  [[nodiscard]] std::vector<Key> database_keys(const hba::Rule& rule) const;
  [[nodiscard]] std::vector<Key> user_keys(const JointMember& member) const;
  [[nodiscard]] std::vector<Key> database_keys(const JointMember& member) const;

  const Universe& universe_;
  ByName users_;
  ByName groups_;
  ByName databases_;
  ByName expressions_;
  Key learned_ = 0;
  std::map<std::string, ByNames<AddressSet>> by_question_;
};

}  // namespace admission
