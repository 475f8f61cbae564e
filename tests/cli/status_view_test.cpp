// SPDX-License-Identifier: PostgreSQL
// What status says of the steps that are planned: to people, to scripts, to a monitoring system.
#include <doctest/doctest.h>

#include "cli/json.h"
#include "cli/views.h"

namespace {

operations::StatusReport report(std::optional<std::size_t> pending_steps) {
  operations::StatusReport made;
  made.pending_steps = pending_steps;
  made.offline = !pending_steps;
  return made;
}

std::string text(std::optional<std::size_t> pending_steps) {
  std::string whole;
  cli::write_text(report(pending_steps), fleet::Environment{}, cli::Ink{},
                  [&](const std::string& piece) { whole += piece; });
  return whole;
}

bool holds(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("status tells how many steps are planned, and where they are shown") {
  CHECK(holds(text(1), "1 step is planned: pgseal plan shows it\n"));
  CHECK(holds(text(12), "12 steps are planned: pgseal plan shows them\n"));
  CHECK_FALSE(holds(text(0), "planned"));
}

TEST_CASE("a status that asked nobody says that it does not know what is still to do") {
  CHECK(holds(text(std::nullopt), "what is still to do is not known"));
  CHECK_FALSE(holds(text(0), "not known"));
}

TEST_CASE("the document of a status counts the steps, null where nobody was asked") {
  CHECK(holds(cli::json_of(report(12), "shop"), "\"pending_steps\": 12,"));
  CHECK(holds(cli::json_of(report(0), "shop"), "\"pending_steps\": 0,"));
  CHECK(holds(cli::json_of(report(std::nullopt), "shop"), "\"pending_steps\": null,"));
}

TEST_CASE("a monitoring system is warned of planned steps") {
  int status = 0;
  CHECK(cli::nagios_of(report(2), status) == "PGSEAL WARNING - 2 steps are planned\n");
  CHECK(status == 1);
  CHECK(cli::nagios_of(report(0), status) == "PGSEAL OK - no certificate was issued yet\n");
  CHECK(status == 0);
}

TEST_CASE("a monitoring system hears of a debt before it hears of steps") {
  operations::StatusReport owing = report(2);
  owing.debts.emplace_back().host = "db1";
  int status = 0;
  CHECK(cli::nagios_of(owing, status) == "PGSEAL WARNING - 1 host is owed\n");
}
