// SPDX-License-Identifier: PostgreSQL
// Rows in, pgseal.toml out: whatever a server shows, pgseal's own reader takes what is written.
#include <doctest/doctest.h>

#include <algorithm>
#include <random>

#include "configuration/environment_toml.h"
#include "survey/draft.h"

using survey::Client;
using survey::Cluster;
using survey::Draft;
using survey::Sender;
using survey::Surroundings;

namespace {

/// A primary at 10.7.0.11 that nobody is connected to.
Cluster primary() {
  Cluster cluster;
  cluster.reached = {"db1", "10.7.0.11", false, true};
  cluster.version = "15.20";
  cluster.major = 15;
  cluster.own_address = "10.7.0.11";
  cluster.port = "5432";
  cluster.data_directory = "/var/lib/postgresql/15/main";
  cluster.superuser = "postgres";
  return cluster;
}

Client client(const std::string& role, const std::string& address) {
  return {role, "shop", address, "", "puma", 3, false};
}

Sender standby(const std::string& address) {
  return {"replicator", "15/main", address, "", "streaming", "async", false};
}

/// The file as pgseal reads it.
fleet::Environment read(const Cluster& cluster, const Surroundings& surroundings = {}) {
  const Draft made = survey::draft(cluster, surroundings);
  const std::string text = survey::text_of(made, made.environment, cluster, base::Time());
  const auto loaded = configuration::parse_environment(text, "/x/pgseal.toml");
  CAPTURE(text);
  if (loaded.error) FAIL_CHECK(loaded.error->message);
  CHECK(loaded.findings.empty());
  return loaded.environment;
}

std::string written(const Cluster& cluster, const Surroundings& surroundings = {}) {
  const Draft made = survey::draft(cluster, surroundings);
  return survey::text_of(made, made.environment, cluster, base::Time());
}

std::vector<std::string> codes(const Cluster& cluster, const Surroundings& surroundings = {}) {
  std::vector<std::string> found;
  for (const base::Finding& finding : survey::draft(cluster, surroundings).findings)
    found.push_back(finding.code);
  return found;
}

bool has(const std::vector<std::string>& items, const std::string& item) {
  return std::find(items.begin(), items.end(), item) != items.end();
}

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

const fleet::Identity* identity(const fleet::Environment& environment, const std::string& name) {
  for (const fleet::Identity& each : environment.identities)
    if (each.name == name) return &each;
  return nullptr;
}

using Texts = std::vector<std::string>;

}  // namespace

TEST_CASE("a primary with a standby and an application becomes hosts and identities") {
  Cluster cluster = primary();
  cluster.senders = {standby("10.7.0.12")};
  cluster.clients = {client("deploy", "10.7.0.21")};
  const Surroundings surroundings{{{"10.7.0.12", "db2.shop.internal"}}, "admin1", {}};
  const fleet::Environment made = read(cluster, surroundings);
  CHECK(made.name == "shop");
  REQUIRE(made.hosts.size() == 3);
  CHECK(made.hosts[0].name == "db1");
  CHECK(made.hosts[0].address == "10.7.0.11");
  CHECK(made.hosts[0].link == "ssh:root@db1");
  CHECK(made.hosts[0].database);
  CHECK(made.hosts[1].name == "db2.shop.internal");
  CHECK(made.hosts[1].address == "10.7.0.12");
  CHECK(made.hosts[1].database);
  CHECK(made.hosts[2].name == "10.7.0.21");
  CHECK(!made.hosts[2].database);
  REQUIRE(made.identities.size() == 3);
  CHECK(made.identities[0].kind == fleet::IdentityKind::admin);
  CHECK(made.identities[0].name == "postgres");
  CHECK(made.identities[1].name == "replicator");
  CHECK(made.identities[1].kind == fleet::IdentityKind::replication);
  CHECK(made.identities[1].hosts == Texts{"@databases"});
  CHECK(made.identities[1].os_users == Texts{"postgres"});
  CHECK(made.identities[2].name == "deploy");
  CHECK(made.identities[2].kind == fleet::IdentityKind::application);
  CHECK(made.identities[2].hosts == Texts{"10.7.0.21"});
  CHECK(made.identities[2].databases == Texts{"shop"});
  CHECK(codes(cluster, surroundings) == Texts{"discover.snapshot", "discover.cascading"});
  CHECK(codes(cluster) == Texts{"discover.snapshot", "discover.cascading", "discover.names"});
}

