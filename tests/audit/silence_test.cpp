// SPDX-License-Identifier: PostgreSQL
// A silence takes what it names, where it says, as long as it says, and is always counted.
#include "audit/silence.h"

#include <doctest/doctest.h>

#include "audit/catalogue.h"

namespace {

constexpr base::Time day(int number) { return base::Time(base::Days(number)); }

fleet::Silence silence(const char* code, const char* host = "") {
  fleet::Silence made;
  made.code = code;
  made.host = host;
  made.reason = "agreed";
  return made;
}

base::Finding found(const char* code, const char* host) {
  base::Finding made = audit::finding(code, "something");
  made.host = host;
  return made;
}

}  // namespace

TEST_CASE("a silence takes findings of its code, of its host where it names one, and counts them") {
  const std::vector<fleet::Silence> silences = {silence("role.missing"),
                                                silence("certificate.due", "db1")};
  audit::Silencer silencer(silences, day(1));
  base::Findings findings = {found("role.missing", "db1"), found("role.no-login", "db1"),
                             found("certificate.due", "db2"), found("certificate.due", "db1")};
  silencer.take_from(findings);
  REQUIRE(findings.size() == 2);
  CHECK(findings[0].code == "role.no-login");
  CHECK(findings[1].host == "db2");
  base::Findings of_host = {found("certificate.due", "")};
  silencer.take_from(of_host, "db2");
  CHECK(of_host.size() == 1);
  silencer.take_from(of_host, "db1");
  CHECK(of_host.empty());
  const base::Findings notes = silencer.notes();
  REQUIRE(notes.size() == 1);
  CHECK(notes[0].code == "findings.silenced");
  CHECK(notes[0].severity == base::Severity::note);
  CHECK(notes[0].message == "3 findings are silenced");
  CHECK(notes[0].detail == "1 role.missing: agreed\n2 certificate.due on db1: agreed");
}

TEST_CASE("a silence that found nothing to take is not spoken of") {
  const std::vector<fleet::Silence> silences = {silence("role.missing")};
  CHECK(audit::Silencer(silences, day(1)).notes().empty());
}

TEST_CASE("a silence whose last day has passed takes nothing and is a problem itself") {
  std::vector<fleet::Silence> silences = {silence("role.missing")};
  silences[0].until = day(2);
  base::Findings findings = {found("role.missing", "db1")};
  audit::Silencer late(silences, day(2) + std::chrono::seconds(1));
  late.take_from(findings);
  CHECK(findings.size() == 1);
  REQUIRE(late.notes().size() == 1);
  CHECK(late.notes()[0].code == "silence.expired");
  CHECK(base::any_problem(late.notes()));
  audit::Silencer in_time(silences, day(2));
  in_time.take_from(findings);
  CHECK(findings.empty());
}
