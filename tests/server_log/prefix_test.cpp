// SPDX-License-Identifier: PostgreSQL
#include "server_log/prefix.h"

#include "server_log/told.h"

using server_log::Entry;
using server_log::Prefix;

namespace {

/// What a prefix makes of a line: "process user@database host time|message", or "".
std::string matched(std::string_view setting, std::string_view line) {
  const auto prefix = Prefix::parse(setting);
  REQUIRE(prefix);
  Entry entry;
  if (!prefix->match(line, entry)) return "";
  return fmt::format("{} {}@{} {} {}|{}", entry.process, entry.user, entry.database, entry.host,
                     entry.time, entry.message);
}

std::string error_of(std::string_view setting) {
  const auto prefix = Prefix::parse(setting);
  return prefix ? "" : prefix.error().message;
}

}  // namespace

TEST_CASE("each escape takes what the server writes for it") {
  CHECK(matched("%m [%p] ", "2026-01-31 09:00:00.123 CET [77] LOG:  up") ==
        "77 @  2026-01-31 09:00:00.123 CET|up");
  CHECK(matched("%t [%p]: [%l-1] user=%u,db=%d,app=%a,client=%h ",
                "2026-01-31 09:00:00 -03 [77]: [3-1] user=app,db=shop,app=my app,client=10.0.0.7 "
                "LOG:  up") == "77 app@shop 10.0.0.7 2026-01-31 09:00:00 -03|up");
  CHECK(matched("%t:%r:%u@%d:[%p]:",
                "2026-01-31 09:00:00 UTC:10.0.0.7(5000):app@shop:[77]:FATAL:  no") ==
        "77 app@shop 10.0.0.7 2026-01-31 09:00:00 UTC|no");
  CHECK(matched("%t:%r:%u@%d:[%p]:", "2026-01-31 09:00:00 UTC::@:[77]:LOG:  up") ==
        "77 @  2026-01-31 09:00:00 UTC|up");
  CHECK(matched("%t-%c-", "2026-01-31 09:00:00 UTC-65a1b2c3.4d-LOG:  up") ==
        "77 @  2026-01-31 09:00:00 UTC|up");
  CHECK(matched("%n %e %x %v %i %b %Q %P %s|%p ",
                "1700000000.123 00000 0 3/7 SELECT client backend -12  2026-01-31 09:00:00 "
                "CET|77 LOG:  up") == "77 @  1700000000.123|up");
  CHECK(matched("%% %-8u %6p ", "% app          77 LOG:  up") == "77 app@  |up");
  CHECK(matched("%p ", "77 LOG:  00000: up") == "77 @  |up");
  CHECK(matched("%p", "77LOG:  up") == "77 @  |up");
}

TEST_CASE("a line that differs is none of that prefix") {
  const std::string debian = "%m [%p] %q%u@%d ";
  CHECK(matched(debian, "2026-01-31 09:00:00.123 CET [77] app@shop LOG:  up") ==
        "77 app@shop  2026-01-31 09:00:00.123 CET|up");
  CHECK(matched(debian, "2026-01-31 09:00:00.123 CET [77] LOG:  up") ==
        "77 @  2026-01-31 09:00:00.123 CET|up");
  CHECK(matched(debian, "2026-01-31 09:00:00.123 CET [77] app LOG:  up").empty());
  CHECK(matched(debian, "2026-01-31 09:00:00.123 CET [x] LOG:  up").empty());
  CHECK(matched(debian, "2026-01-31 9:00:00.123 CET [77] LOG:  up").empty());
  CHECK(matched(debian, "2026-01-31 09:00:00.123 CET [77] LOG: up").empty());
  CHECK(matched(debian, "2026-01-31 09:00:00.123 CET [77] MELDUNG:  up").empty());
  CHECK(matched("%p ", "99999999999999999999999 LOG:  up").empty());
}

TEST_CASE("what is not known yet is no name") {
  CHECK(matched("%p %u@%d ", "77 [unknown]@[unknown] LOG:  up") == "77 @  |up");
}

TEST_CASE("a prefix names the process, and has nothing that no server knows") {
  CHECK(error_of("%m %u@%d ") == "the log_line_prefix \"%m %u@%d \" has neither %p nor %c");
  CHECK(error_of("%p %Z ") == "the log_line_prefix \"%p %Z \" has an escape that is not known");
  CHECK(error_of("%p %") == "the log_line_prefix \"%p %\" has an escape that is not known");
  CHECK(error_of("%c").empty());
}

TEST_CASE("a line made to be tried for ever is given up") {
  std::string line = "77 ";
  for (int i = 0; i < 2000; ++i) line += "a@";
  CHECK(matched("%p %u@%d@%a@%i@%b@%u ", line).empty());
}

TEST_CASE("all well known prefixes are prefixes") { CHECK(Prefix::well_known().size() == 19); }
