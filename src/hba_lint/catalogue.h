// SPDX-License-Identifier: PostgreSQL
// The one table of what can be found in a pg_hba.conf: the lint takes severity, clause and hint
// from it, docs/hba-findings.md is drawn from it, and its examples are its tests.
#pragma once

#include <array>
#include <span>
#include <string>
#include <string_view>

#include "base/finding.h"

namespace hba_lint {

/// A file beside the example's. A name that ends in "/" is a folder.
struct ExampleFile {
  std::string_view name;
  std::string_view text;
};

struct Example {
  std::string_view version;    ///< of the server that reads it
  std::string_view text;       ///< shows the code
  std::string_view corrected;  ///< does not, and shows no other
  int line = 1;                ///< of the finding; 0: none
  /// A note that the example shows as well, because it belongs to the same mistake.
  std::string_view also{};
  std::array<ExampleFile, 2> beside{};
  std::string_view idents{};  ///< pg_ident.conf; the finding is there where `text` is `corrected`
  std::string_view corrected_idents{};
  std::string_view roles{};  ///< of --roles
  /// What the server of --dsn tells, lines "setting = value"; the finding is there where all else
  /// is as `corrected` has it.
  std::string_view server{};
  std::string_view corrected_server{};
};

struct CatalogueRow {
  std::string_view code;
  base::Severity severity;
  std::string_view what;
  std::string_view why;
  std::string_view clause;  ///< a chapter of PostgreSQL's manual by its page's name
  std::string_view remedy;  ///< one step
  Example example;
};

/// About lines, words, names and addresses.
std::span<const CatalogueRow> text_rows();
/// About what rules admit, options, and maps.
std::span<const CatalogueRow> rule_rows();
/// About what a server tells beside its rules.
std::span<const CatalogueRow> server_rows();

/// A finding of the table's severity, clause and remedy. An unknown code is a mistake of ours.
base::Finding finding(std::string_view code, std::string message);

}  // namespace hba_lint
