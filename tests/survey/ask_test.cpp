// SPDX-License-Identifier: PostgreSQL
// Connection strings that are refused unread, and servers that are none: a socket of this test
// answers as no PostgreSQL does. What a real one answers is in tests/lab/discover_test.py.
#include "survey/ask.h"

#include <arpa/inet.h>
#include <doctest/doctest.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include <functional>
#include <thread>

#include "base/fd.h"
#include "survey/resolve.h"

using base::Code;

namespace {

/// The error of check_dsn, whole.
std::string objection(const std::string& dsn) {
  const auto checked = survey::check_dsn({dsn, "--discover"});
  if (checked) return "";
  CHECK(checked.error().code == Code::usage);
  return checked.error().message + "|" + checked.error().detail + "|" + checked.error().hint;
}

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

// ---- the wire (protocol.html, "Message Formats") -----------------------------------------------

std::string number(std::size_t value, int bytes) {
  std::string text;
  for (int shift = (bytes - 1) * 8; shift >= 0; shift -= 8)
    text += static_cast<char>((value >> static_cast<unsigned>(shift)) & 0xff);
  return text;
}

std::string message(char kind, const std::string& body) {
  return kind + number(body.size() + 4, 4) + body;
}

const std::string zero(1, '\0');
const std::string ready = message('Z', "I");

std::string parameter(const std::string& name, const std::string& value) {
  return message('S', name + zero + value + zero);
}

/// AuthenticationOk and what a server of `version` says before it is ready.
std::string welcome(const std::string& version) {
  return message('R', number(0, 4)) + parameter("server_version", version) +
         parameter("client_encoding", "UTF8") + message('K', number(1, 4) + number(2, 4)) + ready;
}

std::string describe(int columns) {
  std::string body = number(static_cast<std::size_t>(columns), 2);
  for (int column = 0; column < columns; ++column)
    body += "c" + zero + number(0, 4) + number(0, 2) + number(25, 4) + number(0xffff, 2) +
            number(0xffffffff, 4) + number(0, 2);
  return message('T', body);
}

std::string row(int columns, const std::string& value) {
  std::string body = number(static_cast<std::size_t>(columns), 2);
  for (int column = 0; column < columns; ++column) body += number(value.size(), 4) + value;
  return message('D', body);
}

const std::string parsed = message('1', "") + message('2', "");
const std::string done = parsed + message('n', "") + message('C', "SET" + zero) + ready;

/// Listens on 127.0.0.1, greets one client and answers each thing it says with the next text; after
/// the last one it says no more, or `flood` until the client goes.
class Impostor {
 public:
  explicit Impostor(std::vector<std::string> answers, std::string flood = "")
      : listener_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in at{};
    at.sin_family = AF_INET;
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t length = sizeof at;
    REQUIRE(::bind(listener_.get(), reinterpret_cast<sockaddr*>(&at), length) == 0);
    REQUIRE(::listen(listener_.get(), 1) == 0);
    ::getsockname(listener_.get(), reinterpret_cast<sockaddr*>(&at), &length);
    port_ = ntohs(at.sin_port);
    thread_ = std::thread([this, answers = std::move(answers), flood = std::move(flood)] {
      const base::Fd client(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
      char said[8192];
      for (const std::string& answer : answers) {
        if (::read(client.get(), said, sizeof said) <= 0) return;
        ::send(client.get(), answer.data(), answer.size(), MSG_NOSIGNAL);
      }
      while (!flood.empty() && ::send(client.get(), flood.data(), flood.size(), MSG_NOSIGNAL) > 0) {
      }
      while (::read(client.get(), said, sizeof said) > 0) {
      }
    });
  }
  Impostor(const Impostor&) = delete;
  Impostor& operator=(const Impostor&) = delete;
  ~Impostor() {
    ::shutdown(listener_.get(), SHUT_RDWR);
    thread_.join();
  }

  [[nodiscard]] base::Error refusal(const survey::Limits& limits = {}) const {
    const auto asked = survey::ask({"host=127.0.0.1 port=" + std::to_string(port_) +
                                        " sslmode=disable gssencmode=disable user=u dbname=d",
                                    "--discover"},
                                   limits);
    REQUIRE(!asked);
    return asked.error();
  }

 private:
  base::Fd listener_;
  int port_ = 0;
  std::thread thread_;
};

/// Up to the question for who and where the server is; what follows answers that.
std::vector<std::string> until_first_row(std::string answer) {
  return {welcome("15.20"), done, done, done, done, std::move(answer)};
}

survey::Limits short_limits() {
  survey::Limits limits;
  limits.connect = std::chrono::milliseconds(300);
  limits.answer = std::chrono::milliseconds(300);
  return limits;
}

}  // namespace

TEST_CASE("strings and URIs without a password are taken, an empty one too") {
  for (const char* dsn :
       {"", "host=db1 user=postgres", "postgresql://postgres@db1,db2:5433/shop?sslmode=require",
        "service=shop", "host=db1 passfile=/root/pass", "postgres:///?host=/run/postgresql",
        "postgresql://db1/?ssl=true", "postgresql://u@[fe80::1%25eth0]/x"})
    CHECK(objection(dsn) == "");
}

TEST_CASE("a password in any place of the string is refused and not repeated") {
  for (const char* dsn :
       {"host=db1 password=s3cret", "postgresql://u:s3cret@db1/", "host=db1 password = 's3cret x'",
        "postgresql://db1/?password=s3cret", "postgresql://db1/?%70assword=s3cret",
        "host=db1 sslpassword=s3cret", "dbname='postgresql://u:s3cret@db1/'",
        "dbname='host=db1 password=s3cret'", "host=db1 nosuch=1 password=s3cret"}) {
    CAPTURE(dsn);
    const std::string said = objection(dsn);
    CHECK(contains(said, "--discover was given a password"));
    CHECK(contains(said, "PGPASSFILE"));
    CHECK(!contains(said, "s3cret"));
  }
}

