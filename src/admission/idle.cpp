// SPDX-License-Identifier: PostgreSQL
#include "admission/idle.h"

#include <algorithm>

#include "admission/explain.h"
#include "admission/first_matches.h"

namespace admission {
namespace {

/// Whether some connection of some least member reaches the rule; null where it is about none.
std::optional<bool> reached(const hba::Rule& rule, const Names& names, const FirstMatches& above) {
  const auto known = addresses_of(rule.address);
  const Addresses addresses = known ? *known : possible_addresses(rule.address);
  bool unnamed = false;
  const std::vector<Member> members = names.least_members(rule, {}, {}, unnamed);
  std::optional<bool> made;
  if (unnamed) made = true;
  for (const Member& member : members)
    for (const hba::Family family : {hba::Family::ipv4, hba::Family::ipv6}) {
      if (addresses.of(family).empty()) continue;
      made = made.value_or(false) || above.hole(member, family, addresses.of(family)).has_value();
    }
  return made;
}

}  // namespace

std::vector<bool> idle_rules(const hba::RuleFile& file, const Roles& roles,
                             const hba::Version& version, const hba::ServerTraits& traits) {
  const Names names(file, roles, version);
  std::vector<bool> about(file.rows.size(), false);
  std::vector<bool> decides(file.rows.size(), false);
  for (const Transport transport :
       {Transport::plain, Transport::tls, Transport::gss, Transport::local}) {
    FirstMatches above(names);
    for (std::size_t i = 0; i < file.rows.size(); ++i) {
      const auto& rule = file.rows[i].rule;
      if (!rule || !type_matches(rule->type, transport, traits.ssl)) continue;
      if (const auto is = decides[i] ? std::optional(true) : reached(*rule, names, above)) {
        about[i] = true;
        decides[i] = *is;
      }
      if (const auto addresses = addresses_of(rule->address)) above.add(*rule, *addresses, i);
    }
  }
  for (std::size_t i = 0; i < about.size(); ++i) about[i] = about[i] && !decides[i];
  return about;
}

}  // namespace admission
