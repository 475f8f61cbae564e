// SPDX-License-Identifier: PostgreSQL
#include "admission/catchers.h"

#include <fmt/format.h>

#include "base/text.h"

namespace admission {
namespace {

void take(const std::unordered_map<std::string, Key>& names, const std::string& name,
          std::vector<Key>& keys) {
  if (const auto found = names.find(name); found != names.end()) keys.push_back(found->second);
}

}  // namespace

std::string question_of(const Ruled& ruled) {
  using Kind = hba::AddressSpec::Kind;
  const hba::AddressSpec& spec = ruled.rule().address;
  if (spec.kind == Kind::name) return "name " + base::lower(spec.name);
  if (spec.kind == Kind::samehost) return "samehost";
  if (spec.kind == Kind::samenet) return "samenet";
  if (spec.kind != Kind::network || addresses_of(spec)) return "";
  return fmt::format("mask {} {}", hba::to_string(spec.address), hba::to_string(spec.mask));
}

void Catchers::learn(ByName& names, const std::string& name) {
  if (names.try_emplace(name, first_key + learned_).second) ++learned_;
}

void Catchers::expect(const JointMember& member) {
  if (!member.any_user) {
    learn(users_, member.user);
    learn(groups_, member.user);
  }
  for (const std::string& group : member.groups) learn(groups_, group);
  if (!member.any_database && !member.physical) learn(databases_, member.database);
  if (expressions_.empty())
    for (const auto& [text, expression] : universe_.expressions()) learn(expressions_, text);
}

std::vector<Key> Catchers::user_keys(const hba::Rule& rule) const {
  std::vector<Key> keys;
  for (const hba::Token& token : rule.users) {
    if (token.is("all"))
      keys.push_back(any_key);
    else if (token.is_group())
      take(groups_, token.text.substr(1), keys);
    else if (token.is_expression(universe_.version()))
      take(expressions_, token.text, keys);
    else
      take(users_, token.text, keys);
  }
  return keys;
}

std::vector<Key> Catchers::database_keys(const hba::Rule& rule) const {
  std::vector<Key> keys;
  for (const hba::Token& token : rule.databases) {
    if (const auto word = word_key(token))
      keys.push_back(*word);
    else if (token.is_expression(universe_.version()))
      take(expressions_, token.text, keys);
    else
      take(databases_, token.text, keys);
  }
  return keys;
}

std::vector<Key> Catchers::user_keys(const JointMember& member) const {
  std::vector<Key> keys = {any_key};
  if (!member.any_user) {
    take(users_, member.user, keys);
    take(groups_, member.user, keys);
  }
  for (const std::string& group : member.groups) take(groups_, group, keys);
  for (const auto& [text, expression] : universe_.expressions()) {
    const bool caught =
        expression.everything || member.user_expressions.contains(text) ||
        (!member.any_user && expression.pattern && expression.pattern->matches(member.user));
    if (caught) take(expressions_, text, keys);
  }
  return keys;
}

std::vector<Key> Catchers::database_keys(const JointMember& member) const {
  if (member.physical) return {replication_key};
  std::vector<Key> keys = {any_key};
  if (has_same_name(member)) keys.push_back(same_user_key);
  if (has_same_name(member) || member.groups.contains(member.database))
    keys.push_back(same_role_key);
  if (!member.any_database) take(databases_, member.database, keys);
  for (const auto& [text, expression] : universe_.expressions()) {
    const bool caught = expression.everything || member.database_expressions.contains(text) ||
                        (!member.any_database && expression.pattern &&
                         expression.pattern->matches(member.database));
    if (caught) take(expressions_, text, keys);
  }
  return keys;
}

void Catchers::add(const Ruled& ruled) {
  const std::vector<Key> users = user_keys(ruled.rule());
  if (users.empty()) return;
  const std::vector<Key> databases = database_keys(ruled.rule());
  if (databases.empty()) return;
  const std::string question = question_of(ruled);
  const Addresses addresses =
      question.empty() ? *addresses_of(ruled.rule().address) : every_address();
  by_question_[question].for_all(users, databases, [&](AddressSet& set) { set.add(addresses); });
}

void Catchers::collect(const JointMember& member, const AddressQuestions& questions,
                       hba::Family family, std::vector<const Intervals*>& sets) const {
  const std::vector<Key> users = user_keys(member);
  const std::vector<Key> databases = database_keys(member);
  for (const auto& [question, by_names] : by_question_) {
    if (!question.empty() && !questions.contains(question)) continue;
    by_names.for_known(users, databases,
                       [&](const AddressSet& set) { sets.push_back(&set.of(family)); });
  }
}

}  // namespace admission
