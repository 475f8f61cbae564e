// SPDX-License-Identifier: PostgreSQL
// Of all connections that a rule's names admit, those that the fewest other rules catch. What holds
// for these holds for all: a role in more groups, or a database with a role's name, is caught by
// more rules, and each of those has a turn of its own.
#pragma once

#include <map>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "admission/by_names.h"
#include "admission/roles.h"
#include "hba/pattern.h"
#include "hba/rule_file.h"

namespace admission {

/// Who wants what, as far as names go, and by which keys rules are found that catch it.
struct Member {
  std::string user;
  std::set<std::string> groups;  ///< beside the user itself
  std::string database;
  bool physical = false;
  /// The regular expression of which the name is but an example: it stands for others, and rules
  /// that name it do not catch them.
  std::string user_expression;
  std::string database_expression;
  bool same_name = false;   ///< whoever the user is, the database has its name
  bool fresh_user = false;  ///< any that no rule names
  bool fresh_database = false;
};

/// Names that stand in exactly the same rules have the same key.
class Names {
 public:
  Names(const hba::RuleFile& file, const Roles& roles, const hba::Version& version);

  /// The keys under which a rule is found; a regular expression that is not decided has none.
  [[nodiscard]] std::vector<Key> user_keys(const hba::Rule& rule) const;
  [[nodiscard]] std::vector<Key> database_keys(const hba::Rule& rule) const;

  /// The keys under which rules stand that catch a member.
  [[nodiscard]] std::vector<Key> user_keys(const Member& member) const;
  [[nodiscard]] std::vector<Key> database_keys(const Member& member) const;

  /// Narrowed to roles and databases, where those are not empty. `unnamed` is set where a rule
  /// catches names of which none is found: its regular expression is not decided here.
  [[nodiscard]] std::vector<Member> least_members(const hba::Rule& rule,
                                                  const std::vector<std::string>& roles,
                                                  const std::vector<std::string>& databases,
                                                  bool& unnamed) const;

 private:
  struct Asked;
  void learn(const hba::RuleFile& file);
  [[nodiscard]] const hba::Pattern* pattern(const hba::Token& token) const;
  [[nodiscard]] std::string example(const hba::Token& token, const std::string& fresh,
                                    bool& unnamed) const;
  [[nodiscard]] std::string unused(const std::string& stem) const;
  [[nodiscard]] bool stands_somewhere(const std::string& name) const;
  [[nodiscard]] std::vector<Member> users(const hba::Token& token, Asked& asked) const;
  void add_databases(const hba::Token& token, const Member& user, bool any_user, Asked& asked,
                     std::vector<Member>& made) const;
  void add_of_same_user(const Member& user, bool any_user, const Asked& asked,
                        std::vector<Member>& made) const;
  void add_of_same_role(const Member& user, bool any_user, const Asked& asked,
                        std::vector<Member>& made) const;

  const Roles& roles_;
  hba::Version version_;
  std::unordered_map<std::string, Key> user_names_;
  std::unordered_map<std::string, Key> database_names_;
  std::unordered_map<std::string, Key> group_names_;
  struct Expression {
    hba::Pattern pattern;
    Key key = 0;
    bool everything = false;
  };
  void learn_expression(const hba::Token& token);
  void add_expressions(const std::string& name, const std::string& example_of, bool concrete,
                       std::vector<Key>& keys) const;

  std::map<std::string, std::optional<Expression>, std::less<>> expressions_;  ///< with their "/"
  std::string fresh_user_;
  std::string fresh_database_;
  std::string fresh_group_;
};

}  // namespace admission
