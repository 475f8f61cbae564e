// SPDX-License-Identifier: PostgreSQL
// The one table of findings: code, severity, what it means, the clause. Severity lives here and
// nowhere else; a check names its code and says what it saw.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "base/finding.h"

namespace audit {

struct CatalogueRow {
  std::string_view code;
  base::Severity severity;
  std::string_view meaning;  ///< one sentence for the manual
  std::string_view clause;   ///< RFC section or chapter of PostgreSQL's manual; may be empty
  bool blocks;               ///< the host (or slot, if named) gets no step while it stands
};

std::span<const CatalogueRow> catalogue();
const CatalogueRow* find_row(std::string_view code);

/// A finding of the table's severity and clause. An unknown code is a mistake of ours: internal.
base::Finding finding(std::string_view code, std::string message);

/// Whether `code` keeps steps from its host or slot.
bool blocks(std::string_view code);

}  // namespace audit
