// SPDX-License-Identifier: PostgreSQL
// Rules that never decide.
#pragma once

#include <vector>

#include "admission/roles.h"
#include "hba/rule_file.h"

namespace admission {

/// For each row of a file whether its rule decides no connection, because those above it catch all
/// that it is about, in whichever way connections come. What only the server can tell is taken to
/// decide. Takes, for n rules, time in the sum of their users times databases, times log n.
std::vector<bool> idle_rules(const hba::RuleFile& file, const Roles& roles,
                             const hba::Version& version, const hba::ServerTraits& traits);

}  // namespace admission
