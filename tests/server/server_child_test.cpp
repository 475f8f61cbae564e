// SPDX-License-Identifier: PostgreSQL
// One session serves a conversation; it never answers for a server that has changed under it.
#include "server/server_child.h"

#include <doctest/doctest.h>

#include <thread>

#include "server/scratch.h"
#include "slots/house.h"

namespace {

using scratch::Server;

fleet::HostFacts observe(server::Server& node) {
  fleet::HostFacts facts;
  facts.host = "db1";
  node.search_anew();
  node.observe(facts);
  REQUIRE(facts.server);
  return facts;
}

/// Backends of pgseal's, but for the one that asks.
std::string sessions(const Server& server) {
  return server.ask(
      "select string_agg(pid::text, ' ') from pg_stat_activity"
      " where application_name = 'pgseal' and pid <> pg_backend_pid()");
}

/// The postmaster's: each backend begins with it, and notes its own when it loads them too.
std::string load_time(const Server& server) { return server.ask("select pg_conf_load_time()"); }

void reload_by_hand(Server& server) {
  const std::string before = load_time(server);
  server.sql("select pg_reload_conf()");
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  while (load_time(server) == before && std::chrono::steady_clock::now() < deadline)
    std::this_thread::yield();
}

/// Whether the first time is later than that of "loaded TIME".
bool later(const Server& server, const std::string& time, const std::string& said) {
  REQUIRE(said.starts_with("loaded "));
  return server.ask("select '" + time + "'::timestamptz > '" + said.substr(7) + "'::timestamptz") ==
         "t";
}

}  // namespace

TEST_CASE("one session serves all looks of a conversation and ends with it") {
  Server* server = Server::fresh();
  if (server == nullptr) return;
  std::string first;
  {
    server::Server node(server->brief(), server->places());
    CHECK(observe(node).server->problem.empty());
    first = sessions(*server);
    CHECK_FALSE(first.empty());
    CHECK(observe(node).server->problem.empty());
    CHECK(sessions(*server) == first);
  }
  CHECK(sessions(*server).empty());
}

TEST_CASE("a session that is not used is given back") {
  Server* server = Server::fresh();
  if (server == nullptr) return;
  server::Server node(server->brief(), server->places());
  static_cast<void>(observe(node));
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  while (!sessions(*server).empty() && std::chrono::steady_clock::now() < deadline)
    std::this_thread::yield();
  CHECK(sessions(*server).empty());
  CHECK(observe(node).server->problem.empty());
}

TEST_CASE("a server that was started anew is asked anew") {
  Server* server = Server::fresh();
  if (server == nullptr) return;
  server::Server node(server->brief(), server->places());
  const std::string before = observe(node).server->conf_load_time;
  server->restart();
  const fleet::HostFacts facts = observe(node);
  CHECK(facts.server->problem == "");
  CHECK(facts.findings.empty());
  CHECK(facts.server->conf_load_time != before);
}

TEST_CASE("what is loaded while a session is kept shows in it") {
  Server* server = Server::fresh();
  if (server == nullptr) return;
  server::Server node(server->brief(), server->places());
  const auto shown = [&] {
    return fleet::running_value(*observe(node).server, "synchronous_standby_names");
  };
  CHECK(shown().empty());
  server->append("postgresql.conf", "synchronous_standby_names = 'one'\n");
  server->sql("select pg_reload_conf()");
  // Once a new connection shows it, the postmaster has told every backend.
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  while (server->ask("select current_setting('synchronous_standby_names')").empty() &&
         std::chrono::steady_clock::now() < deadline)
    std::this_thread::yield();
  CHECK(shown() == "one");
}

TEST_CASE("a reload of somebody else before ours is not taken for ours") {
  Server* server = Server::fresh();
  if (server == nullptr) return;
  server::Server node(server->brief(), server->places());
  static_cast<void>(observe(node));
  reload_by_hand(*server);
  const fleet::Answer first = house::must(node.reload({}));
  CHECK(later(*server, load_time(*server), first.before));
  CHECK(!later(*server, load_time(*server), first.after));
  static_cast<void>(observe(node));
  reload_by_hand(*server);
  const std::string theirs = load_time(*server);
  const fleet::Answer second = house::must(node.reload({}));
  CHECK(!later(*server, theirs, second.before));
  CHECK(later(*server, load_time(*server), second.before));
  CHECK(!later(*server, load_time(*server), second.after));
}

TEST_CASE("the session that is kept after a reload shows what was loaded") {
  Server* server = Server::fresh();
  if (server == nullptr) return;
  server->install("server.pem", "server.pem");
  server::Server node(server->brief(), server->places());
  static_cast<void>(observe(node));
  const std::string first = sessions(*server);
  static_cast<void>(house::must(node.write_settings(server->write_act())));
  static_cast<void>(house::must(node.reload({})));
  CHECK(fleet::running_value(*observe(node).server, "ssl") == "on");
  CHECK(sessions(*server) == first);
}

TEST_CASE("a question that comes again gets its answer, and so does another between") {
  Server* server = Server::fresh();
  if (server == nullptr) return;
  const auto ask_all = [&]() -> base::Result<std::string> {
    auto session = TRY(server::Session::open({server->sockets, server->port, "postgres"},
                                             std::chrono::seconds(5)));
    std::string heard;
    for (const char* word : {"one", "two", "three"}) {
      heard += *TRY(session.ask("select $1::text", {word}))
      .at(0).at(0);
      heard += *TRY(session.ask("select upper($1::text)", {word}))
      .at(0).at(0);
      const auto refused = session.ask("select 1 / length($1::text)", {""});
      heard += refused ? " answered " : refused.error().detail.substr(0, 5);
      const auto wrong = session.ask("select no_such_column");
      heard += wrong ? " answered " : wrong.error().detail.substr(0, 5);
    }
    return heard;
  };
  const auto heard = house::must(
      host::as_user(house::must(host::find_user("postgres")), std::chrono::seconds(20), ask_all));
  CHECK(heard == "oneONE2201242703twoTWO2201242703threeTHREE2201242703");
}
