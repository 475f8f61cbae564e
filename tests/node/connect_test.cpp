// SPDX-License-Identifier: PostgreSQL
// How far an identity's connection comes, on a real server, with files found as libpq finds them.
#include <doctest/doctest.h>

#include <filesystem>

#include "house.h"
#include "node/connect.h"
#include "scratch.h"

namespace {

using fleet::ConnectLevel;
using scratch::Server;

/// A server with TLS and trust in client certificates, and an OS user "sealtest" with a home.
struct Scene {
  Server* server = nullptr;

  Scene() {
    if (Server::fresh() == nullptr) return;
    if (!node::find_user("sealtest")) {
      MESSAGE("skipped: this kernel gives no mount namespace");
      return;
    }
    server = Server::fresh();
    server->install("server.pem", "server.pem");
    server->install("clients.crt", "clients.crt");
    static_cast<void>(house::must(server->node().write_settings(server->write_act(true))));
    rules("hostssl all app 127.0.0.1/32 cert\nhostssl all pw 127.0.0.1/32 scram-sha-256\n");
  }

  void rules(const std::string& lines) const {
    server->put("pg_hba.conf", "local all postgres peer\n" + lines);
    static_cast<void>(house::must(server->node().reload({})));
  }
  [[nodiscard]] std::string home() const { return server->root + "/home"; }

  /// `keys`/`name` of the scratch server as the user's own file.
  void give(const std::string& name, const std::string& as, mode_t mode = 0600) const {
    give_text(house::content(server->keys + "/" + name), as, mode);
  }
  void give_text(const std::string& text, const std::string& as, mode_t mode = 0600) const {
    const std::string path = home() + "/" + as;
    std::filesystem::create_directories(path.substr(0, path.rfind('/')));
    std::filesystem::remove(path);
    std::ofstream(path, std::ios::binary) << text;
    REQUIRE(chmod(path.c_str(), mode) == 0);
    REQUIRE(chown(path.c_str(), 61234, 61234) == 0);
  }
  void give_pair(const std::string& name) const {
    give("authority.crt", ".postgresql/root.crt");
    give(name + ".crt", ".postgresql/postgresql.crt");
    give(name + ".key", ".postgresql/postgresql.key");
  }
  /// A role of this test's, gone when the scene is over.
  void role(const std::string& name, const std::string& options = "login") const {
    server->sql("drop role if exists " + name);
    server->sql("create role " + name + " " + options);
  }

  [[nodiscard]] fleet::ConnectReport connect(const std::string& role,
                                             const std::string& address = "127.0.0.1",
                                             const std::string& database = "postgres") const {
    fleet::ConnectQuery query;
    query.slot = fleet::client_slot("app", "sealtest");
    query.role = role;
    query.address = address;
    query.port = server->port;
    query.database = database;
    return house::must(node::connect_as(query, server->brief()));
  }
};

}  // namespace

TEST_CASE("a certificate that the server trusts logs its role in") {
  const Scene scene;
  if (scene.server == nullptr) return;
  scene.role("app");
  scene.give_pair("client");
  for (const char* address : {"127.0.0.1", "localhost"}) {
    CAPTURE(address);
    const fleet::ConnectReport report = scene.connect("app", address);
    CHECK_MESSAGE(report.level == ConnectLevel::logged_in, report.message);
    CHECK(report.protocol == "TLSv1.3");
    CHECK(report.cipher == "TLS_AES_256_GCM_SHA384");
    CHECK(report.bits == "256");
    CHECK(report.compression == "off");
    CHECK(report.sqlstate.empty());
    CHECK_FALSE(report.over_socket);
    CHECK(report.libpq.starts_with("libpq 1"));
    CHECK(report.libpq.ends_with("(built in)"));
  }
}

