// SPDX-License-Identifier: PostgreSQL
// What the rules of a file say of where clients come from.
#include "admission/dependence.h"
#include "networks/narrow.h"

namespace networks {

std::vector<Admitted> admitted_by(const hba::RuleFile& file, std::vector<std::string>& left_out) {
  std::vector<Admitted> made;
  for (const hba::RuleRow& row : file.rows) {
    if (!row.rule || row.rule->type == hba::ConnectionType::local ||
        row.rule->method == hba::Method::reject)
      continue;
    const auto network = network_of(row.rule->address);
    if (!network) {
      left_out.push_back(admission::place_of(row));
      continue;
    }
    Admitted each{*network, {}, {}, false, false, row.file, row.line};
    for (const hba::Token& token : row.rule->databases)
      (token.is("replication") ? each.replication : each.databases) = true;
    for (const hba::Token& token : row.rule->users) {
      each.roles.insert(token.text);
      if (!token.is("all") && !token.is_group() && !token.text.starts_with('/'))
        each.named.insert(token.text);
    }
    made.push_back(std::move(each));
  }
  return made;
}

}  // namespace networks