TEST_CASE("every link is marked as a guess, and the remarks say what was seen") {
  Cluster cluster = primary();
  cluster.senders = {standby("10.7.0.12")};
  cluster.clients = {client("deploy", "10.7.0.21")};
  const std::string text = written(cluster);
  for (const char* host : {"db1", "10.7.0.12", "10.7.0.21"})
    CHECK(contains(text, "link = \"ssh:root@" + std::string(host) + "\"  # a guess: check it\n"));
  CHECK(contains(text, "# the primary, PostgreSQL 15.20\n"));
  CHECK(contains(text,
                 "# connected as \"deploy\" to \"shop\": 3 sessions, application_name \"puma\"\n"));
  CHECK(contains(text, "# os_users is a guess: the server does not see who runs a client\n"));
  CHECK(contains(
      text, "# data_directory = \"/var/lib/postgresql/15/main\"  # where several are found\n"));
}

TEST_CASE("the default port is not written, another is") {
  Cluster cluster = primary();
  CHECK(!read(cluster).hosts[0].port);
  cluster.port = "5433";
  CHECK(read(cluster).hosts[0].port == 5433);
  cluster.port = "70000";
  CHECK(!read(cluster).hosts[0].port);
}

TEST_CASE("hostile names end in comments, escaped and each in its line") {
  Cluster cluster = primary();
  const std::string escape = "x\n[[host]]\nname = \"evil\"\x1b[2J";
  for (const std::string& role :
       {escape, std::string("../etc"), std::string("pg_signal_backend"), std::string("two words"),
        std::string("\xff\xfe"), std::string("quo\"te"), std::string(70, 'r')})
    cluster.clients.push_back({role, escape, "10.7.0.21", escape, escape, 1, false});
  cluster.clients.push_back({"deploy", escape, "10.7.0.21", escape, escape, 1, false});
  cluster.clients.push_back(client("deploy", "not an address\n[[host]]"));
  cluster.senders = {{escape, escape, "10.7.0.12", escape, "streaming", escape, false}};
  cluster.data_directory = "/var\n[[host]]";
  cluster.version = escape;
  const fleet::Environment made = read(cluster);
  REQUIRE(made.hosts.size() == 3);
  CHECK(made.hosts[1].name == "10.7.0.12");
  CHECK(made.hosts[2].name == "10.7.0.21");
  REQUIRE(made.identities.size() == 2);
  CHECK(identity(made, "deploy")->databases.empty());
  const std::string text = written(cluster);
  CHECK(!contains(text, "\x1b"));
  CHECK(!contains(text, "\n[[host]]\nname = \"evil\""));
  CHECK(contains(text, "# * role \"two words\" from 10.7.0.21: name the operating system user"));
  CHECK(contains(text, "# * a host at \"not an address\\x0a[[host]]\": no address\n"));
  CHECK(has(codes(cluster), "discover.unusable"));
}

TEST_CASE(
    "a role with quotes and backslashes that is a possible name is written so that it reads") {
  Cluster cluster = primary();
  cluster.superuser = "EXAMPLE\\admin";
  const fleet::Environment made = read(cluster);
  REQUIRE(!made.identities.empty());
  CHECK(made.identities[0].name == "EXAMPLE\\admin");
  CHECK(made.identities[0].os_users == Texts{"EXAMPLE\\admin"});
}

