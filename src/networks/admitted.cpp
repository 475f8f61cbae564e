// SPDX-License-Identifier: PostgreSQL
// What the rules of a file say of where clients come from.
#include "admission/dependence.h"
#include "networks/narrow.h"

namespace networks {

std::vector<Admitted> admitted_by(const hba::RuleFile& file, const std::vector<bool>& idle,
                                  LeftOut& left_out) {
  std::vector<Admitted> made;
  for (std::size_t i = 0; i < file.rows.size(); ++i) {
    const hba::RuleRow& row = file.rows[i];
    if (!row.rule || row.rule->type == hba::ConnectionType::local ||
        row.rule->method == hba::Method::reject)
      continue;
    const auto network = network_of(row.rule->address);
    if (!network || idle[i]) {
      (network ? left_out.idle : left_out.without_network).push_back(admission::place_of(row));
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