TEST_CASE("a string that libpq would not take is refused without a word of it") {
  for (const char* dsn : {"s3cret", "host=db1 password='s3cret", "postgresql://u:s3cret%zz@db1/",
                          "host=db1 password=my s3cret", "postgresql://[s3cret"}) {
    CAPTURE(dsn);
    const std::string said = objection(dsn);
    CHECK(contains(said, "--discover: "));
    CHECK(!contains(said, "s3cret"));
  }
}

TEST_CASE("an unknown keyword is named with its neighbour") {
  CHECK(contains(objection("host=db1 usr=postgres"), "no keyword \"usr\""));
  CHECK(contains(objection("host=db1 usr=postgres"), "The nearest is \"user\"."));
}

TEST_CASE("a server that says nothing is left when the time is over") {
  const Impostor silent({});
  const base::Error refusal = silent.refusal(short_limits());
  CHECK(refusal.code == Code::server_connection);
  CHECK(refusal.message == "the server that --discover names did not answer in time");
  const Impostor slow({welcome("15.20")});
  CHECK(slow.refusal(short_limits()).message == "the server did not answer in time");
}

TEST_CASE("what is no PostgreSQL is an error and no crash") {
  for (const char* words : {"HTTP/1.1 400 Bad Request\r\n\r\n", "SSH-2.0-OpenSSH_9.2p1\r\n", "E"}) {
    const Impostor other({words});
    CHECK(other.refusal(short_limits()).code == Code::server_connection);
  }
}

TEST_CASE("a server older than any that pgseal knows is refused") {
  const Impostor old({welcome("9.6.24")});
  const base::Error refusal = old.refusal();
  CHECK(refusal.code == Code::server_version);
  CHECK(refusal.message == "the server is older than PostgreSQL 10");
}

TEST_CASE("what the server says of itself goes into the detail, for the writer to escape") {
  const Impostor refusing({message('E', std::string("SFATAL") + zero + "VFATAL" + zero + "C28000" +
                                            zero + "Mno\x1b[2J" + zero + zero)});
  const base::Error refusal = refusing.refusal();
  CHECK(refusal.code == Code::server_connection);
  CHECK(contains(refusal.detail, "no\x1b[2J"));
  CHECK(contains(refusal.hint, "pg_hba.conf"));
}

TEST_CASE("a notice of the server reaches no terminal") {
  const std::string notice = message('N', std::string("SWARNING") + zero + "VWARNING" + zero +
                                              "C01000" + zero + "Mlook\x1b[2J" + zero + zero);
  const auto pipe = base::make_pipe();
  REQUIRE(pipe);
  const base::Fd kept(::dup(STDERR_FILENO));
  ::dup2(pipe->second.get(), STDERR_FILENO);
  {
    const std::string greeting = welcome("15.20");  // its first 9 bytes are AuthenticationOk
    const Impostor chatty({greeting.substr(0, 9) + notice + greeting.substr(9), notice + done});
    CHECK(chatty.refusal(short_limits()).message == "the server did not answer in time");
  }
  ::dup2(kept.get(), STDERR_FILENO);
  pollfd said{pipe->first.get(), POLLIN, 0};
  CHECK(::poll(&said, 1, 0) == 0);
}

TEST_CASE("other columns than were asked for, no row, or another answer than rows is refused") {
  const std::string end = message('C', "SELECT 1" + zero) + ready;
  const std::string copying = number(0, 1) + number(0, 2);
  const std::vector<std::pair<std::string, std::string>> answers = {
      {parsed + describe(2) + row(2, "x") + end,
       "the server answers other columns than were asked"},
      {parsed + describe(8) + end, "the server answered a query of pgseal with no one row"},
      {parsed + describe(8) + row(8, "x") + row(8, "x") + end,
       "the server answered a query of pgseal with no one row"},
      {parsed + message('G', copying), "the server refused a query of pgseal"},
      {parsed + message('H', copying), "the server refused a query of pgseal"},
      {"?????????", "the server refused a query of pgseal"}};
  for (const auto& [answer, refusal] : answers) {
    const Impostor odd(until_first_row(answer));
    const base::Error said = odd.refusal(short_limits());
    CHECK(said.code == Code::server_query);
    CHECK(said.message == refusal);
  }
}

TEST_CASE("endless rows and an endless row are cut off") {
  survey::Limits limits;
  limits.rows = 100;
  limits.bytes = 4UL * 1024 * 1024;
  const Impostor many(until_first_row(parsed + describe(8)), row(8, "x"));
  CHECK(many.refusal(limits).message == "the server sends more than it was asked for");
  const Impostor wide(until_first_row(parsed + describe(8) + "D" + number(0x3fffffff, 4)),
                      std::string(1024 * 1024, 'x'));
  CHECK(wide.refusal(limits).message == "the server sends more than it was asked for");
}

TEST_CASE("names come from this machine's resolver, within the time") {
  const auto names = survey::names_of({"127.0.0.1", "192.0.2.1"}, std::chrono::seconds(5));
  REQUIRE(names);
  CHECK(names->at("127.0.0.1") == "localhost");
  CHECK(!names->contains("192.0.2.1"));
  const auto none = survey::names_of({"127.0.0.1"}, std::chrono::milliseconds(0));
  REQUIRE(none);
  CHECK(none->empty());
  CHECK(survey::names_of({}, std::chrono::seconds(5))->empty());
}
