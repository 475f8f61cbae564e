// SPDX-License-Identifier: PostgreSQL
// What of a rule only the server can tell: a host's addresses, its own networks, memberships, what
// a regular expression catches.
#pragma once

#include <string>
#include <vector>

#include "admission/roles.h"
#include "hba/rule_file.h"

namespace admission {

/// "pg_hba.conf:7"
std::string place_of(const hba::RuleRow& row);

/// Each in words, with the rule's place; the row has a rule.
std::vector<std::string> dependences_of(const hba::RuleRow& row, const Roles& roles,
                                        const hba::Version& version);

}  // namespace admission
