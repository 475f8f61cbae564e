// SPDX-License-Identifier: PostgreSQL
// Connections of a log under new rules.
#include "replay/log_replay.h"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/fd.h"

namespace {

using replay::Fate;
using server_log::Connection;

struct World {
  hba::Version version;
  hba::RuleFile file;
  hba::IdentFile idents;
  admission::Roles roles;
  admission::Rules rules;

  explicit World(const std::string& text, const char* of = "15")
      : version(hba::parse_version(of).value()),
        file(hba::read_rules("hba", text, version, {}, hba::Files())),
        rules(file, idents, roles, version, {}) {
    REQUIRE(file.accepted == std::optional(true));
  }
};

Connection connection(const std::string& host = "10.0.0.7") {
  Connection made;
  made.ending = Connection::Ending::authorized;
  made.encryption = Connection::Encryption::tls;
  made.host = host;
  made.user = "app";
  made.database = "shop";
  made.time = "2026-01-31 09:00:00.123 CET";
  return made;
}

/// "fate decision" of one connection.
std::string fate(const World& world, const Connection& of) {
  const auto session = replay::session_of(of, world.version);
  if (!session) return "no session";
  replay::Gathering gathering(world.rules);
  gathering.add(*session);
  const replay::Report report = std::move(gathering).report();
  const replay::Group& group = report.groups.at(0);
  return fmt::format("{}, {}, {}", to_string(group.fate), to_string(group.decision.outcome),
                     group.network.empty() ? "?" : group.network);
}

Connection by(Connection made, const std::string& identity, const std::string& method) {
  made.authentication = {identity, method, "/etc/hba", 7};
  return made;
}

std::string name_of(std::string_view subject) {
  return replay::common_name_of(subject).value_or("none");
}

}  // namespace

TEST_CASE("a subject's common name is the first in encoding order, escapes undone") {
  CHECK(name_of("CN=app,OU=db,O=Acme") == "app");
  CHECK(name_of("CN=alice,CN=bob") == "bob");
  CHECK(name_of("O=x\\,CN=eve,C=DE") == "none");
  CHECK(name_of("CN=a\\, b\\2Bc\\C3\\A4,O=x") == "a, b+c\xc3\xa4");
  CHECK(name_of("OU=x+CN=app,O=y") == "app");
  CHECK(name_of("CN=#1303617070,O=y") == "none");
  CHECK(name_of("O=CN=app") == "none");
  CHECK(name_of("CN=app\\") == "app");
  CHECK(name_of("") == "none");
}

TEST_CASE("who was asked otherwise by the rule that let him in is asked differently") {
  const World world("hostssl all all 10.0.0.0/8 scram-sha-256\n");
  CHECK(fate(world, by(connection(), "app", "md5")) == "asked differently, accept, 10.0.0.7/32");
  CHECK(fate(world, by(connection(), "app", "scram-sha-256")) == "unchanged, accept, 10.0.0.7/32");
  CHECK(fate(world, connection()) == "unchanged, accept, 10.0.0.7/32");
  CHECK(fate(world, by(connection("192.168.0.1"), "app", "md5")) ==
        "refused, no match, 192.168.0.1/32");
}

TEST_CASE("a log does not tell whether a certificate was shown, unless by method cert") {
  const World world("hostssl all all 10.0.0.0/8 scram-sha-256 clientcert=verify-full\n");
  CHECK(fate(world, connection()) == "unknown, unknown, 10.0.0.7/32");
  CHECK(fate(world, by(connection(), "CN=app,O=x", "cert")) ==
        "asked differently, accept, 10.0.0.7/32");
  CHECK(fate(world, by(connection(), "CN=web,O=x", "cert")) ==
        "refused, certificate mismatch, 10.0.0.7/32");
  Connection plain = connection();
  plain.encryption = Connection::Encryption::none;
  CHECK(fate(world, plain) == "refused, no match, 10.0.0.7/32");
}

TEST_CASE("of an address that is not told only the server knows the rule") {
  const World world("local all all trust\nhost all all 10.0.0.0/8 trust\n");
  CHECK(fate(world, connection("web1.example.com")) == "unknown, unknown, ?");
  CHECK(fate(world, connection("")) == "unknown, unknown, ?");
  CHECK(fate(world, connection("fe80::1%eth0")) == "refused, no match, fe80::1/128");
  Connection local = connection("[local]");
  local.encryption = Connection::Encryption::none;
  CHECK(fate(world, local) == "unchanged, accept, local");
}

