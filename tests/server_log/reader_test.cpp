// SPDX-License-Identifier: PostgreSQL
// Whole logs: their formats, how connections are put together, and what a log does to whoever
// reads it.
#include "server_log/reader.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>
#include <thread>

#include "base/fd.h"
#include "server_log/candidates.h"
#include "server_log/lines.h"
#include "server_log/told.h"

using logs::at;
using logs::authorized;
using logs::csv;
using logs::json;
using logs::line;
using logs::received;
using logs::told;

namespace {

std::string statements(int many) {
  std::string made;
  for (int i = 0; i < many; ++i)
    made += line(9, "app@shop", "LOG:  statement: select 1\n\tfrom connection authorized: user=x");
  return made;
}

const std::string whole = received(1) +
                          line(1, "app@shop",
                               "LOG:  connection authenticated: identity=\"app\" "
                               "method=scram-sha-256 (/etc/hba:7)") +
                          authorized(1);
const std::string told_whole =
    "authorized app@shop 10.0.0.7 plain [] <app> scram-sha-256 /etc/hba:7\n";

}  // namespace

TEST_CASE("lines of one process are one connection") {
  CHECK(told(whole) == told_whole);
  CHECK(told(received(1) + received(2, "10.0.0.8") + authorized(2) + authorized(1)) ==
        "authorized app@shop 10.0.0.8 plain []\nauthorized app@shop 10.0.0.7 plain []\n");
  CHECK(told(authorized(1)) == "authorized app@shop  plain []\n");
}

TEST_CASE("a process id that comes again is another connection") {
  CHECK(told(received(1) + received(1, "10.0.0.8") + authorized(1)) ==
        "abandoned @ 10.0.0.7 plain []\nauthorized app@shop 10.0.0.8 plain []\n");
  CHECK(told(authorized(1) + authorized(1, "mon")) ==
        "authorized app@shop  plain []\nauthorized mon@shop  plain []\n");
  CHECK(told(received(1) + authorized(1) + received(1) + authorized(1, "mon")) ==
        "authorized app@shop 10.0.0.7 plain []\nauthorized mon@shop 10.0.0.7 plain []\n");
  const std::string other =
      csv(1, "", "LOG", "connection received: host=10.0.0.7 port=1") +
      csv(1, "app", "LOG", "connection authorized: user=app database=shop", "65a1b2ff");
  CHECK(told(other) == "abandoned @ 10.0.0.7 plain []\nauthorized app@shop 10.0.0.7 plain []\n");
}

TEST_CASE("an attempt that fails is no session") {
  CHECK(told(received(1) +
             line(1, "eve@shop", "FATAL:  password authentication failed for user \"eve\"")) ==
        "failed eve@shop 10.0.0.7 plain []\n");
  CHECK(told(received(1) + authorized(1) +
             line(1, "app@shop", "FATAL:  database \"shop\" does not exist")) ==
        "failed at start app@shop 10.0.0.7 plain []\n");
  CHECK(told(received(1) + authorized(1) +
             line(1, "app@shop", "FATAL:  terminating connection due to idle-session timeout")) ==
        "authorized app@shop 10.0.0.7 plain []\n");
  CHECK(told(received(1) + line(2, "eve@shop", "FATAL:  no such thing")) ==
        "abandoned @ 10.0.0.7 plain []\n");
}

TEST_CASE("what a server's state ends is no failed attempt") {
  CHECK(told(received(1) + line(1, "app@shop", "FATAL:  the database system is starting up")) ==
        "failed at start app@shop 10.0.0.7 plain []\n");
  CHECK(told(received(1) + line(1, "app@shop", "FATAL:  sorry, too many clients already")) ==
        "failed at start app@shop 10.0.0.7 plain []\n");
  std::string starting = csv(1, "app", "FATAL", "what an extension says");
  const std::string session = csv(1, "app", "LOG", "connection authorized: user=app database=shop");
  CHECK(told(session + starting) == "authorized app@shop 10.0.0.7 plain []\n");
  starting.replace(starting.find("authentication"), 14, "startup");
  CHECK(told(session + starting) == "failed at start app@shop 10.0.0.7 plain []\n");
  std::string object = json(1, "app", "what an extension says");
  object.replace(object.find("\"LOG\""), 5, "\"FATAL\",\"ps\":\"startup\"");
  CHECK(told(json(1, "app", "connection authorized: user=app database=shop") + object) ==
        "failed at start app@shop 10.0.0.7 plain []\n");
}

