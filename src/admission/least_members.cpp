// SPDX-License-Identifier: PostgreSQL
#include "admission/least_members.h"

#include <fmt/format.h>

#include <algorithm>

namespace admission {
namespace {

std::uint64_t mixed(std::uint64_t hash, std::uint64_t more) {
  hash ^= more + 0x9E3779B97F4A7C15U + (hash << 6U) + (hash >> 2U);
  return hash * 0xFF51AFD7ED558CCDU;
}

void sort_and_unite(std::vector<Key>& some) {
  std::sort(some.begin(), some.end());
  some.erase(std::unique(some.begin(), some.end()), some.end());
}

Member one_of(std::string user, std::set<std::string> groups) {
  Member made;
  made.user = std::move(user);
  made.groups = std::move(groups);
  return made;
}

/// Names with the same hash share a key.
std::unordered_map<std::string, Key> keys_of(
    const std::unordered_map<std::string, std::uint64_t>& hashes) {
  std::unordered_map<std::string, Key> made;
  std::unordered_map<std::uint64_t, Key> of_hash;
  for (const auto& [name, hash] : hashes)
    made[name] =
        of_hash.try_emplace(hash, static_cast<Key>(first_key + of_hash.size())).first->second;
  return made;
}

}  // namespace

/// What least members are wanted of, and whether some have no name.
struct Names::Asked {
  const std::vector<std::string>& roles;
  const std::vector<std::string>& databases;
  bool& unnamed;
};

Names::Names(const hba::RuleFile& file, const Roles& roles, const hba::Version& version)
    : roles_(roles), version_(version) {
  learn(file);
  fresh_user_ = unused("somebody");
  fresh_database_ = unused("some_database");
  fresh_group_ = unused("some_group");
}

void Names::learn(const hba::RuleFile& file) {
  std::unordered_map<std::string, std::uint64_t> users;
  std::unordered_map<std::string, std::uint64_t> databases;
  std::uint64_t number = 0;
  for (const hba::RuleRow& row : file.rows) {
    ++number;
    if (!row.rule) continue;
    for (const hba::Token& token : row.rule->users) {
      if (token.is_group())
        group_names_.try_emplace(token.text.substr(1), 0);
      else if (token.is_expression(version_))
        learn_expression(token);
      else if (!token.is("all"))
        users[token.text] = mixed(users[token.text], number);
    }
    for (const hba::Token& token : row.rule->databases) {
      if (token.is_expression(version_))
        learn_expression(token);
      else if (!token.is_database_word())
        databases[token.text] = mixed(databases[token.text], number);
    }
  }
  // Who stands in several places, or in some group, is like no other.
  std::uint64_t alone = std::uint64_t(1) << 63U;
  const std::vector<std::string> members = roles_.members();
  const std::set<std::string> grouped(members.begin(), members.end());
  for (auto& [name, hash] : users)
    if (databases.contains(name) || group_names_.contains(name) || grouped.contains(name))
      hash = mixed(hash, ++alone);
  for (auto& [name, hash] : databases)
    if (users.contains(name) || group_names_.contains(name) || roles_.known())
      hash = mixed(hash, ++alone);
  user_names_ = keys_of(users);
  database_names_ = keys_of(databases);
  Key next = static_cast<Key>(first_key + std::max(user_names_.size(), database_names_.size()));
  for (auto& [name, key] : group_names_) key = next++;
  for (auto& [text, expression] : expressions_)
    if (expression) expression->key = next++;
}

void Names::learn_expression(const hba::Token& token) {
  if (expressions_.contains(token.text)) return;
  auto pattern = hba::Pattern::compile(token.text.substr(1));
  std::optional<Expression> made;
  if (pattern) {
    const bool everything = pattern->matches_everything();
    made = Expression{std::move(*pattern), 0, everything};
  }
  expressions_.emplace(token.text, std::move(made));
}

/// What catches a name beside rules that name it. One that is not concrete stands for many: of
/// those only what catches everything is sure, and the expression itself of which it is an example.
void Names::add_expressions(const std::string& name, const std::string& example_of, bool concrete,
                            std::vector<Key>& keys) const {
  for (const auto& [text, expression] : expressions_) {
    if (!expression) continue;
    const bool catches = concrete && expression->pattern.matches(name);
    if (catches || expression->everything || text == example_of) keys.push_back(expression->key);
  }
}

bool Names::stands_somewhere(const std::string& name) const {
  return user_names_.contains(name) || database_names_.contains(name) ||
         group_names_.contains(name);
}

/// A name that stands nowhere and that no expression catches, where one is found. Each call gives
/// another, or two that are meant to differ would be the same.
std::string Names::unused(const std::string& stem) const {
  const auto taken = [&](const std::string& name) {
    return stands_somewhere(name) || name == fresh_user_ || name == fresh_database_;
  };
  for (const std::string& from : {stem, std::string("~"), std::string("0")})
    for (int tries = 0; tries < 100; ++tries) {
      std::string name = tries == 0 ? from : fmt::format("{}_{}", from, tries);
      const bool caught =
          std::any_of(expressions_.begin(), expressions_.end(), [&](const auto& each) {
            return each.second && !each.second->everything && each.second->pattern.matches(name);
          });
      if (!caught && !taken(name)) return name;
    }
  std::string name = stem;
  while (taken(name)) name += '_';
  return name;
}

const hba::Pattern* Names::pattern(const hba::Token& token) const {
  const auto found = expressions_.find(token.text);
  return found == expressions_.end() || !found->second ? nullptr : &found->second->pattern;
}

/// A name that the token's expression catches, one that no rule has where possible; "" where none
/// is found.
std::string Names::example(const hba::Token& token, const std::string& fresh, bool& unnamed) const {
  const hba::Pattern* known = pattern(token);
  if (known == nullptr) {
    unnamed = true;
    return {};
  }
  const std::string shortest = known->example().value_or("");
  for (const std::string& name : {fresh, shortest + "_" + fresh, fresh + "_" + shortest, shortest})
    if (hba::can_be_asked_for(name, version_) && known->matches(name) &&
        (!stands_somewhere(name) || name == shortest))
      return name;
  return {};
}

std::vector<Key> Names::user_keys(const hba::Rule& rule) const {
  std::vector<Key> keys;
  for (const hba::Token& token : rule.users) {
    if (token.is("all"))
      keys.push_back(any_key);
    else if (token.is_group())
      keys.push_back(group_names_.at(token.text.substr(1)));
    else if (!token.is_expression(version_))
      keys.push_back(user_names_.at(token.text));
    else if (const auto& expression = expressions_.at(token.text))
      keys.push_back(expression->key);
  }
  sort_and_unite(keys);
  return keys;
}

std::vector<Key> Names::database_keys(const hba::Rule& rule) const {
  std::vector<Key> keys;
  for (const hba::Token& token : rule.databases) {
    if (const auto word = word_key(token))
      keys.push_back(*word);
    else if (!token.is_expression(version_))
      keys.push_back(database_names_.at(token.text));
    else if (const auto& expression = expressions_.at(token.text))
      keys.push_back(expression->key);
  }
  sort_and_unite(keys);
  return keys;
}

std::vector<Key> Names::user_keys(const Member& member) const {
  std::vector<Key> keys = {any_key};
  const bool concrete = member.user_expression.empty() && !member.fresh_user;
  add_expressions(member.user, member.user_expression, concrete, keys);
  if (!member.user_expression.empty()) return keys;
  if (const auto found = user_names_.find(member.user); found != user_names_.end())
    keys.push_back(found->second);
  const auto take_group = [&](const std::string& name) {
    if (const auto found = group_names_.find(name); found != group_names_.end())
      keys.push_back(found->second);
  };
  take_group(member.user);
  for (const std::string& group : member.groups) take_group(group);
  return keys;
}

std::vector<Key> Names::database_keys(const Member& member) const {
  if (member.physical) return {replication_key};
  std::vector<Key> keys = {any_key};
  const auto found = database_names_.find(member.database);
  const bool chosen = !member.database_expression.empty();
  const bool as_user = !chosen && member.database == member.user &&
                       (member.user_expression.empty() || member.same_name);
  const bool named = !chosen && !(as_user && !member.user_expression.empty());
  if (named && found != database_names_.end()) keys.push_back(found->second);
  const bool concrete = named && !member.fresh_database && !(as_user && member.fresh_user);
  add_expressions(member.database, member.database_expression, concrete, keys);
  if (as_user) keys.push_back(same_user_key);
  if (as_user || (!chosen && member.groups.contains(member.database)))
    keys.push_back(same_role_key);
  return keys;
}

std::vector<Member> Names::users(const hba::Token& token, Asked& asked) const {
  const auto known = [&](const std::string& name) { return one_of(name, roles_.groups_of(name)); };
  const auto fresh = [&](std::set<std::string> groups) {
    Member made = one_of(fresh_user_, std::move(groups));
    made.fresh_user = true;
    return made;
  };
  std::vector<Member> made;
  if (!asked.roles.empty()) {
    for (const std::string& role : asked.roles) {
      if (token.is_group()) {
        const std::string group = token.text.substr(1);
        const auto member = roles_.is_member(role, group);
        if (!member) made.push_back(one_of(role, {group}));
        if (member == std::optional(true)) made.push_back(known(role));
      } else if (token.is_expression(version_)) {
        const hba::Pattern* expression = pattern(token);
        if (expression == nullptr) asked.unnamed = true;
        if (expression != nullptr && expression->matches(role)) made.push_back(known(role));
      } else if (token.is("all") || token.text == role) {
        made.push_back(known(role));
      }
    }
    return made;
  }
  if (token.is_group()) {
    const std::string group = token.text.substr(1);
    made.push_back(known(group));
    if (!roles_.known()) made.push_back(fresh({group}));
    for (const std::string& member : roles_.members())
      if (member != group && roles_.is_member(member, group) == std::optional(true))
        made.push_back(known(member));
  } else if (token.is("all")) {
    made.push_back(fresh({}));
  } else if (token.is_expression(version_)) {
    const std::string name = example(token, fresh_user_, asked.unnamed);
    if (name.empty()) return made;
    made.push_back(one_of(name, {}));
    made.back().user_expression = token.text;
  } else {
    made.push_back(known(token.text));
  }
  return made;
}

/// `user` is one of many where the rule says "all": then others may be meant by a database's name.
void Names::add_of_same_role(const Member& user, bool any_user, const Asked& asked,
                             std::vector<Member>& made) const {
  const auto add = [&](Member member, const std::string& database) {
    member.database = database;
    made.push_back(std::move(member));
  };
  const auto wanted = [&](const std::string& database) {
    return asked.databases.empty() || std::find(asked.databases.begin(), asked.databases.end(),
                                                database) != asked.databases.end();
  };
  if (wanted(user.user)) {
    add(user, user.user);
    made.back().same_name = true;
  }
  for (const std::string& group : user.groups)
    if (wanted(group)) add(user, group);
  if (!roles_.known()) {
    std::vector<std::string> groups = asked.databases;
    if (groups.empty()) groups.push_back(fresh_group_);
    for (const std::string& group : groups) {
      Member member = user;
      member.groups.insert(group);
      member.fresh_database = asked.databases.empty();
      add(std::move(member), group);
    }
  }
  // So it is where the user stands for all whom an expression catches.
  const auto expression = expressions_.find(user.user_expression);
  const hba::Pattern* some = expression == expressions_.end() || !expression->second
                                 ? nullptr
                                 : &expression->second->pattern;
  if (!any_user && some == nullptr) return;
  const auto meant = [&](const std::string& role) {
    return some == nullptr || some->matches(role);
  };
  for (const std::string& database : asked.databases)
    if (meant(database)) add(one_of(database, roles_.groups_of(database)), database);
  for (const std::string& role : roles_.members()) {
    if (!meant(role)) continue;
    const Member member = one_of(role, roles_.groups_of(role));
    for (const std::string& group : member.groups)
      if (wanted(group)) add(member, group);
  }
}

/// The user of whom a database has the name, where `user` is one or stands for many.
void Names::add_of_same_user(const Member& user, bool any_user, const Asked& asked,
                             std::vector<Member>& made) const {
  const auto expression = expressions_.find(user.user_expression);
  for (const std::string& database : asked.databases) {
    const bool caught = expression != expressions_.end() && expression->second &&
                        expression->second->pattern.matches(database);
    // In groups that are known, or in those that the rule needs.
    const bool as_known = any_user || caught || roles_.known();
    if (!any_user && !caught && !user.fresh_user && user.user != database) continue;
    made.push_back(one_of(database, as_known ? roles_.groups_of(database) : user.groups));
    made.back().database = database;
  }
}

void Names::add_databases(const hba::Token& token, const Member& user, bool any_user, Asked& asked,
                          std::vector<Member>& made) const {
  const auto add = [&](Member member, const std::string& database) {
    member.database = database;
    made.push_back(std::move(member));
  };
  if (token.is("replication")) {
    if (asked.databases.empty()) {
      made.push_back(user);
      made.back().physical = true;
    }
    return;
  }
  if (token.is_same_role()) return add_of_same_role(user, any_user, asked, made);
  if (token.is("sameuser") && !asked.databases.empty())
    return add_of_same_user(user, any_user, asked, made);
  std::vector<std::string> databases = asked.databases;
  if (databases.empty()) {
    if (token.is("all"))
      databases = {fresh_database_};
    else if (token.is("sameuser"))
      databases = {user.user};
    else if (!token.is_expression(version_))
      databases = {token.text};
    else if (const std::string name = example(token, fresh_database_, asked.unnamed); !name.empty())
      databases = {name};
    for (const std::string& database : databases) {
      add(user, database);
      if (token.is_expression(version_)) made.back().database_expression = token.text;
      made.back().fresh_database = token.is("all");
      made.back().same_name = token.is("sameuser");
    }
    return;
  }
  for (const std::string& database : databases) {
    const hba::Pattern* expression = token.is_expression(version_) ? pattern(token) : nullptr;
    if (token.is_expression(version_) && expression == nullptr) asked.unnamed = true;
    const bool caught =
        token.is("all") || (token.is("sameuser") && database == user.user) ||
        (expression != nullptr && expression->matches(database)) ||
        (!token.is_database_word() && !token.is_expression(version_) && token.text == database);
    if (caught) add(user, database);
  }
}

std::vector<Member> Names::least_members(const hba::Rule& rule,
                                         const std::vector<std::string>& roles,
                                         const std::vector<std::string>& databases,
                                         bool& unnamed) const {
  Asked asked{roles, databases, unnamed};
  std::vector<Member> made;
  for (const hba::Token& user_token : rule.users) {
    const bool any_user = user_token.is("all") && roles.empty();
    for (const Member& user : users(user_token, asked))
      for (const hba::Token& token : rule.databases)
        add_databases(token, user, any_user, asked, made);
  }
  std::erase_if(made, [&](const Member& member) {
    return !hba::can_be_asked_for(member.user, version_) ||
           (!member.physical && !hba::can_be_asked_for(member.database, version_));
  });
  return made;
}

}  // namespace admission
