// SPDX-License-Identifier: PostgreSQL
// A reload that would be refused is not sent; one that the server refuses in silence is seen.
#include <doctest/doctest.h>

#include <filesystem>

#include "server/reload_log.h"
#include "server/scratch.h"
#include "slots/house.h"

namespace {

using base::Code;
using scratch::Server;

void turn_on(Server& server, bool client_trust = false) {
  server.install("server.pem", "server.pem");
  if (client_trust) server.install("clients.crt", "clients.crt");
  static_cast<void>(house::must(server.node().write_settings(server.write_act(client_trust))));
  static_cast<void>(house::must(server.node().reload({})));
}

std::string loaded_at(const Server& server) { return server.ask("select pg_conf_load_time()"); }

}  // namespace

TEST_CASE("a renewed pair is served after a reload") {
  Server* server = Server::fresh();
  if (server == nullptr) return;
  turn_on(*server);
  server->install("renewed.pem", "server.pem");
  CHECK(server->served() == server->fingerprint("server.crt"));
  static_cast<void>(house::must(server->node().reload({})));
  CHECK(server->served() == server->fingerprint("renewed.crt"));
}

TEST_CASE("a pair that the server could not load keeps the reload from being sent") {
  Server* server = Server::fresh();
  if (server == nullptr) return;
  struct Case {
    const char* sentence;
    const char* pair;
    mode_t mode;
    uid_t owner;
    const char* detail;
  };
  const uid_t own = house::seen(server->data).st_uid;
  for (const Case& each : {
           Case{"another key", "mismatched.pem", 0600, own, "does not belong to the certificate"},
           Case{"a passphrase", "locked.pem", 0600, own, "requires a passphrase"},
           Case{"a small key", "small.pem", 0600, own, "key too small"},
           Case{"no key", "server.crt", 0600, own, "holds no private key"},
           Case{"no certificate", "server.key", 0600, own, "holds no certificate"},
           Case{"readable by others", "server.pem", 0644, own, "has group or world access"},
           Case{"readable by its group", "server.pem", 0640, own, "has group or world access"},
           Case{"of another user", "server.pem", 0600, 1, "could not"},
           Case{"of root and closed", "server.pem", 0600, 0, "Permission denied"},
           Case{"another user's, open", "server.pem", 0644, 1,
                "must be owned by the database user or root"},
       }) {
    CAPTURE(each.sentence);
    static_cast<void>(Server::fresh());
    turn_on(*server);
    const std::string before = loaded_at(*server);
    server->install(each.pair, "server.pem");
    const std::string path = server->etc + "/server/db1/server.pem";
    REQUIRE(chown(path.c_str(), each.owner, 0) == 0);
    REQUIRE(chmod(path.c_str(), each.mode) == 0);
    const auto refused = server->node().reload({});
    REQUIRE_FALSE(refused);
    CHECK(refused.error().code == Code::server_reload);
    CHECK_MESSAGE(refused.error().detail.find(each.detail) != std::string::npos,
                  refused.error().detail);
    CHECK(refused.error().detail.find("PRIVATE") == std::string::npos);
    CHECK(loaded_at(*server) == before);

    const auto unwritten = server->node().write_settings(server->write_act(true));
    REQUIRE_FALSE(unwritten);
    CHECK(unwritten.error().code == Code::server_settings);
  }
}

TEST_CASE("what openssl would not load as the server's own files, the server does not either") {
  // The oracle of the table above: the server itself, reloaded behind our back.
  Server* server = Server::fresh();
  if (server == nullptr) return;
  for (const char* pair :
       {"mismatched.pem", "locked.pem", "small.pem", "server.crt", "server.key"}) {
    CAPTURE(pair);
    static_cast<void>(Server::fresh());
    turn_on(*server);
    server->install(pair, "server.pem");
    server->sql("select pg_reload_conf()");
    static_cast<void>(server->served());  // a new connection: the postmaster has loaded by then
    CHECK(house::content(server->log).find("SSL configuration was not reloaded") !=
          std::string::npos);
    CHECK(server->ask("select current_setting('ssl')") == "on");
  }
}

