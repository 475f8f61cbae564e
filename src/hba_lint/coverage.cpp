// SPDX-License-Identifier: PostgreSQL
// What the words of all rules and maps cover: families, replication, groups.
#include <fmt/format.h>

#include <set>
#include <unordered_map>

#include "hba_lint/material.h"

namespace hba_lint {
namespace {

using Kind = hba::AddressSpec::Kind;

/// A quote matters where the word means more than itself without one.
bool is_more_than_name(const hba::Token& token) {
  return token.is_database_word() || token.is_group();
}

/// Type, names and whether it rejects: what a rule is about but for its addresses.
std::string subject_of(const hba::Rule& rule) {
  std::string made = hba::to_string(rule.type);
  made += rule.method == hba::Method::reject ? '-' : '+';
  for (const hba::Field* field : {&rule.databases, &rule.users}) {
    std::set<std::string> names;
    for (const hba::Token& token : *field)
      names.insert((is_more_than_name(token) ? ' ' : '"') + token.text);
    made += '\n';
    for (const std::string& name : names) made += name + '\0';
  }
  return made;
}

bool whole_family(const hba::AddressSpec& spec) {
  return spec.kind == Kind::network && spec.mask.bytes == decltype(spec.mask.bytes){};
}

void check_families(const Material& material, base::Findings& findings) {
  struct Families {
    const hba::RuleRow* ipv4 = nullptr;
    const hba::RuleRow* ipv6 = nullptr;
    bool all = false;
  };
  std::unordered_map<std::string, Families> by_subject;
  std::vector<const std::string*> order;
  for (const hba::RuleRow& row : material.rules.rows) {
    if (!row.rule) continue;
    const hba::AddressSpec& spec = row.rule->address;
    if (spec.kind != Kind::all && !whole_family(spec)) continue;
    const auto [at, added] = by_subject.try_emplace(subject_of(*row.rule));
    if (added) order.push_back(&at->first);
    Families& families = at->second;
    if (spec.kind == Kind::all)
      families.all = true;
    else
      (spec.address.family == hba::Family::ipv4 ? families.ipv4 : families.ipv6) = &row;
  }
  for (const std::string* subject : order) {
    const Families& families = by_subject.at(*subject);
    if (families.all || (families.ipv4 != nullptr) == (families.ipv6 != nullptr)) continue;
    const bool four = families.ipv4 != nullptr;
    const hba::RuleRow& row = four ? *families.ipv4 : *families.ipv6;
    say(findings, "hba.ipv6-gap", row,
        fmt::format(
            "{} is about {} alone{}", four ? "0.0.0.0/0" : "::/0", four ? "IPv4" : "IPv6",
            row.rule->method == hba::Method::reject ? ", and does not reject the other" : ""));
  }
}

void check_replication(const Material& material, base::Findings& findings) {
  const hba::RuleRow* all = nullptr;
  for (const hba::RuleRow& row : material.rules.rows) {
    if (!row.rule) continue;
    for (const hba::Token& token : row.rule->databases) {
      if (token.is("replication")) return;
      if (token.is("all") && row.rule->method != hba::Method::reject && all == nullptr) all = &row;
    }
  }
  if (all != nullptr)
    say(findings, "hba.replication-missing", *all,
        "no rule is about replication, which \"all\" does not mean");
}

void check_groups(const Material& material, base::Findings& findings) {
  const admission::Roles& roles = material.subject.roles;
  std::set<std::string> groups;
  for (const std::string& member : roles.members()) groups.merge(roles.groups_of(member));
  bool said = false;
  for (const hba::RuleRow& row : material.rules.rows) {
    if (!row.rule) continue;
    for (const hba::Token& token : row.rule->users) {
      if (!token.is_group()) continue;
      if (!said)
        say(findings, "hba.superuser-group", row,
            fmt::format("\"{}\" has no superusers but those that were made members", token.text));
      said = true;
      if (roles.known() && !groups.contains(token.text.substr(1)))
        say(findings, "hba.name-absent", row,
            fmt::format("the list of roles has no member of \"{}\"", token.text.substr(1)));
    }
  }
}

}  // namespace

void check_coverage(const Material& material, base::Findings& findings) {
  check_families(material, findings);
  check_replication(material, findings);
  check_groups(material, findings);
}

void check_idents(const Material& material, base::Findings& findings) {
  const bool knows_all = hba::has_includes(material.subject.version);
  for (const hba::IdentRow& row : material.idents.rows) {
    if (!row.mapping) {
      say(findings, "hba.ident-refused", row.file, row.line, row.error);
      continue;
    }
    if (row.undecided)
      say(findings, "hba.undecided", row.file, row.line,
          "only the server can tell whether it loads this line: what the regular expression means");
    const std::string& from = row.mapping->system_user.text;
    const bool open = from.starts_with('/') && !(from.starts_with("/^") && from.ends_with('$'));
    const hba::Token& role = row.mapping->role;
    if (open)
      say(findings, "hba.ident-wide", row.file, row.line,
          fmt::format("\"{}\" catches names that only contain it", from));
    else if (knows_all && role.is("all"))
      say(findings, "hba.ident-wide", row.file, row.line,
          fmt::format("\"{}\" is every role", from));
  }
}

}  // namespace hba_lint