TEST_CASE("who comes without having been asked is told where others were asked before") {
  const std::string asked = line(
      1, "app@shop", "LOG:  connection authenticated: identity=\"app\" method=md5 (/etc/hba:7)");
  const std::string garbled =
      line(2, "mon@shop", "LOG:  connection authenticated: identity=\"mon\" method=md5");
  const auto of_mon = [](const std::string& log) {
    std::string made;
    CHECK(server_log::read_connections(logs::reading(log), {"log", ""},
                                       [&](const server_log::Connection& each) {
                                         if (each.user == "mon")
                                           made += each.unasked ? "unasked" : "not known";
                                       }));
    return made;
  };
  const std::string others = received(1) + asked + authorized(1);
  const std::string mon = received(2) + authorized(2, "mon");
  CHECK(of_mon(others + mon) == "unasked");
  CHECK(of_mon(mon) == "not known");
  CHECK(of_mon(mon + others) == "not known");
  CHECK(of_mon(others + authorized(2, "mon")) == "not known");
  CHECK(of_mon(others + received(2) + garbled + authorized(2, "mon")) == "not known");
  CHECK(of_mon(others + received(2) + at + "[ LOG:  connection authenticated: x\n" +
               line(9, "a@b", "LOG:  x") + authorized(2, "mon")) == "not known");
  CHECK(of_mon(
            received(1) +
            line(1, "app@shop", "LOG:  connection authenticated: user=\"app\" method=trust (f:1)") +
            authorized(1) + mon) == "not known");
}

TEST_CASE("who shows a certificate to be let in comes by TLS") {
  const std::string secure = " SSL enabled (protocol=TLSv1.3, cipher=X, bits=256)";
  const std::string ends = line(
      1, "app@shop",
      "LOG:  connection authorized: user=app database=shop application_name=web" + secure + secure);
  const auto tls = [](const std::string& log) {
    std::string made;
    CHECK(server_log::read_connections(
        logs::reading(log), {"log", ""}, [&](const server_log::Connection& each) {
          made += each.encryption_unknown                                      ? "unknown"
                  : each.encryption == server_log::Connection::Encryption::tls ? "tls"
                                                                               : "plain";
        }));
    return made;
  };
  CHECK(tls(received(1) + ends) == "unknown");
  CHECK(tls(received(1) +
            line(1, "app@shop",
                 "LOG:  connection authenticated: identity=\"CN=app\" method=cert (f:1)") +
            ends) == "tls");
}

TEST_CASE("the three formats tell the same") {
  const std::string expected =
      "authorized app@shop 10.0.0.7 tls [a \"b\"] <app> md5 /etc/hba:7\n"
      "authorized repl@shop 10.0.0.7 plain [] replication\n";
  const std::string by = "connection authenticated: identity={0}app{0} method=md5 (/etc/hba:7)";
  const std::string ends =
      "connection authorized: user=app database=shop application_name=a {0}b{0} SSL enabled "
      "(protocol=TLSv1.3, cipher=X, bits=256)";
  const std::string begins = "connection received: host=10.0.0.7 port=5000";
  const std::string repl = "replication connection authorized: user=repl";
  const auto in = [](const std::string& text, const char* quote) {
    return fmt::format(fmt::runtime(text), quote);
  };
  CHECK(told(csv(1, "", "LOG", begins) + csv(1, "app", "LOG", in(by, "\"\"")) +
             csv(1, "app", "LOG", in(ends, "\"\"")) + csv(2, "repl", "LOG", repl)) == expected);
  CHECK(told(json(1, "", begins) + json(1, "app", in(by, "\\\"")) +
             json(1, "app", in(ends, "\\\"")) + json(2, "repl", repl)) == expected);
  CHECK(told(received(1) + line(1, "app@shop", "LOG:  " + in(by, "\"")) +
             line(1, "app@shop", "LOG:  " + in(ends, "\"")) + received(2) +
             line(2, "repl@shop", "LOG:  " + repl)) == expected);
}