TEST_CASE("a key of root that the server's group can read is loaded") {
  Server* server = Server::fresh();
  if (server == nullptr) return;
  turn_on(*server);
  server->install("renewed.pem", "server.pem");
  const std::string path = server->etc + "/server/db1/server.pem";
  REQUIRE(chown(path.c_str(), 0, house::seen(server->data).st_gid) == 0);
  REQUIRE(chmod(path.c_str(), 0640) == 0);
  static_cast<void>(house::must(server->node().reload({})));
  CHECK(server->served() == server->fingerprint("renewed.crt"));
}

TEST_CASE("a trust bundle that is missing or broken keeps the reload from being sent") {
  Server* server = Server::fresh();
  if (server == nullptr) return;
  turn_on(*server, true);
  CHECK(server->ask("select current_setting('ssl_ca_file')") ==
        server->etc + "/server/db1/clients.crt");
  const std::string path = server->etc + "/server/db1/clients.crt";
  std::filesystem::remove(path);
  auto refused = server->node().reload({});
  REQUIRE_FALSE(refused);
  CHECK(refused.error().detail.find("could not load root certificate file") != std::string::npos);
  server->install("server.key", "clients.crt");
  refused = server->node().reload({});
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == Code::server_reload);
}

TEST_CASE(
    "what a server would refuse once TLS is on is a finding, and neither written nor loaded") {
  struct Case {
    const char* line;
    const char* text;
  };
  for (const Case& each : {
           Case{"ssl_dh_params_file = 'missing.pem'", "No such file"},
           Case{"ssl_dh_params_file = 'postgresql.conf'", "holds no DH parameters"},
           Case{"ssl_crl_file = '/etc/ssl/x.crl'", "No such file"},
           Case{"ssl_crl_file = 'postgresql.conf'", "holds no certificate revocation list"},
           Case{"ssl_ciphers = 'NONSENSE'", "could not set the cipher list \"NONSENSE\""},
           Case{"ssl_ciphers = ''", "could not set the cipher list"},
           Case{"ssl_ecdh_curve = 'nonsense'", "nonsense"},
       }) {
    CAPTURE(each.line);
    Server* server = Server::fresh();
    if (server == nullptr) return;
    server->append("postgresql.conf", std::string(each.line) + "\n");
    const fleet::HostFacts facts = server->observe();
    REQUIRE(facts.findings.size() == 1);
    CHECK(facts.findings[0].code == "server.tls-refused");
    CHECK_MESSAGE(facts.findings[0].message.find(each.text) != std::string::npos,
                  facts.findings[0].message);
    CHECK(facts.findings[0].file == server->data + "/postgresql.conf");
    CHECK(facts.findings[0].line > 0);
    server->install("server.pem", "server.pem");
    const auto unwritten = server->node().write_settings(server->write_act());
    REQUIRE_FALSE(unwritten);
    CHECK(unwritten.error().detail.find(each.text) != std::string::npos);
    CHECK_FALSE(std::filesystem::exists(server->ssl_conf()));
    // The server itself agrees.
    server->append("postgresql.conf", "ssl = on\nssl_cert_file = '" + server->etc +
                                          "/server/db1/server.pem'\nssl_key_file = '" +
                                          server->etc + "/server/db1/server.pem'\n");
    const auto unloaded = server->node().reload({});
    REQUIRE_FALSE(unloaded);
    CHECK(unloaded.error().detail.find(each.text) != std::string::npos);
    CHECK_FALSE(server->starts());
  }
}

TEST_CASE("what a server takes is no finding") {
  Server* server = Server::fresh();
  if (server == nullptr) return;
  scratch::shell("openssl dhparam -dsaparam -out " + server->data + "/dsa.pem 2048 2>/dev/null; " +
                     "openssl genpkey -genparam -algorithm DH -pkeyopt dh_param:ffdhe2048 -out " +
                     server->data + "/group.pem",
                 true);
  for (const char* file : {"dsa.pem", "group.pem"}) {
    static_cast<void>(Server::fresh());
    turn_on(*server);
    server->append("postgresql.conf", "ssl_dh_params_file = '" + std::string(file) +
                                          "'\nssl_ciphers = 'HIGH:!aNULL'\n"
                                          "ssl_ecdh_curve = 'secp384r1'\n");
    CHECK(server->observe().findings.empty());
    static_cast<void>(house::must(server->node().reload({})));
    CHECK(server->starts());
  }
}

