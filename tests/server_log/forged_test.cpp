// SPDX-License-Identifier: PostgreSQL
// What clients and functions write into a log so that it looks like a session of somebody else.
#include "server_log/lines.h"
#include "server_log/reader.h"
#include "server_log/told.h"

using logs::at;
using logs::authorized;
using logs::csv;
using logs::json;
using logs::line;
using logs::received;
using logs::told;

namespace {

const std::string unlike = "FATAL:  password authentication failed for user \"x\"";
const std::string good = "authorized app@shop 10.0.0.7 plain []\n";
const std::string forged_received = "connection received: host=9.9.9.9 port=1";
const std::string forged_authorized = "connection authorized: user=a database=b";

/// What a log tells, and how many lines of it were left out.
std::string judged(const std::string& log, const std::string& prefix = "") {
  server_log::Summary summary;
  const std::string made = told(log, prefix, &summary);
  return fmt::format("{}{} left out", made, summary.unreadable);
}

/// A failed login with these names, as the server writes it under Debian's prefix.
std::string failed(const std::string& user, const std::string& database) {
  return fmt::format("{}[66] {}@{} {}\n", at, user, database, unlike);
}

/// What is told of a stderr log between two sessions of which the lines made by `inner` stand.
std::string between(const std::string& inner, const std::string& prefix = "") {
  return judged(received(1) + authorized(1) + inner + received(2) + authorized(2), prefix);
}

/// A line of a function's message with what the server writes behind it.
std::string raised(const std::string& message, const std::string& behind) {
  return line(1, "app@shop", "LOG:  " + message) + line(1, "app@shop", behind);
}

std::string record(const std::string& tag, const std::string& message, const std::string& behind) {
  return fmt::format(
      "2026-01-31 09:00:00.123 CET,\"app\",\"shop\",1,\"10.0.0.7:5000\",65a1b2c3.1,4,\"{}\","
      "2026-01-31 09:00:00 CET,3/9,0,LOG,00000,\"{}\",{},\"web\",\"client backend\",,0\n",
      tag, message, behind);
}

}  // namespace

TEST_CASE("names with line breaks make no session") {
  const std::string log = failed("x\n" + at + "[77] a", "b LOG:  " + forged_received + "\n") +
                          failed("x\n" + at + "[77] a", "b LOG:  " + forged_authorized + "\n");
  for (const char* prefix : {"", "%m [%p] %q%u@%d "}) {
    const std::string made = between(log, prefix);
    INFO(made);
    CHECK(made.starts_with(good + good));
    CHECK(made.find("9.9.9.9") == std::string::npos);
    CHECK(made.find("0 left out") == std::string::npos);
  }
}

TEST_CASE("neither a message before nor a tab behind makes lines of names into others") {
  for (const char* before : {"LOG:  \n", "x\n", "\n", "x\n\t\n"})
    for (const char* behind : {"\n", "\n\t", "\n\t\n"}) {
      const std::string user = before + at + "[77] a";
      const std::string made = between(failed(user, "b LOG:  " + forged_received + behind) +
                                       failed(user, "b LOG:  " + forged_authorized + behind));
      INFO(made);
      CHECK(made.starts_with(good + good));
      CHECK(made.find("9.9.9.9") == std::string::npos);
      CHECK(made.find("a@b") == std::string::npos);
    }
}

TEST_CASE("a message behind the beginning of a prefix is no session, whatever stands behind it") {
  const auto hidden = [](const std::string& message) {
    return failed("x\n" + at + "[77] a@b LOG:  " + message + "\n" + at + "[66] y", "z");
  };
  CHECK(between(hidden(forged_received) + hidden(forged_authorized)) == good + good + "2 left out");
}

TEST_CASE("a line that names end with is no session under any prefix") {
  CHECK(between(at + "[66] x@y\n2026-01-31 09:00:00 CET-1.7-LOG:  " + forged_received + " " +
                unlike + "\n" + at + "[66] x@y\n2026-01-31 09:00:00 CET-1.7-LOG:  " +
                forged_authorized + " " + unlike + "\n") == good + good + "2 left out");
}