TEST_CASE("what stands in a statement tells of no connection") {
  const std::string fake = "connection authorized: user=eve database=shop";
  CHECK(told(whole + line(9, "app@shop", "LOG:  statement: select 'LOG:  " + fake + "'") +
             "\tLOG:  " + fake + "\n") == told_whole);
  CHECK(told(csv(1, "app", "LOG", "connection authorized: user=app database=shop") +
             csv(2, "app", "LOG",
                 "statement: select '\n" + csv(3, "eve", "LOG", "x") + "" +
                     "2026-01-31 09:00:00.123 CET,\"\"eve\"\",\"\"shop\"\",4,,65a1.4,1,,,,,LOG,"
                     "00000,\"\"" +
                     fake + "\"\"\n'")) == "authorized app@shop 10.0.0.7 plain []\n");
  CHECK(told(json(1, "app", "connection authorized: user=app database=shop") +
             json(2, "app", "statement: select '\\\"message\\\":\\\"" + fake + "\\\"'")) ==
        "authorized app@shop 10.0.0.7 plain []\n");
}

TEST_CASE("names made to look like a message are left out, and counted") {
  server_log::Summary summary;
  const std::string names = "eve@x LOG:  connection authorized: user=eve database=x";
  CHECK(told(whole + line(3, names, "FATAL:  no pg_hba.conf entry for user \"eve\""), "",
             &summary) == told_whole);
  CHECK(summary.unreadable == 1);
  CHECK(told(whole + line(3, "eve@x", "LOG:  connection authorized: user=adm database=x"), "",
             &summary) == told_whole);
  CHECK(summary.unreadable == 1);
}

TEST_CASE("a name that makes a failure look like an authorization of itself is left out") {
  CHECK(told("1 eve LOG:  connection authorized: user=eve database=x application_name= FATAL:  no "
             "pg_hba.conf entry\n2 [unknown] LOG:  connection received: host=[local]\n",
             "%p %u ") == "abandoned @ [local] plain []\n");
}

TEST_CASE("what stands in a line behind the end of the buffer is no line") {
  std::string log = whole + line(9, "app@shop", "LOG:  statement: x");
  log.pop_back();
  log += std::string(server_log::Blocks::usual_buffer - (log.size() - whole.size()), 'x');
  CHECK(told(log + received(5) + received(6)) == told_whole + "abandoned @ 10.0.0.7 plain []\n");
}

TEST_CASE("a last line without its newline is taken only where it is whole") {
  server_log::Summary summary;
  CHECK(told(whole + line(2, "app@shop", "LOG:  connection authorized: user=app database=shop")
                         .substr(0, 80),
             "", &summary) == told_whole);
  CHECK(summary.cut);
  CHECK(summary.unreadable == 1);
  const std::string object = json(1, "app", "connection authorized: user=app database=shop");
  CHECK(told(object.substr(0, object.size() - 1)) == "authorized app@shop 10.0.0.7 plain []\n");
  CHECK(told(object + object.substr(0, object.size() - 2)) ==
        "authorized app@shop 10.0.0.7 plain []\n");
}

TEST_CASE("a log may begin and be damaged amid a message") {
  const std::string good = csv(1, "app", "LOG", "connection authorized: user=app database=shop");
  const std::string expected = "authorized app@shop 10.0.0.7 plain []\n";
  CHECK(told("of a statement\n' and \"\"more\"\"\",,,,\n" + good) == expected);
  CHECK(told("\tof a statement\n" + whole) == told_whole);
  std::string damaged = good + "2026-01-31 09:00:00.123 CET,\"app\",\"sh\n";
  for (int i = 2; i < 200; ++i)
    damaged += csv(i, "app", "LOG", "connection authorized: user=app database=shop");
  const std::string made = told(damaged);
  CHECK(std::count(made.begin(), made.end(), '\n') == 199);
}

