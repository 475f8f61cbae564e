// SPDX-License-Identifier: PostgreSQL
// What a change of pg_hba.conf does: for each two rules that decide the same connection before and
// after it, and differently, one such connection. Changes that nobody can notice are none.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "admission/connection.h"
#include "admission/prove.h"

namespace admission {

enum class Effect : std::uint8_t { lets_in, locks_out, weaker, stronger, different };

/// A change that somebody notices.
struct Change {
  Effect effect = Effect::different;
  Connection witness;
  const hba::RuleRow* before = nullptr;  ///< what decides the witness; null: no rule matches
  const hba::RuleRow* after = nullptr;
  /// What only the server can tell: the change is one if all that is as both rules need it.
  std::vector<std::string> unknown;
};

struct Comparison {
  bool equivalent = false;
  std::vector<Change> changes;       ///< in the order of the rules
  std::vector<std::string> unknown;  ///< what the comparison as a whole depends on
};

/// Two files that are not refused, of one version, with the same roles and settings. Each witness
/// is one by what explain says of it; throws std::logic_error where explain contradicts. Takes, for
/// n rules, time in the number of those that changed times n, beside n log n.
Comparison compare(const Subject& before, const Subject& after);

/// "lets in", "locks out", …
const char* to_string(Effect effect);

}  // namespace admission
