// SPDX-License-Identifier: PostgreSQL
// What real servers did with some hundred files (cases/hba-cases.tsv; its columns stand in its
// first line): whether each loads and what the view shows, in every version that a case names.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <cstdio>

#include "hba/cases.h"

namespace {

using hba_tests::main_file;

std::string braces(const std::vector<std::string>& items) {
  return items.empty() ? "-" : fmt::format("{{{}}}", fmt::join(items, ","));
}

/// As the cases write the view: "1 local {all} {all} - - trust - - | 2 ERR …".
std::string rows_of(const hba::RuleFile& file, const hba::Version& version) {
  std::vector<std::string> rows;
  for (const hba::RuleRow& row : file.rows) {
    if (!row.rule) {
      rows.push_back(row.error.empty() ? fmt::format("{} - - - - - - - -", row.line)
                                       : fmt::format("{} ERR {}", row.line, row.error));
      continue;
    }
    const hba::ShownRule shown = hba::shown(*row.rule, version);
    rows.push_back(fmt::format("{} {} {} {} {} {} {} {} {}", row.line, shown.type,
                               fmt::format("{{{}}}", fmt::join(shown.databases, ",")),
                               fmt::format("{{{}}}", fmt::join(shown.users, ",")),
                               shown.address.value_or("-"), shown.netmask.value_or("-"),
                               shown.method, braces(shown.options),
                               row.error.empty() ? "-" : row.error));
  }
  return fmt::format("rules=[{}]", fmt::join(rows, " | "));
}

}  // namespace

TEST_CASE("files load and show as real servers took them") {
  int loads = 0;
  int views = 0;
  int undecided = 0;
  for (const hba_tests::Case& each :
       hba_tests::read_cases(PGSEAL_TEST_FOLDER "/cases/hba-cases.tsv")) {
    for (int major = each.first; major <= each.last; ++major) {
      const auto version = hba::parse_version(std::to_string(major));
      REQUIRE(version);
      const hba::RuleFile file =
          hba::read_rules(main_file, each.text, *version, each.traits, each.beside);
      for (const std::string& expected : each.expected) {
        CAPTURE(each.id);
        CAPTURE(major);
        if (expected == "load=ok" || expected == "load=rejected") {
          ++loads;
          if (!file.accepted) ++undecided;
          const std::string rows = rows_of(file, *version);
          CAPTURE(rows);
          if (file.accepted) CHECK(*file.accepted == (expected == "load=ok"));
        } else if (expected.starts_with("rules=")) {
          ++views;
          CHECK(rows_of(file, *version) == expected);
        }
      }
    }
  }
  std::printf("cases of real servers: %d loads (%d undecided), %d views\n", loads, undecided,
              views);
  CHECK(loads > 900);
  CHECK(views > 60);
}