TEST_CASE("a hostile name takes no other client's line away") {
  const std::string hostile = failed("x", "y\n");
  CHECK(judged(received(1) + hostile + authorized(1) + hostile + received(2) + hostile +
               authorized(2))
            .starts_with(good + good));
}

TEST_CASE("in blocks of any size a forged line is one") {
  const std::string log = received(1) + authorized(1) +
                          failed("x\n" + at + "[77] a", "b LOG:  " + forged_received + "\n") +
                          failed("x\n" + at + "[77] a", "b LOG:  " + forged_authorized + "\n") +
                          received(2) + authorized(2);
  for (std::size_t buffer = 200; buffer < 900; ++buffer) {
    std::string made;
    REQUIRE(server_log::read_connections(
        logs::reading(log), {"log", "", buffer},
        [&](const server_log::Connection& each) { made += logs::line_of(each); }));
    CHECK(made == good + good);
  }
}

TEST_CASE("a time is whole, with milliseconds where the prefix has them, and with a zone") {
  for (const char* begin :
       {"2026-01-31 09:00:00.123 [77] ", "2026-01-31 09:00:00.123 C [77] ",
        "2026-01-31 09:00:00.12 CET [77] ", "2026-01-31 09:00:00,123 CET [77] "})
    CHECK(judged(received(1) + authorized(1) + line(1, "app@shop", "LOG:  statement: select 1") +
                     begin + "LOG:  " + forged_authorized + "\n",
                 "%m [%p] %q%u@%d ") == good + "1 left out");
}

TEST_CASE("what a function raises is no connection") {
  const std::string context = "CONTEXT:  PL/pgSQL function f() line 1 at RAISE";
  for (const std::string& behind :
       {context, std::string("STATEMENT:  select f()"), std::string("DETAIL:  x")})
    CHECK(between(raised(forged_received, behind) + raised(forged_authorized, behind)) ==
          good + good + "2 left out");
  // As log_error_verbosity = verbose has it.
  CHECK(between(line(1, "app@shop", "LOG:  00000: " + forged_authorized) +
                line(1, "app@shop", "LOCATION:  f, x.c:1") +
                line(1, "app@shop", "STATEMENT:  select f()")) == good + good + "1 left out");
  CHECK(judged(line(1, "[unknown]@[unknown]",
                    "LOG:  00000: connection received: host=10.0.0.7 port=5000") +
               line(1, "[unknown]@[unknown]", "LOCATION:  BackendInitialize, postmaster.c:4") +
               line(1, "app@shop", "LOG:  00000: connection authorized: user=app database=shop") +
               line(1, "app@shop", "LOCATION:  PerformAuthentication, postinit.c:292")) ==
        good + "0 left out");
  CHECK(between(line(1, "app@shop", "LOG:  " + forged_authorized) + "\tand more\n") ==
        good + good + "1 left out");
}

TEST_CASE("what a function raises in a session that began before the log is none") {
  for (const char* word : {"CONTEXT", "STATEMENT", "DETAIL", "HINT", "QUERY"})
    CHECK(between(line(5, "app@shop", "LOG:  connection authorized: user=app database=shop") +
                  line(5, "app@shop", word + std::string(":  x"))) == good + good + "1 left out");
}

TEST_CASE("who is let in is not let in again, and is no newcomer") {
  CHECK(between(line(1, "app@shop", "LOG:  " + forged_received) +
                line(1, "app@shop", "LOG:  connection authorized: user=app database=shop")) ==
        good + good + "2 left out");
  CHECK(judged(received(1) + authorized(1) +
               line(1, "app@shop",
                    "LOG:  connection authenticated: identity=\"a\" method=cert (f:1)") +
               authorized(1)) == good + "2 left out");
}