TEST_CASE("a certificate of another authority comes as far as the handshake") {
  const Scene scene;
  if (scene.server == nullptr) return;
  scene.role("app");
  scene.give_pair("rogue");
  const fleet::ConnectReport report = scene.connect("app");
  CHECK_MESSAGE(report.level == ConnectLevel::handshake, report.message);
  CHECK(report.protocol == "TLSv1.3");
  CHECK(report.cipher == "TLS_AES_256_GCM_SHA384");
  CHECK(report.message.find("unknown ca") != std::string::npos);
  CHECK(report.sqlstate.empty());

  // TLS 1.2 refuses it before its handshake is over.
  scene.server->append("postgresql.conf", "ssl_max_protocol_version = 'TLSv1.2'\n");
  scene.rules("hostssl all app 127.0.0.1/32 cert\n");
  CHECK_MESSAGE(scene.connect("app").level == ConnectLevel::handshake, report.message);
}

TEST_CASE("a server that the user's root.crt does not know is no handshake") {
  const Scene scene;
  if (scene.server == nullptr) return;
  scene.give_pair("client");
  scene.give("foreign.crt", ".postgresql/root.crt");
  fleet::ConnectReport report = scene.connect("app");
  CHECK(report.level == ConnectLevel::none);
  CHECK(report.message.find("certificate verify failed") != std::string::npos);

  std::filesystem::remove(scene.home() + "/.postgresql/root.crt");
  report = scene.connect("app");
  CHECK(report.level == ConnectLevel::none);
  CHECK(report.message.find("root certificate file") != std::string::npos);
}

TEST_CASE("a name that the server's certificate lacks is no handshake") {
  const Scene scene;
  if (scene.server == nullptr) return;
  scene.give_pair("client");
  const fleet::ConnectReport report = scene.connect("app", "127.0.0.01");
  CHECK(report.level == ConnectLevel::none);
}

TEST_CASE("without a rule the certificate was accepted and no more") {
  const Scene scene;
  if (scene.server == nullptr) return;
  scene.give_pair("client");
  for (const char* rules : {"", "hostssl all app 127.0.0.1/32 reject\n"}) {
    CAPTURE(rules);
    scene.rules(rules);
    const fleet::ConnectReport report = scene.connect("app");
    CHECK(report.level == ConnectLevel::certificate_accepted);
    CHECK(report.sqlstate == "28000");
    CHECK(report.message.find("pg_hba.conf") != std::string::npos);
    CHECK(report.message.find("28000") == std::string::npos);
    CHECK(report.message.find("LOCATION") == std::string::npos);
    CHECK(report.protocol == "TLSv1.3");
  }
}

TEST_CASE("a certificate of another name reaches its rule and is refused there") {
  const Scene scene;
  if (scene.server == nullptr) return;
  scene.role("other");
  scene.give_pair("client");
  scene.rules("hostssl all other 127.0.0.1/32 cert\n");
  const fleet::ConnectReport report = scene.connect("other");
  CHECK(report.level == ConnectLevel::rule_reached);
  CHECK(report.sqlstate == "28000");
}

TEST_CASE("a password comes from the user's own file or from nowhere") {
  const Scene scene;
  if (scene.server == nullptr) return;
  scene.role("pw", "login password 'geheim'");
  scene.give_pair("client");
  fleet::ConnectReport report = scene.connect("pw");
  CHECK_MESSAGE(report.level == ConnectLevel::rule_reached, report.message);

  scene.give_text("*:*:*:pw:wrong\n", ".pgpass");
  report = scene.connect("pw");
  CHECK(report.level == ConnectLevel::rule_reached);
  CHECK(report.sqlstate == "28P01");

  scene.give_text("*:*:*:pw:geheim\n", ".pgpass");
  report = scene.connect("pw");
  CHECK_MESSAGE(report.level == ConnectLevel::logged_in, report.message);
  CHECK(report.message.find("geheim") == std::string::npos);
}

TEST_CASE("this process's own environment does not help a connection") {
  const Scene scene;
  if (scene.server == nullptr) return;
  scene.role("pw", "login password 'geheim'");
  scene.give("authority.crt", ".postgresql/root.crt");
  setenv("PGPASSWORD", "geheim", 1);
  const fleet::ConnectReport report = scene.connect("pw");
  unsetenv("PGPASSWORD");
  CHECK(report.level == ConnectLevel::rule_reached);
}