TEST_CASE("whatever bytes the server shows, the file is read again") {
  std::mt19937 random(20261124);
  const std::string alphabet("ab1.:-_/\\\"'[]=#%@ \n\t\r\0\x1b\x7f\xc3\xa9\xff\xe2\x80\xae", 30);
  const auto word = [&] {
    std::string made;
    for (unsigned length = random() % 12; length > 0; --length)
      made += alphabet[random() % alphabet.size()];
    return made;
  };
  const Texts addresses = {"10.7.0.11", "10.7.0.12",        "::1",        "",
                           "fe80::1",   "::ffff:10.7.0.12", "2001:db8::5"};
  for (int round = 0; round < 300; ++round) {
    Cluster cluster = primary();
    const auto address = [&] {
      return random() % 4 == 0 ? word() : addresses[random() % addresses.size()];
    };
    cluster.reached = {random() % 2 == 0 ? word() : "db1", address(), random() % 4 == 0, false};
    cluster.own_address = address();
    cluster.standby = random() % 3 == 0;
    cluster.upstream_host = address();
    for (std::string* text : {&cluster.version, &cluster.port, &cluster.data_directory,
                              &cluster.superuser, &cluster.upstream_role})
      if (random() % 2 == 0) *text = word();
    for (int count = 0; count < 6; ++count) {
      cluster.clients.push_back(
          {word(), word(), address(), word(), word(), random() % 9, random() % 2 == 0});
      cluster.senders.push_back(
          {word(), word(), address(), word(), word(), word(), random() % 3 == 0});
    }
    const Surroundings surroundings{
        {{"10.7.0.12", "db2"}, {"2001:db8::5", "db2"}}, word(), {address()}};
    CHECK(!read(cluster, surroundings).hosts.empty());
  }
}

TEST_CASE("a server on this machine gets a local link and this machine's name") {
  Cluster cluster = primary();
  cluster.reached = {"/run/postgresql", "", true, false};
  cluster.own_address = "";
  cluster.clients = {client("deploy", "10.7.0.11"), client("report", "127.0.0.1")};
  const Surroundings surroundings{{{"10.7.0.11", "db1.shop.internal"}, {"127.0.0.1", "localhost"}},
                                  "DB1",
                                  {"127.0.0.1", "10.7.0.11"}};
  const fleet::Environment made = read(cluster, surroundings);
  REQUIRE(made.hosts.size() == 1);
  CHECK(made.hosts[0].name == "db1");
  CHECK(made.hosts[0].link == "local");
  CHECK(made.hosts[0].address == "db1");
  CHECK(made.hosts[0].names == Texts{"db1.shop.internal"});
  CHECK(identity(made, "deploy")->hosts == Texts{"db1"});
  CHECK(identity(made, "report")->hosts == Texts{"db1"});
}

TEST_CASE("a connection through localhost is said, because a tunnel may end there") {
  Cluster cluster = primary();
  cluster.reached = {"localhost", "127.0.0.1", false, true};
  cluster.own_address = "127.0.0.1";
  CHECK(has(codes(cluster), "discover.loopback"));
  cluster.own_address = "172.17.0.2";
  CHECK(!has(codes(cluster), "discover.loopback"));
  CHECK(has(codes(cluster), "discover.address"));
  CHECK(read(cluster).hosts[0].name == "172.17.0.2");
}

TEST_CASE("a proxy between is seen by the address at which the server took the connection") {
  Cluster cluster = primary();
  cluster.own_address = "10.9.9.9";
  CHECK(has(codes(cluster), "discover.address"));
  CHECK(read(cluster).hosts[0].address == "10.7.0.11");
  cluster.own_address = "10.7.0.11";
  CHECK(!has(codes(cluster), "discover.address"));
}