TEST_CASE("parts of any size are read alike") {
  const std::string log = statements(40) + whole + statements(40) + received(4);
  const std::string expected = told(log);
  REQUIRE(expected == told_whole + "abandoned @ 10.0.0.7 plain []\n");
  for (const std::size_t part : {1, 7, 64, 4096}) {
    std::string made;
    CHECK(server_log::read_connections(
        logs::reading(log, part), {"log", ""},
        [&](const server_log::Connection& each) { made += logs::line_of(each); }));
    CHECK(made == expected);
  }
}

TEST_CASE("a line longer than the buffer is passed by") {
  const std::string longest(3 * server_log::Blocks::usual_buffer + 17, 'x');
  CHECK(told(whole + line(9, "app@shop", "LOG:  statement: " + longest) + received(2)) ==
        told_whole + "abandoned @ 10.0.0.7 plain []\n");
  const std::string good = csv(1, "app", "LOG", "connection authorized: user=app database=shop");
  CHECK(told(csv(2, "app", "LOG", longest + "\"\"\n\"\"" + longest) + good) ==
        "authorized app@shop 10.0.0.7 plain []\n");
  CHECK(told(std::string(server_log::Blocks::usual_buffer, 'x') + "\n" + whole) == told_whole);
}

TEST_CASE("nothing understood is never nothing found") {
  CHECK(told("") == "nothing in \"log\" was recognised as a server's log");
  CHECK(told(std::string(5000, '\0')) == "nothing in \"log\" was recognised as a server's log");
  CHECK(told(at + "[1] [unknown]@[unknown] СООБЩЕНИЕ:  подключение получено: узел=[local]\n") ==
        "nothing in \"log\" was recognised as a server's log");
  CHECK(told(line(1, "a@b", "LOG:  Verbindung empfangen: Host=10.0.0.7 Port=5000")) ==
        "\"log\" tells of no connection that is understood");
  CHECK(told(whole, "%p ") == "no line of \"log\" begins as log_line_prefix says");
  CHECK(told(whole, "%u ") == "the log_line_prefix \"%u \" has neither %p nor %c");
  CHECK(told("\x1f\x8b\x08") == "\"log\" is compressed");
}

TEST_CASE("a prefix of one's own is told, and a change of it within a log is seen") {
  CHECK(told("<77> LOG:  connection received: host=[local]\n", "<%p> ") ==
        "abandoned @ [local] plain []\n");
  CHECK(told("<77> LOG:  connection received: host=[local]\n") ==
        "nothing in \"log\" was recognised as a server's log");
  CHECK(told(received(1) + "2026-01-31 09:00:00 CET [1]: user=app,db=shop,app=[unknown],client="
                           "10.0.0.7 LOG:  connection authorized: user=app database=shop\n") ==
        "authorized app@shop 10.0.0.7 plain []\n");
}

TEST_CASE("a log that names no database does not tell one replication from another") {
  server_log::Summary summary;
  const std::string repl = "LOG:  replication connection authorized: user=repl\n";
  CHECK(told("<77> " + repl, "<%p> ", &summary) == "authorized repl@  plain [] replication\n");
  CHECK(summary.perhaps_physical == 1);
  CHECK(told("<77> [unknown] " + repl, "<%p> %d ", &summary) ==
        "authorized repl@  plain [] replication\n");
  CHECK(summary.perhaps_physical == 0);
}

TEST_CASE("what is compressed is unpacked by a command that can be typed") {
  const auto hint = [](const std::string& name) {
    server_log::Settings settings;
    settings.name = name;
    settings.command = "pgseal hba cidr --log -";
    const auto read = server_log::read_connections(logs::reading("\x1f\x8b\x08"), settings,
                                                   [](const server_log::Connection&) {});
    return read ? std::string() : read.error().hint;
  };
  const std::string begin = "Let its own program unpack it: zcat ";
  const std::string end = " | pgseal hba cidr --log -";
  CHECK(hint("/var/log/a-1.gz") == begin + "/var/log/a-1.gz" + end);
  CHECK(hint("my log; rm 'x'.gz") == begin + "'my log; rm '\\''x'\\''.gz'" + end);
  CHECK(hint("-x.gz") == begin + "'./-x.gz'" + end);
  CHECK(hint("-") == begin + "LOGFILE" + end);
}