TEST_CASE("attempts that came to nothing are no sessions") {
  const World world("host all all 10.0.0.0/8 trust\n");
  Connection made = connection();
  made.ending = Connection::Ending::failed_at_start;
  CHECK(fate(world, made) == "no session");
  made.ending = Connection::Ending::failed;
  CHECK(fate(world, made).starts_with("never authenticated,"));
  CHECK(fate(world, by(made, "CN=app", "cert")).starts_with("never authenticated,"));
  made.ending = Connection::Ending::abandoned;
  CHECK(fate(world, made).starts_with("never authenticated,"));
}

TEST_CASE("who came by trust is asked differently, where the version tells that it was trust") {
  Connection made = connection();
  made.unasked = true;
  const std::string rules = "host all all 10.0.0.0/8 scram-sha-256\n";
  for (const char* version : {"14", "15", "16"})
    CHECK(fate(World(rules, version), made) == "asked differently, accept, 10.0.0.7/32");
  for (const char* version : {"13", "17", "18"})
    CHECK(fate(World(rules, version), made) == "unchanged, accept, 10.0.0.7/32");
  CHECK(fate(World("host all all 10.0.0.0/8 trust\n"), made) == "unchanged, accept, 10.0.0.7/32");
  const auto session = replay::session_of(made, hba::newest);
  CHECK_FALSE(session->former);
}

TEST_CASE("of whom it is not told whether he came by TLS only the server knows, unless both fail") {
  Connection made = connection();
  made.encryption = Connection::Encryption::none;
  made.encryption_unknown = true;
  CHECK(fate(World("hostssl all all 10.0.0.0/8 scram-sha-256\n"), made) ==
        "unknown, unknown, 10.0.0.7/32");
  CHECK(fate(World("host all all 10.0.0.0/8 scram-sha-256\n"), made) ==
        "unknown, unknown, 10.0.0.7/32");
  CHECK(fate(World("hostssl all all 192.168.0.0/16 scram-sha-256\n"), made) ==
        "refused, no match, 10.0.0.7/32");
}

TEST_CASE("physical replication is what names no database") {
  Connection made = connection();
  made.replication = true;
  CHECK_FALSE(replay::session_of(made, hba::newest)->connection.physical_replication);
  made.database.clear();
  CHECK(replay::session_of(made, hba::newest)->connection.physical_replication);
}

TEST_CASE("an application is told as pg_stat_activity cuts it") {
  Connection made = connection();
  made.application = std::string(64, 'x');
  CHECK(replay::session_of(made, hba::newest)->application == std::string(63, 'x'));
}

TEST_CASE("groups beyond the bound are counted by their fate") {
  const World world("host all all 10.0.0.0/8 trust\n");
  replay::Gathering gathering(world.rules, 2);
  for (int i = 0; i < 5; ++i) {
    Connection made = connection();
    made.application = std::to_string(i % 3);
    gathering.add(*replay::session_of(made, hba::newest));
    made.host = "192.168.0.1";
    gathering.add(*replay::session_of(made, hba::newest));
  }
  const replay::Report report = std::move(gathering).report();
  CHECK(report.groups.size() == 4);
  CHECK(report.more.at(static_cast<std::size_t>(Fate::unchanged)) == 1);
  CHECK(report.more.at(static_cast<std::size_t>(Fate::refused)) == 1);
  CHECK(report.more.at(static_cast<std::size_t>(Fate::unknown)) == 0);
}

TEST_CASE("a log is replayed whole, however many kinds of connections it has") {
  const World world("host all app 10.0.0.0/8 trust\n");
  constexpr int hosts = 9000;
  std::string log;
  for (int i = 0; i < 2 * hosts; ++i) {
    const std::string begin = fmt::format("2026-01-31 09:00:{:02}.000 CET [{}] ", i % 60, i + 1);
    log += fmt::format("{}LOG:  connection received: host=10.1.{}.{} port=1\n", begin,
                       i % hosts / 250, i % 250);
    log += begin + "LOG:  connection authorized: user=app database=shop\n";
  }
  char name[] = "/tmp/pgseal-log.XXXXXX";
  const base::Fd file(mkostemp(name, O_CLOEXEC));
  REQUIRE(base::write_all(file.get(), log));
  const auto made = replay::replay_log(name, {name, ""}, world.rules);
  unlink(name);
  REQUIRE(made);
  std::uint64_t count = 0;
  for (const replay::Group& group : made->report.groups) count += group.count;
  CHECK(count == 2 * hosts);
  CHECK(made->report.groups.size() == hosts / 250);
  CHECK(made->report.groups.front().first_seen == "2026-01-31 09:00:00.000 CET");
  CHECK(made->report.groups.front().last_seen == "2026-01-31 09:00:59.000 CET");
  CHECK(made->summary.authorized == 2 * hosts);
}
