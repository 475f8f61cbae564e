// SPDX-License-Identifier: PostgreSQL
#include "admission/joint_members.h"

#include <fmt/format.h>

#include <algorithm>

namespace admission {
namespace {

using hba::Token;

/// A user's name, as far as a token can say it.
bool is_user_name(const Token& token, const hba::Version& version) {
  return !token.is("all") && !token.is_group() && !token.is_expression(version);
}

bool is_database_name(const Token& token, const hba::Version& version) {
  return !token.is_database_word() && !token.is_expression(version);
}

bool meet(const Token& first, const Token& second, const hba::Version& version,
          bool (*is_name)(const Token&, const hba::Version&)) {
  return first.text == second.text || !is_name(first, version) || !is_name(second, version);
}

}  // namespace

/// One of each rule.
struct Universe::Tokens {
  const Token& user;
  const Token& other_user;
  const Token& database;
  const Token& other_database;

  [[nodiscard]] bool any_database_is(bool (*wanted)(const Token&)) const {
    return wanted(database) || wanted(other_database);
  }
};

bool has_same_name(const JointMember& member) {
  return member.same_name ||
         (!member.any_user && !member.any_database && member.user == member.database);
}

Universe::Universe(const Aligned& rules, const Roles& roles, const hba::Version& version)
    : roles_(roles), version_(version), grouped_(roles.members()) {
  std::set<std::string> taken(grouped_.begin(), grouped_.end());
  for (const std::string& role : grouped_) taken.merge(roles.groups_of(role));
  learn(rules.before, taken);
  learn(rules.after, taken);
  fresh_user_ = unused("somebody", taken);
  fresh_database_ = unused("some_database", taken);
  fresh_group_ = unused("some_group", taken);
}

/// Of the names only those are of interest that a fresh one might be.
void Universe::learn(const std::vector<Ruled>& rules, std::set<std::string>& taken) {
  const auto learn_token = [&](const Token& token) {
    if (token.text.starts_with("some") || token.text.starts_with("+some") ||
        token.text.starts_with('~') || token.text.starts_with("+~") ||
        token.text.starts_with('0') || token.text.starts_with("+0")) {
      taken.insert(token.text);
      if (token.is_group()) taken.insert(token.text.substr(1));
    }
    if (!token.is_expression(version_) || expressions_.contains(token.text)) return;
    Expression made;
    made.pattern = hba::Pattern::compile(token.text.substr(1));
    made.everything = made.pattern && made.pattern->matches_everything();
    expressions_.emplace(token.text, std::move(made));
  };
  for (const Ruled& ruled : rules) {
    for (const Token& token : ruled.rule().users) learn_token(token);
    for (const Token& token : ruled.rule().databases) learn_token(token);
  }
}

/// A name that stands nowhere, and that no expression catches where one is found.
std::string Universe::unused(const std::string& stem, const std::set<std::string>& taken) const {
  std::string name;
  for (const std::string& from : {stem, "~" + stem, "0" + stem})
    for (int tries = 0; tries < 100; ++tries) {
      name = tries == 0 ? from : fmt::format("{}_{}", from, tries);
      const bool caught =
          std::any_of(expressions_.begin(), expressions_.end(), [&](const auto& each) {
            return each.second.pattern && !each.second.everything &&
                   each.second.pattern->matches(name);
          });
      if (!caught && !taken.contains(name)) return name;
    }
  name = stem;
  while (taken.contains(name)) name += '_';
  return name;
}

const hba::Pattern* Universe::pattern(const Token& token) const {
  const auto found = expressions_.find(token.text);
  return found == expressions_.end() || !found->second.pattern ? nullptr : &*found->second.pattern;
}

/// Makes the member one whom the token admits, where that goes.
bool Universe::admit_user(const Token& token, JointMember& member) const {
  if (token.is("all")) return true;
  if (token.is_group()) {
    const std::string group = token.text.substr(1);
    if (!member.any_user && member.user == group) return true;
    if (roles_.known()) return member.groups.contains(group);
    member.groups.insert(group);
    return true;
  }
  if (!token.is_expression(version_)) return !member.any_user && member.user == token.text;
  const hba::Pattern* known = pattern(token);
  if (!member.any_user && known != nullptr) return known->matches(member.user);
  member.user_expressions.insert(token.text);
  return true;
}

bool Universe::admit_database(const Token& token, JointMember& member) const {
  if (member.physical || token.is("replication")) return member.physical && token.is("replication");
  if (token.is("all")) return true;
  const bool same = has_same_name(member);
  if (token.is("sameuser")) return same;
  if (token.is_same_role()) {
    if (same || member.groups.contains(member.database)) return true;
    if (roles_.known()) return false;
    member.groups.insert(member.database);
    return true;
  }
  if (!token.is_expression(version_)) return !member.any_database && member.database == token.text;
  const hba::Pattern* known = pattern(token);
  if (!member.any_database && known != nullptr) return known->matches(member.database);
  member.database_expressions.insert(token.text);
  return true;
}

std::optional<JointMember> Universe::named_user(const std::string& name,
                                                const Tokens& tokens) const {
  JointMember made;
  made.user = name;
  if (roles_.known()) made.groups = roles_.groups_of(name);
  if (!hba::can_be_asked_for(name, version_) || !admit_user(tokens.user, made) ||
      !admit_user(tokens.other_user, made))
    return std::nullopt;
  return made;
}

std::vector<JointMember> Universe::users(const Tokens& tokens) const {
  std::set<std::string> names;
  for (const Token* token : {&tokens.user, &tokens.other_user}) {
    if (token->is_group()) {
      names.insert(token->text.substr(1));
      names.insert(grouped_.begin(), grouped_.end());
    } else if (is_user_name(*token, version_)) {
      names.insert(token->text);
    }
  }
  // A database may have the name of a role, or of a role's group.
  const auto follows_user = [](const Token& token) {
    return token.is("sameuser") || token.is_same_role();
  };
  if (tokens.any_database_is(follows_user))
    for (const Token* token : {&tokens.database, &tokens.other_database})
      if (is_database_name(*token, version_)) names.insert(token->text);
  if (tokens.any_database_is([](const Token& token) { return token.is_same_role(); }))
    names.insert(grouped_.begin(), grouped_.end());
  std::vector<JointMember> made;
  for (const std::string& name : names)
    if (auto member = named_user(name, tokens)) made.push_back(std::move(*member));
  JointMember any;
  any.any_user = true;
  if (admit_user(tokens.user, any) && admit_user(tokens.other_user, any))
    made.push_back(std::move(any));
  return made;
}

/// A name that all of these catch, one with `fresh` in it where possible; null where none is.
std::optional<std::string> Universe::example(const std::set<std::string>& texts,
                                             const std::string& fresh) const {
  std::vector<std::string> names = {fresh};
  for (const std::string& text : texts) {
    const auto& expression = expressions_.at(text);
    if (!expression.pattern) continue;
    const auto shortest = expression.pattern->example();
    if (!shortest) return std::nullopt;
    for (const std::string& name : {*shortest + "_" + fresh, fresh + "_" + *shortest, *shortest})
      names.push_back(name);
  }
  for (const std::string& name : names) {
    const bool caught = std::all_of(texts.begin(), texts.end(), [&](const std::string& text) {
      const auto& expression = expressions_.at(text);
      return !expression.pattern || expression.pattern->matches(name);
    });
    if (caught && hba::can_be_asked_for(name, version_)) return name;
  }
  return fresh;  // the rules themselves will say that they do not catch it
}

void Universe::add_database(JointMember member, const Tokens& tokens,
                            std::vector<JointMember>& made) const {
  if (!admit_database(tokens.database, member) || !admit_database(tokens.other_database, member))
    return;
  if (member.any_user) {
    std::set<std::string> texts = member.user_expressions;
    if (member.same_name)
      texts.insert(member.database_expressions.begin(), member.database_expressions.end());
    const auto name = example(texts, fresh_user_);
    if (!name) return;
    member.user = *name;
    if (member.same_name) member.user_expressions = member.database_expressions = texts;
  }
  if (member.same_name) {
    member.database = member.user;
  } else if (member.any_database) {
    const std::string fresh = member.database.empty() ? fresh_database_ : member.database;
    const auto name = example(member.database_expressions, fresh);
    if (!name) return;
    if (member.groups.erase(member.database) != 0) member.groups.insert(*name);
    member.database = *name;
  }
  if (member.physical || hba::can_be_asked_for(member.database, version_))
    made.push_back(std::move(member));
}

void Universe::add_databases(const JointMember& user, const Tokens& tokens,
                             std::vector<JointMember>& made) const {
  const auto add = [&](const std::string& database, bool any) {
    JointMember member = user;
    member.database = database;
    member.any_database = any;
    add_database(std::move(member), tokens, made);
  };
  if (tokens.any_database_is([](const Token& token) { return token.is("replication"); })) {
    JointMember member = user;
    member.physical = true;
    return add_database(std::move(member), tokens, made);
  }
  std::set<std::string> names;
  for (const Token* token : {&tokens.database, &tokens.other_database})
    if (is_database_name(*token, version_)) names.insert(token->text);
  const bool of_role =
      tokens.any_database_is([](const Token& token) { return token.is_same_role(); });
  if (of_role) names.insert(user.groups.begin(), user.groups.end());
  for (const std::string& name : names) add(name, false);
  if (of_role && !roles_.known()) add(fresh_group_, true);
  if (of_role || tokens.any_database_is([](const Token& token) { return token.is("sameuser"); })) {
    JointMember member = user;
    member.same_name = true;
    member.any_database = member.any_user;
    member.database = member.user;
    add_database(std::move(member), tokens, made);
  } else {
    add("", true);
  }
}

bool Universe::may_meet(const hba::Rule& one, const hba::Rule& other) const {
  const auto any = [&](const hba::Field& here, const hba::Field& there,
                       bool (*is_name)(const Token&, const hba::Version&)) {
    for (const Token& token : here)
      for (const Token& second : there)
        if (meet(token, second, version_, is_name)) return true;
    return false;
  };
  return any(one.users, other.users, is_user_name) &&
         any(one.databases, other.databases, is_database_name);
}

std::vector<JointMember> Universe::joint_members(const hba::Rule& one,
                                                 const hba::Rule& other) const {
  std::vector<JointMember> made;
  for (const Token& user : one.users)
    for (const Token& other_user : other.users) {
      if (!meet(user, other_user, version_, is_user_name)) continue;
      for (const Token& database : one.databases)
        for (const Token& other_database : other.databases) {
          if (!meet(database, other_database, version_, is_database_name)) continue;
          const Tokens tokens{user, other_user, database, other_database};
          for (const JointMember& member : users(tokens)) add_databases(member, tokens, made);
        }
    }
  return made;
}

}  // namespace admission