TEST_CASE("lines under a prefix that is not known ask for it") {
  const auto hint = [](const std::string& log) {
    const auto read = server_log::read_connections(logs::reading(log), {"log", ""},
                                                   [](const server_log::Connection&) {});
    return read ? std::string() : read.error().hint;
  };
  const std::string known = at + "[77] LOG:  starting PostgreSQL 15.5\n";
  CHECK(hint(known + at + "(78) LOG:  connection received: host=[local]\n") ==
        "Give --log-line-prefix as SHOW log_line_prefix has it.");
  CHECK(hint(known).starts_with("log_connections = on lets the server write them"));
}

TEST_CASE("what waits is bounded") {
  std::string log;
  for (int i = 1; i <= 40000; ++i) log += received(i);
  std::size_t given = 0;
  std::size_t before_end = 0;
  const std::string_view text = log;
  std::size_t done = 0;
  const server_log::Read read = [&](char* to, std::size_t room) -> base::Result<std::size_t> {
    const std::size_t length = std::min(room, text.size() - done);
    std::memcpy(to, text.data() + done, length);
    done += length;
    if (length == 0) before_end = given;
    return length;
  };
  CHECK(server_log::read_connections(read, {"log", ""},
                                     [&](const server_log::Connection&) { ++given; }));
  CHECK(given == 40000);
  CHECK(before_end > 15000);
}

TEST_CASE("candidates are found at every place, and nothing else is") {
  const std::string_view words[] = {"connection a", "connection r", "FATAL:"};
  for (const std::string_view word : words)
    for (std::size_t place = 0; place < 200; ++place) {
      std::string text(300, 'c');
      text.replace(place, word.size(), word);
      CHECK(server_log::find_candidate(text, 0, ':') == place);
      CHECK(server_log::find_candidate(text, place + 1, ':') == std::string::npos);
      CHECK(server_log::find_candidate(text.substr(0, place + word.size()), 0, ':') == place);
      CHECK(server_log::find_candidate(text.substr(0, place + word.size() - 1), 0, ':') ==
            std::string::npos);
    }
  CHECK(server_log::find_candidate("connection b FATAL, connectiona", 0, ':') == std::string::npos);
}

TEST_CASE("a log that is cut short while it is read says so") {
  char name[] = "/tmp/pgseal-log.XXXXXX";
  const base::Fd file(mkostemp(name, O_CLOEXEC));
  std::string log = whole;
  while (log.size() < 3 * server_log::Blocks::usual_buffer) log += received(1) + authorized(1);
  REQUIRE(base::write_all(file.get(), log));
  for (const bool cuts : {false, true}) {
    const auto read =
        server_log::read_connections(name, {name, ""}, [&](const server_log::Connection&) {
          if (cuts) CHECK(ftruncate(file.get(), 0) == 0);
        });
    REQUIRE(read);
    CHECK(read->shrunk == cuts);
  }
  unlink(name);
}

TEST_CASE("files, FIFOs and what is neither") {
  const auto error = [](const std::string& path) {
    const auto read =
        server_log::read_connections(path, {path, ""}, [](const server_log::Connection&) {});
    return read ? std::string() : read.error().message;
  };
  CHECK(error("/tmp") == "\"/tmp\" is a folder, not a log");
  CHECK(error("/dev/zero") == "\"/dev/zero\" is a device, not a log");
  CHECK(error("/nonexistent/log").starts_with("could not open \"/nonexistent/log\""));
  char folder[] = "/tmp/pgseal-log.XXXXXX";
  REQUIRE(mkdtemp(folder) != nullptr);
  const std::string fifo = std::string(folder) + "/fifo";
  REQUIRE(mkfifo(fifo.c_str(), 0600) == 0);
  std::jthread writer([&] { std::ofstream(fifo) << whole; });
  std::string made;
  CHECK(server_log::read_connections(
      fifo, {fifo, ""}, [&](const server_log::Connection& each) { made += logs::line_of(each); }));
  CHECK(made == told_whole);
  writer.join();
  unlink(fifo.c_str());
  rmdir(folder);
}
