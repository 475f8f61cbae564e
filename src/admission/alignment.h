// SPDX-License-Identifier: PostgreSQL
// Two files of rules side by side: which rules of one are, in the same order, those of the other,
// however they are written. Where a connection's first matches in both differ, one of the two is
// outside of this alignment: of two pairs that are inside each would have to come before the other.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "admission/intervals.h"
#include "admission/prove.h"

namespace admission {

/// A rule that some connection may find first, apart from how it is written.
struct Ruled {
  const hba::RuleRow* row = nullptr;
  unsigned transports = 0;  ///< a bit for each Transport that it is about
  bool refuses = false;
  std::string map;     ///< what the map that it names says; "" where it names none
  Number network = 0;  ///< of a network: without the bits below its mask
  Number mask = 0;
  int partner = -1;  ///< its place in the other file's list; -1: it is outside of the alignment
  [[nodiscard]] const hba::Rule& rule() const { return *row->rule; }
};

/// Whether both do the same with whom they catch. What a map says counts, not its name.
bool same_verdict(const Ruled& one, const Ruled& other);
/// Of the options only, the demand for a certificate left out.
bool same_options(const Ruled& one, const Ruled& other);

struct Aligned {
  std::vector<Ruled> before;
  std::vector<Ruled> after;
};

/// Lines that repeat an earlier rule are left out: nobody finds them first. The alignment is a
/// longest one. Takes n log n.
Aligned align(const Subject& before, const Subject& after);

}  // namespace admission