TEST_CASE("IPv6 addresses, mapped IPv4 and zones") {
  Cluster cluster = primary();
  cluster.senders = {standby("::ffff:10.7.0.12")};
  cluster.clients = {client("deploy", "10.7.0.12"), client("deploy", "fe80::1%eth0"),
                     client("deploy", "2001:db8::5")};
  const fleet::Environment made = read(cluster);
  REQUIRE(made.hosts.size() == 4);
  CHECK(made.hosts[1].name == "10.7.0.12");
  CHECK(made.hosts[2].name == "fe80::1");
  CHECK(made.hosts[2].link == "ssh:root@fe80::1%ZONE");
  CHECK(made.hosts[3].link == "ssh:root@2001:db8::5");
  CHECK(has(codes(cluster), "discover.link-local"));
}

TEST_CASE("two standbys of one address are one host, and said") {
  Cluster cluster = primary();
  cluster.senders = {standby("10.7.0.12"), standby("10.7.0.12")};
  CHECK(read(cluster).hosts.size() == 2);
  CHECK(has(codes(cluster), "discover.same-address"));
  cluster.senders.pop_back();
  CHECK(!has(codes(cluster), "discover.same-address"));
}

TEST_CASE("a standby over the socket, loopback or the server's own address is on its machine") {
  for (const char* address : {"", "127.0.0.1", "::1", "10.7.0.11"}) {
    CAPTURE(address);
    Cluster cluster = primary();
    cluster.senders = {standby(address)};
    CHECK(read(cluster).hosts.size() == 1);
    CHECK(has(codes(cluster), "discover.same-machine"));
    CHECK(contains(written(cluster), "# * standby \"15/main\" is on the first host too"));
  }
}

TEST_CASE("a backup, an archiver and a subscriber are clients and no standbys") {
  Cluster cluster = primary();
  cluster.senders = {{"barman", "pg_receivewal", "10.7.0.30", "", "streaming", "async", false},
                     {"backup", "pg_basebackup", "10.7.0.31", "", "backup", "async", false},
                     {"feed", "sub1", "10.7.0.32", "", "streaming", "async", true}};
  const fleet::Environment made = read(cluster);
  REQUIRE(made.hosts.size() == 4);
  for (std::size_t at = 1; at < 4; ++at) CHECK(!made.hosts[at].database);
  CHECK(identity(made, "barman")->hosts == Texts{"10.7.0.30"});
  CHECK(identity(made, "barman")->kind == fleet::IdentityKind::replication);
  CHECK(has(codes(cluster), "discover.not-a-standby"));
  CHECK(!has(codes(cluster), "discover.cascading"));
}

TEST_CASE("a standby that was asked says so and brings in where it streams from") {
  Cluster cluster = primary();
  cluster.standby = true;
  cluster.upstream_host = "10.7.0.10";
  cluster.upstream_role = "replicator";
  const fleet::Environment made = read(cluster);
  REQUIRE(made.hosts.size() == 2);
  CHECK(made.hosts[1].name == "10.7.0.10");
  CHECK(made.hosts[1].database);
  CHECK(identity(made, "replicator") != nullptr);
  CHECK(has(codes(cluster), "discover.standby"));
  cluster.upstream_host = "db9.shop.internal";
  CHECK(read(cluster).hosts[1].name == "db9.shop.internal");
  cluster.upstream_host = "/run/postgresql";
  CHECK(read(cluster).hosts.size() == 1);
  cluster.upstream_host = "";
  CHECK(read(cluster).hosts.size() == 1);
}

TEST_CASE("addresses that one confirmed name leads to are one host") {
  Cluster cluster = primary();
  cluster.senders = {standby("10.7.0.12")};
  cluster.clients = {client("deploy", "2001:db8::12")};
  const Surroundings surroundings{{{"10.7.0.12", "db2"}, {"2001:db8::12", "db2"}}, "", {}};
  const fleet::Environment made = read(cluster, surroundings);
  REQUIRE(made.hosts.size() == 2);
  CHECK(identity(made, "deploy")->hosts == Texts{"db2"});
}

