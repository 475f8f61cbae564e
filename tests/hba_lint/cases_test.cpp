// SPDX-License-Identifier: PostgreSQL
// What real servers did with some hundred files (tests/hba/cases): an error is said of each file
// that they refused, in a line that they refused, and none that the server would say of one that
// they loaded.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <algorithm>
#include <cstdio>

#include "hba/cases.h"
#include "hba_lint/lint.h"

namespace {

/// Errors that are not the server's: it loads the file, as something else than it says.
bool says_itself(const base::Finding& finding) {
  return finding.severity == base::Severity::error && finding.code != "hba.field-vanished" &&
         finding.code != "hba.byte-order-mark";
}

}  // namespace

TEST_CASE("files that real servers refused have an error, files that they loaded have none") {
  int refused = 0;
  int loaded = 0;
  int worded = 0;
  for (const hba_tests::Case& each :
       hba_tests::read_cases(PGSEAL_TEST_FOLDER "/../hba/cases/hba-cases.tsv")) {
    for (int major = each.first; major <= each.last; ++major) {
      const auto version = hba::parse_version(std::to_string(major));
      REQUIRE(version);
      const admission::Roles roles;
      const hba_lint::Report report =
          hba_lint::lint({hba_tests::main_file, each.text, *version, each.traits, each.beside,
                          roles, "/data/pg_ident.conf", each.idents});
      const auto& findings = report.findings;
      CAPTURE(each.id);
      CAPTURE(major);
      for (const std::string& expected : each.expected) {
        if (expected == "load=rejected") {
          ++refused;
          if (!report.rules.accepted) continue;
          CHECK(std::any_of(findings.begin(), findings.end(), [](const base::Finding& finding) {
            return finding.severity == base::Severity::error;
          }));
        } else if (expected.starts_with("log~\"") &&
                   report.rules.accepted == std::optional(false)) {
          std::string words = expected.substr(5, expected.size() - 6);
          // The server's view has other words for it than its log.
          if (words.starts_with("clientcert only accepts")) continue;
          if (words.ends_with("\\\\")) words.pop_back();  // escaped in the cases
          CAPTURE(words);
          ++worded;
          CHECK(std::any_of(findings.begin(), findings.end(), [&](const base::Finding& finding) {
            return finding.message.find(words) != std::string::npos;
          }));
        } else if (expected == "load=ok") {
          ++loaded;
          CHECK(std::none_of(findings.begin(), findings.end(), says_itself));
        }
      }
      // Each refused line is named, or the one above it that was to go on.
      for (const hba::RuleRow& row : report.rules.rows)
        if (!row.rule)
          CHECK(std::any_of(findings.begin(), findings.end(), [&](const base::Finding& finding) {
            return finding.severity == base::Severity::error && finding.file == row.file &&
                   (finding.line == row.line || finding.line == row.line - 1);
          }));
    }
  }
  std::printf("lint of cases of real servers: %d refused, %d loaded, %d texts\n", refused, loaded,
              worded);
  CHECK(refused > 200);
  CHECK(loaded > 300);
}
