// SPDX-License-Identifier: PostgreSQL
// Of all connections that the names of two rules both admit, those that the fewest other rules
// catch: what holds for these holds for all. What only the server can tell of a name (memberships,
// what an undecided expression catches) is taken to be as both rules need it, and not otherwise.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "admission/alignment.h"
#include "admission/roles.h"
#include "hba/pattern.h"

namespace admission {

struct JointMember {
  std::string user;
  std::set<std::string> groups;  ///< beside the user itself
  std::set<std::string> user_expressions;
  std::string database;
  std::set<std::string> database_expressions;
  bool any_user = false;      ///< the name stands for many: rules that name it do not catch them
  bool any_database = false;  ///< so does the database's
  bool same_name = false;     ///< whoever the user is, the database has its name
  bool physical = false;
};

/// The names of two files of rules.
class Universe {
 public:
  Universe(const Aligned& rules, const Roles& roles, const hba::Version& version);

  [[nodiscard]] std::vector<JointMember> joint_members(const hba::Rule& one,
                                                       const hba::Rule& other) const;
  /// False where no token of one goes together with one of the other.
  [[nodiscard]] bool may_meet(const hba::Rule& one, const hba::Rule& other) const;

  struct Expression {
    std::optional<hba::Pattern> pattern;  ///< null: not decided here
    bool everything = false;
  };
  /// With their "/".
  [[nodiscard]] const std::map<std::string, Expression, std::less<>>& expressions() const {
    return expressions_;
  }
  [[nodiscard]] const hba::Version& version() const { return version_; }

 private:
  struct Tokens;
  void learn(const std::vector<Ruled>& rules, std::set<std::string>& taken);
  [[nodiscard]] std::string unused(const std::string& stem,
                                   const std::set<std::string>& taken) const;
  [[nodiscard]] const hba::Pattern* pattern(const hba::Token& token) const;
  [[nodiscard]] bool admit_user(const hba::Token& token, JointMember& member) const;
  [[nodiscard]] bool admit_database(const hba::Token& token, JointMember& member) const;
  [[nodiscard]] std::vector<JointMember> users(const Tokens& tokens) const;
  [[nodiscard]] std::optional<JointMember> named_user(const std::string& name,
                                                      const Tokens& tokens) const;
  void add_databases(const JointMember& user, const Tokens& tokens,
                     std::vector<JointMember>& made) const;
  void add_database(JointMember member, const Tokens& tokens, std::vector<JointMember>& made) const;
  [[nodiscard]] std::optional<std::string> example(const std::set<std::string>& texts,
                                                   const std::string& fresh) const;

  const Roles& roles_;
  hba::Version version_;
  std::vector<std::string> grouped_;  ///< every role that is known to be in a group
  std::map<std::string, Expression, std::less<>> expressions_;
  std::string fresh_user_;
  std::string fresh_database_;
  std::string fresh_group_;
};

/// Whether the database is sure to have the user's name.
bool has_same_name(const JointMember& member);

}  // namespace admission
