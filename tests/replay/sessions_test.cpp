// SPDX-License-Identifier: PostgreSQL
#include "replay/sessions.h"

#include <doctest/doctest.h>

namespace {

using admission::Transport;
using replay::Session;

std::vector<Session> read(const std::string& text) {
  auto sessions = replay::read_sessions("seen.csv", text);
  REQUIRE_MESSAGE(sessions, (sessions ? "" : sessions.error().message));
  return *sessions;
}

std::string refused(const std::string& text) {
  const auto sessions = replay::read_sessions("seen.csv", text);
  REQUIRE_FALSE(sessions);
  CHECK(sessions.error().code == base::Code::parse);
  return sessions.error().message;
}

}  // namespace

TEST_CASE("three columns are enough") {
  const auto sessions = read("address,user,database\n10.0.0.7,app,shop\n,app,\n");
  REQUIRE(sessions.size() == 2);
  CHECK(to_string(sessions[0].connection) == "type=host,user=app,database=shop,address=10.0.0.7");
  CHECK(to_string(sessions[1].connection) == "type=local,user=app,database=app");
  CHECK(sessions[1].count == 1);
}

TEST_CASE("what psql --csv gives of the views is read") {
  const auto sessions = read(
      "user,database,address,tls,gss,certificate,replication,application,count,last_seen\r\n"
      "app,shop,10.0.0.7,t,f,/O=shop/CN=app,f,\"web, \"\"new\"\"\",12,2026-11-30 10:00:00+00\r\n"
      "repl,,fd00::1,f,t,,t,walreceiver,,\r\n");
  REQUIRE(sessions.size() == 2);
  CHECK(to_string(sessions[0].connection) ==
        "type=host,tls=on,user=app,database=shop,address=10.0.0.7,certificate=app");
  CHECK(sessions[0].application == "web, \"new\"");
  CHECK(sessions[0].count == 12);
  CHECK(sessions[0].last_seen == "2026-11-30 10:00:00+00");
  CHECK(to_string(sessions[1].connection) ==
        "type=host,gss=on,user=repl,database=repl,address=fd00::1,replication=on");
}

TEST_CASE("a name that the server's view may have cut is not known") {
  const std::string header = "user,database,address,tls,certificate\n";
  const auto of = [&](const std::string& certificate) {
    return read(header + "app,shop,10.0.0.7,on," + certificate + "\n").front();
  };
  CHECK_FALSE(of("/O=shop/CN=app").name_unknown);
  CHECK(of("/O=shop/CN=app/L=here").connection.certificate == "app");
  CHECK_FALSE(of("/O=shop/CN=app/L=here").name_unknown);
  CHECK(of("/O=x/CN=a/b").name_unknown);
  CHECK(of("/O=" + std::string(60, 'x')).name_unknown);
  CHECK(of("/O=" + std::string(56, 'x') + "/CN=").name_unknown);
  CHECK(refused(header + "app,shop,10.0.0.7,on,\"CN=app,O=shop\"\n") ==
        "seen.csv: row 2: a certificate is given by its CN alone, or with slashes as pg_stat_ssl "
        "does");
}

TEST_CASE("what is not understood is named with its row") {
  CHECK(refused("") == "seen.csv: row 1: the column \"user\" is missing");
  CHECK(refused("user,database\n") == "seen.csv: row 1: the column \"address\" is missing");
  CHECK(refused("user,user\n") == "seen.csv: row 1: the column \"user\" stands twice");
  CHECK(refused("user,pid\n") == "seen.csv: row 1: there is no column \"pid\"");
  const std::string header = "user,database,address,tls,certificate,count\n";
  const std::string good = "app,shop,10.0.0.7,on,,1\n";
  CHECK(refused(header + good + "app,shop\n") == "seen.csv: row 3: 2 cells under 6 columns");
  CHECK(refused(header + "app,shop,web1,on,,1\n") ==
        "seen.csv: row 2: address \"web1\" is not understood");
  CHECK(refused(header + "app,shop,10.0.0.7,maybe,,1\n") ==
        "seen.csv: row 2: tls \"maybe\" is not understood");
  CHECK(refused(header + "app,shop,10.0.0.7,on,,-1\n") ==
        "seen.csv: row 2: count \"-1\" is not understood");
  CHECK(refused(header + ",shop,10.0.0.7,on,,1\n") == "seen.csv: row 2: the user is missing");
  CHECK(refused(header + "app,shop,,on,,1\n") ==
        "seen.csv: row 2: a session is on TLS or on GSS, and on neither by a socket");
  CHECK(refused(header + "app,shop,10.0.0.7,off,app,1\n") ==
        "seen.csv: row 2: a certificate is shown over TLS only");
  CHECK(refused(header + good + "\"app,shop\n").starts_with("seen.csv: row 3 is no CSV: "));
  CHECK(
      refused(header + "\"a\"pp,shop,10.0.0.7,on,,1\n").starts_with("seen.csv: row 2 is no CSV: "));
}