TEST_CASE("a name that only the server gives is taken once and joins nothing") {
  Cluster cluster = primary();
  cluster.clients = {client("deploy", "10.7.0.21"), client("deploy", "10.7.0.22"),
                     client("deploy", "10.7.0.23")};
  for (Client& each : cluster.clients) each.host_name = "App1";
  cluster.clients[2].host_name = "db1";  // the primary's
  const fleet::Environment made = read(cluster);
  REQUIRE(made.hosts.size() == 4);
  CHECK(made.hosts[1].name == "app1");
  CHECK(made.hosts[2].name == "10.7.0.22");
  CHECK(made.hosts[3].name == "10.7.0.23");
  CHECK(identity(made, "deploy")->hosts == Texts{"app1", "10.7.0.22", "10.7.0.23"});
}

TEST_CASE("a role that is seen over the socket alone gets no certificate, and is said") {
  Cluster cluster = primary();
  cluster.clients = {client("cron", ""), client("deploy", ""), client("deploy", "10.7.0.21")};
  const fleet::Environment made = read(cluster);
  CHECK(identity(made, "cron") == nullptr);
  CHECK(identity(made, "deploy") != nullptr);
  CHECK(contains(written(cluster), "# * role \"cron\": seen over the server's own socket only\n"));
  CHECK(has(codes(cluster), "discover.socket"));
}

TEST_CASE("an administrator who connects from elsewhere lives there too") {
  Cluster cluster = primary();
  cluster.clients = {{"postgres", "shop", "10.7.0.40", "", "psql", 1, true},
                     {"dba", "shop", "10.7.0.40", "", "psql", 1, true}};
  const fleet::Environment made = read(cluster);
  CHECK(identity(made, "postgres")->hosts == Texts{"@databases", "10.7.0.40"});
  CHECK(identity(made, "dba")->kind == fleet::IdentityKind::admin);
  CHECK(contains(written(cluster), "# who runs its clients elsewhere is not seen\n"));
}

TEST_CASE("where the standbys stream as the administrator there is no second identity") {
  Cluster cluster = primary();
  cluster.senders = {standby("10.7.0.12")};
  cluster.senders[0].role = "postgres";
  const fleet::Environment made = read(cluster);
  REQUIRE(made.identities.size() == 1);
  CHECK(made.identities[0].kind == fleet::IdentityKind::admin);
}

TEST_CASE("absurdly many hosts and roles are cut, said, and still read") {
  Cluster cluster = primary();
  for (int count = 0; count < 9000; ++count)
    cluster.clients.push_back(
        client("role" + std::to_string(count),
               "10." + std::to_string(count / 250) + ".1." + std::to_string(count % 250)));
  const fleet::Environment made = read(cluster);
  CHECK(made.hosts.size() == 2000);
  CHECK(made.identities.size() == 1000);
  CHECK(has(codes(cluster), "discover.too-many"));
  for (int count = 0; count < 3000; ++count) cluster.senders.push_back(standby("127.0.0.1"));
  CHECK(survey::draft(cluster, {}).findings.size() < 40);
}

TEST_CASE("what is unusual about the server is said") {
  Cluster cluster = primary();
  cluster.reached.encrypted = false;
  cluster.major = 99;
  cluster.cut = true;
  for (const char* code : {"discover.plaintext", "discover.newer", "discover.too-many"})
    CHECK(has(codes(cluster), code));
}

TEST_CASE("the environment is named after the busiest database that can be a name") {
  Cluster cluster = primary();
  cluster.clients = {{"a", "My Shop", "10.7.0.21", "", "", 90, false},
                     {"a", "postgres", "10.7.0.21", "", "", 80, false},
                     {"a", "web_shop", "10.7.0.21", "", "", 30, false},
                     {"a", "crm", "10.7.0.21", "", "", 20, false},
                     {"b", "crm", "10.7.0.22", "", "", 20, false}};
  CHECK(read(cluster).name == "crm");
  cluster.clients.resize(3);
  CHECK(read(cluster).name == "web-shop");
  cluster.clients.clear();
  CHECK(read(cluster).name == "shop");
}