TEST_CASE("over the socket peer logs in without TLS") {
  const Scene scene;
  if (scene.server == nullptr) return;
  scene.role("sealtest");
  scene.rules("local all sealtest peer\nlocal all app peer\n");
  const fleet::ConnectReport report = scene.connect("sealtest", scene.server->sockets);
  CHECK_MESSAGE(report.level == ConnectLevel::logged_in, report.message);
  CHECK(report.over_socket);
  CHECK(report.protocol.empty());
  CHECK(scene.connect("sealtest", "").level == ConnectLevel::logged_in);
  CHECK(scene.connect("app", scene.server->sockets).level == ConnectLevel::rule_reached);
  scene.rules("");
  CHECK(scene.connect("sealtest", scene.server->sockets).level == ConnectLevel::none);
}

TEST_CASE("what fails after authentication has reached its rule") {
  const Scene scene;
  if (scene.server == nullptr) return;
  scene.role("app", "login connection limit 0");
  scene.give_pair("client");
  CHECK(scene.connect("app", "127.0.0.1", "absent").sqlstate == "3D000");
  CHECK(scene.connect("app", "127.0.0.1", "absent").level == ConnectLevel::rule_reached);
  CHECK(scene.connect("app").sqlstate == "53300");
  CHECK(scene.connect("app").level == ConnectLevel::rule_reached);
  scene.server->sql("alter role app nologin");
  CHECK(scene.connect("app").level == ConnectLevel::rule_reached);
  scene.server->sql("drop role app");
  CHECK(scene.connect("app").level == ConnectLevel::rule_reached);
}

TEST_CASE("where nothing listens no level is reached") {
  const Scene scene;
  if (scene.server == nullptr) return;
  scene.server->stop();
  const fleet::ConnectReport report = scene.connect("app");
  CHECK(report.level == ConnectLevel::none);
  CHECK(report.sqlstate.empty());
  CHECK(report.message.find("refused") != std::string::npos);
}

TEST_CASE("a second identity connects with the files of its own folder") {
  const Scene scene;
  if (scene.server == nullptr) return;
  scene.role("app");
  scene.give_pair("rogue");
  const std::string folder = ".postgresql/pgseal/shop/app/";
  scene.give("authority.crt", folder + "root.crt");
  scene.give("client.crt", folder + "postgresql.crt");
  scene.give("client.key", folder + "postgresql.key");
  fleet::ConnectQuery query;
  query.slot = fleet::client_slot("app", "sealtest", fleet::SlotPlace::environment);
  query.role = "app";
  query.address = "127.0.0.1";
  query.port = scene.server->port;
  const fleet::ConnectReport report = house::must(node::connect_as(query, scene.server->brief()));
  CHECK_MESSAGE(report.level == ConnectLevel::logged_in, report.message);
}

TEST_CASE("an OS user who does not exist connects nowhere") {
  fleet::ConnectQuery query;
  query.slot = fleet::client_slot("app", "nobody-of-that-name");
  const auto report = node::connect_as(query, {});
  REQUIRE_FALSE(report);
  CHECK(report.error().code == base::Code::user_missing);
}

TEST_CASE("a server's message is taken apart in any language") {
  const node::ServerMessage message = node::parse_verbose_message(
      "Verbindung zum Server auf »127.0.0.1«, Port 5432 fehlgeschlagen: FATAL:  28000:  kein "
      "pg_hba.conf-Eintrag\nLOCATION:  ClientAuthentication, auth.c:536\n");
  CHECK(message.sqlstate.empty());  // two blanks after the state: not how libpq writes it
  const node::ServerMessage other = node::parse_verbose_message(
      "fehlgeschlagen: FATAL:  28000: kein pg_hba.conf-Eintrag\nLOCATION:  ClientAuthentication, "
      "auth.c:536\n");
  CHECK(other.sqlstate == "28000");
  CHECK(other.routine == "ClientAuthentication");
  CHECK(other.text == "fehlgeschlagen: FATAL:  kein pg_hba.conf-Eintrag");
  const node::ServerMessage own =
      node::parse_verbose_message("SSL error: tlsv1 alert unknown ca\n");
  CHECK(own.sqlstate.empty());
  CHECK(own.text == "SSL error: tlsv1 alert unknown ca");
}
