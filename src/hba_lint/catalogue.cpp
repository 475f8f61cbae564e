// SPDX-License-Identifier: PostgreSQL
#include "hba_lint/catalogue.h"

#include <unordered_map>
#include <utility>

namespace hba_lint {
namespace {

std::unordered_map<std::string_view, const CatalogueRow*> by_code() {
  std::unordered_map<std::string_view, const CatalogueRow*> made;
  for (const auto rows : {text_rows(), rule_rows(), server_rows()})
    for (const CatalogueRow& row : rows) made.emplace(row.code, &row);
  return made;
}

}  // namespace

base::Finding finding(std::string_view code, std::string message) {
  static const auto rows = by_code();
  const auto found = rows.find(code);
  base::Finding made;
  made.code = code;
  made.message = std::move(message);
  if (found == rows.end()) return made;
  const CatalogueRow& row = *found->second;
  made.severity = row.severity;
  made.clause = row.clause;
  made.hint = row.remedy;
  return made;
}

}  // namespace hba_lint