TEST_CASE("a broken line of postgresql.conf keeps the reload from being sent") {
  Server* server = Server::fresh();
  if (server == nullptr) return;
  turn_on(*server);
  const std::string before = loaded_at(*server);
  server->append("postgresql.conf", "no_such_setting = 1\n");
  const auto refused = server->node().reload({});
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == Code::server_reload);
  CHECK(refused.error().detail.find("no_such_setting") != std::string::npos);
  CHECK(loaded_at(*server) == before);
}

TEST_CASE("a setting that waits for a restart keeps no reload from its work") {
  Server* server = Server::fresh();
  if (server == nullptr) return;
  turn_on(*server);
  server->append("postgresql.conf", "max_connections = 33\n");
  server->install("renewed.pem", "server.pem");
  static_cast<void>(house::must(server->node().reload({})));
  CHECK(server->served() == server->fingerprint("renewed.crt"));
}

TEST_CASE("broken rules keep no reload from its work, and are a finding") {
  Server* server = Server::fresh();
  if (server == nullptr) return;
  turn_on(*server);
  server->append("pg_hba.conf", "host all all 127.0.0.1/32 no_such_method\n");
  const fleet::Answer reloaded = house::must(server->node().reload({}));
  REQUIRE(reloaded.findings.size() == 1);
  CHECK(reloaded.findings[0].code == "server.rules-refused");
  CHECK(reloaded.findings[0].detail.find("pg_hba.conf:3: ") != std::string::npos);
  CHECK(reloaded.log.find("pg_hba.conf was not reloaded") != std::string::npos);
}

TEST_CASE("a TLS context that the server refuses in silence is an error with its log lines") {
  Server* server = Server::fresh();
  if (server == nullptr) return;
  turn_on(*server);
  // Not among what is checked before: only the server's OpenSSL knows its system's profiles.
  server->append("postgresql.conf", "ssl_ciphers = 'PROFILE=NONE'\n");
  const auto refused = server->node().reload({});
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == Code::server_reload);
  CHECK(refused.error().detail.find("SSL configuration was not reloaded") != std::string::npos);
  CHECK(refused.error().detail.find("cipher list") != std::string::npos);
  CHECK(server->ask("select current_setting('ssl_ciphers')") == "PROFILE=NONE");
}

TEST_CASE("the same is seen where the server writes its log itself") {
  Server* server = Server::fresh();
  if (server == nullptr) return;
  server->append("postgresql.conf", "logging_collector = on\nlog_directory = 'log'\n");
  server->restart();
  turn_on(*server);
  server->append("postgresql.conf", "ssl_ciphers = 'PROFILE=NONE'\n");
  const auto refused = server->node().reload({});
  REQUIRE_FALSE(refused);
  CHECK(refused.error().detail.find("SSL configuration was not reloaded") != std::string::npos);
}

TEST_CASE("log lines that show a setting's secret are not passed on") {
  Server* server = Server::fresh();
  if (server == nullptr) return;
  turn_on(*server);
  server->append("postgresql.conf",
                 "primary_conninfo = 'host=db0 sslmode=require password=geheim'\n"
                 "ssl_passphrase_command = 'echo geheim'\nssl_ciphers = 'HIGH'\n");
  const fleet::Answer reloaded = house::must(server->node().reload({}));
  CHECK(house::content(server->log).find("geheim") != std::string::npos);
  CHECK(reloaded.log.find("geheim") == std::string::npos);
  CHECK(reloaded.log.find("ssl_ciphers") != std::string::npos);
}

TEST_CASE("a log keeps what speaks of TLS and leaves out connection strings") {
  const server::ReloadLog log = server::read_reload_log(
      "LOG:  received SIGHUP, reloading configuration files\n"
      "LOG:  parameter \"primary_conninfo\" changed to \"sslmode=require password=x\n"
      "\tmore of it\"\n"
      "LOG:  private key file \"k\" has group or world access\n"
      "DETAIL:  File must have permissions u=rw (0600) or less.\n"
      "LOG:  checkpoint starting: time\n"
      "DETAIL:  of another line\n"
      "LOG:  SSL configuration was not reloaded\n"
      "LOG:  /etc/x/rules was not reloaded\n");
  CHECK(log.tls_refused);
  CHECK(log.rules_refused);
  CHECK(log.lines ==
        "LOG:  received SIGHUP, reloading configuration files\n"
        "LOG:  private key file \"k\" has group or world access\n"
        "DETAIL:  File must have permissions u=rw (0600) or less.\n"
        "LOG:  SSL configuration was not reloaded\n"
        "LOG:  /etc/x/rules was not reloaded");
}