TEST_CASE("columns that only statements have are of no connection") {
  const std::string session = csv(1, "", "LOG", "connection received: host=10.0.0.7 port=5000") +
                              csv(1, "app", "LOG", "connection authorized: user=app database=shop");
  const std::string message = "connection authorized: user=app database=shop";
  for (const std::string& one :
       {record("DO", message, ",,,,,,,"), record("authentication", message, ",,,,\"PL/pgSQL\",,,"),
        record("authentication", message, ",,,,,\"select\nf()\",,"),
        record("authentication", message, "\"detail\",,,,,,,")}) {
    INFO(one);
    CHECK(judged(one + session) == good + "1 left out");
  }
  CHECK(judged(record("authentication", message, ",,,,,,,")) == good + "0 left out");
}

TEST_CASE("columns that contradict a message are believed") {
  const std::string session = csv(1, "", "LOG", "connection received: host=10.0.0.7 port=5000") +
                              csv(1, "app", "LOG", "connection authorized: user=app database=shop");
  CHECK(judged(csv(1, "", "LOG", forged_received) + session) == good + "1 left out");
  CHECK(judged(session + csv(1, "app", "LOG", "connection received: host=10.0.0.7 port=1")) ==
        good + "1 left out");
  CHECK(judged(session + csv(1, "", "LOG", "connection received: host=10.0.0.7 port=1") +
               csv(1, "app", "LOG", "connection authorized: user=app database=shop")) ==
        good + "2 left out");
  CHECK(judged(json(1, "", forged_received) +
               json(1, "", "connection received: host=10.0.0.7 port=5000") +
               json(1, "", "connection received: host=10.0.0.7 port=5001") +
               json(1, "app", "connection authorized: user=app database=shop") +
               json(1, "app", "connection authorized: user=app database=shop")) ==
        good + "3 left out");
}

TEST_CASE("an object of a statement is of no connection") {
  const std::string object = json(1, "app", "connection authorized: user=app database=shop");
  const std::string end = "\"backend_type\"";
  for (const char* more : {"\"context\":\"PL/pgSQL function\",", "\"statement\":\"select f()\",",
                           "\"detail\":\"x\",", "\"ps\":\"SELECT\","}) {
    std::string raised = object;
    raised.insert(raised.find(end), more);
    CHECK(judged(raised + object) == good + "1 left out");
  }
  std::string starting = object;
  starting.insert(starting.find(end), "\"ps\":\"authentication\",");
  CHECK(judged(starting) == good + "0 left out");
}

TEST_CASE("a field with many lines that look like records hides none and makes none") {
  std::string field;
  for (int i = 0; i < 150; ++i)
    for (const char* message :
         {"connection authorized: user=eve database=shop",
          "\"\"connection authorized: user=eve database=shop\"\"", "\"\"\"\"", "\"\""})
      field += fmt::format(
          "2026-01-31 09:00:00.123 CET,,,{},,65a1b2c3.{:x},1,,2026-01-31 09:00:00 CET,3/0,0,LOG,"
          "00000,{},,,,,,,,,,,,0\n",
          i + 100, i + 100, message);
  const std::string session = csv(1, "app", "LOG", "connection authorized: user=app database=shop");
  CHECK(judged(csv(9, "app", "LOG", "statement: select '\n" + field + "'") + session) ==
        good + "0 left out");
  // The quote that ends one field, and the one that begins the next, begin no message.
  for (const char* last : {"LOG,00000,", "LOG,00000", "LOG,"})
    CHECK(judged(record("DO",
                        "x\n2026-01-31 09:00:00.123 CET,,,7,,65a1b2c3.7,1,,2026-01-31 09:00:00 "
                        "CET,3/0,0," +
                            std::string(last),
                        "\"connection authorized: user=eve database=shop\",,,,,,,") +
                 session) == good + "0 left out");
}

TEST_CASE("a record whose names have line breaks is counted") {
  CHECK(judged(csv(2, "app", "LOG", "connection authorized: user=app database=shop") +
               csv(1, "a\nb", "LOG", "connection authorized: user=a\nb database=shop")) ==
        good + "1 left out");
}
