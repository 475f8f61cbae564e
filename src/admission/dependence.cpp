// SPDX-License-Identifier: PostgreSQL
#include "admission/dependence.h"

#include <fmt/format.h>

#include "admission/intervals.h"
#include "base/text.h"
#include "hba/mask.h"

namespace admission {

std::string place_of(const hba::RuleRow& row) {
  return fmt::format("{}:{}", base::printable_line(row.file), row.line);
}

std::vector<std::string> dependences_of(const hba::RuleRow& row, const Roles& roles,
                                        const hba::Version& version) {
  using Kind = hba::AddressSpec::Kind;
  const hba::Rule& rule = *row.rule;
  const std::string place = place_of(row);
  std::vector<std::string> made;
  if (rule.address.kind == Kind::name)
    made.push_back(fmt::format("which addresses the host name \"{}\" stands for ({})",
                               base::printable_line(hba::mask_secrets(rule.address.name)), place));
  if (rule.address.kind == Kind::samehost || rule.address.kind == Kind::samenet)
    made.push_back(fmt::format("the server's own networks ({})", place));
  if (rule.address.kind == Kind::network && !addresses_of(rule.address))
    made.push_back(fmt::format("which addresses the mask of {} leaves open", place));
  for (const hba::Token& token : rule.users)
    if (token.is_group() && !roles.known())
      made.push_back(fmt::format("who is a member of \"{}\" ({}; --roles tells it)",
                                 base::printable_line(token.text.substr(1)), place));
  for (const hba::Field* field : {&rule.databases, &rule.users})
    for (const hba::Token& token : *field) {
      if (token.is_expression(version))
        made.push_back(fmt::format("which names the regular expression of {} catches", place));
      if (field == &rule.databases && token.is_same_role() && !roles.known())
        made.push_back(fmt::format("who is a member of which role ({}; --roles tells it)", place));
    }
  return made;
}

}  // namespace admission
