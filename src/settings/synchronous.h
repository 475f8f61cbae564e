// SPDX-License-Identifier: PostgreSQL
// synchronous_standby_names (manual, "Replication"; grammar: syncrep_gram.y of the server's source),
// as far as it says how many standbys a commit waits for.
#pragma once

#include <string_view>

#include "base/result.h"

namespace settings {

/// How many standbys must confirm a commit: 0 where the value is empty, n of "FIRST n (…)",
/// "ANY n (…)" and "n (…)", 1 of a plain list. Error (parse) for anything else.
base::Result<int> confirming_standbys(std::string_view value);

}  // namespace settings
