// SPDX-License-Identifier: PostgreSQL
// Random rules in force on a real server, and connections to it: what a server's answer says of the
// rule that decided.
#pragma once

#include <doctest/doctest.h>
#include <fmt/format.h>
#include <libpq-fe.h>

#include <cstdlib>
#include <memory>
#include <random>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "admission/explain.h"
#include "server/scratch.h"

namespace tried_rules {

using admission::Connection;
using admission::Decision;
using admission::Transport;
using Outcome = Decision::Outcome;
using Pool = std::vector<std::string>;

inline const Pool types = {"host",  "host",  "hostssl", "hostssl",    "hostnossl",
                           "local", "local", "local",   "hostgssenc", "hostnogssenc"};
inline const Pool types_before_12 = {"host",      "host",  "hostssl", "hostssl",
                                     "hostnossl", "local", "local",   "local"};
inline const Pool databases = {"all",      "all",         "all",     "all",        "all",
                               "all",      "all",         "all",     "all",        "\"all\"",
                               "sameuser", "samerole",    "db1",     "app,devs",   "\"a b\"",
                               "ops",      "replication", "db1,all", "db1,\"all\""};
inline const Pool users = {"all",     "all",       "all",        "all",    "all",        "all",
                           "all",     "all",       "all",        "app",    "alice,bob",  "+devs",
                           "+ops",    "\"+ops\"",  "+devs",      "+alice", "\"Al ice\"", "\"all\"",
                           "al\"l\"", "bob,+devs", "+nobody,bob"};
inline const Pool addresses = {"all",
                               "all",
                               "all",
                               "0.0.0.0/0",
                               "0.0.0.0/0",
                               "127.0.0.1/32",
                               "127.0.0.0/8",
                               "::/0",
                               "10.0.0.0/8",
                               "127.0.0.1 255.0.0.255",
                               "127.0.0.2 255.0.0.255",
                               "127.1/32",
                               "127/8"};
inline const Pool methods = {"trust", "trust",      "reject",     "scram-sha-256",
                             "cert",  "cert map=m", "cert map=r", "cert map=s"};
inline const Pool demands = {"", "", " clientcert=verify-ca", " clientcert=verify-full"};
inline const Pool demands_before_12 = {"", "", " clientcert=1", " clientcert=verify-full"};
inline const Pool roles = {"app", "alice", "bob", "Al ice", "devs"};
inline const Pool names = {"db1", "app", "alice", "devs", "ops", "all", "a b", "postgres"};

inline const std::string password = "of all roles";

class Writer {
 public:
  Writer(std::uint64_t seed, hba::Version version)
      : dice_(seed),
        types_(version.major < 12 ? types_before_12 : types),
        demands_(version.major < 12 ? demands_before_12 : demands) {}

  std::string rules() {
    std::string text;
    for (std::size_t lines = 2 + below(6); lines > 0; --lines) text += rule();
    return text;
  }

  Connection connection() { return connection(static_cast<Transport>(below(3))); }
  Connection connection(Transport transport) {
    Connection made;
    made.user = one_of(roles);
    made.database = one_of(names);
    made.transport = transport;
    made.physical_replication = below(6) == 0;
    if (made.transport != Transport::local) made.address = hba::read_address("127.0.0.1").address;
    if (made.transport == Transport::tls && below(3) != 0) made.certificate = "app";
    return made;
  }

 private:
  std::size_t below(std::size_t end) { return dice_() % end; }
  const std::string& one_of(const Pool& pool) { return pool[below(pool.size())]; }

  std::string rule() {
    const std::string type = one_of(types_);
    std::string method = one_of(methods);
    if (type != "hostssl" && method.starts_with("cert")) method = "trust";
    const bool takes_demand = type == "hostssl" && !method.starts_with("cert");
    return fmt::format("{} {} {} {} {}{}\n", type, one_of(databases), one_of(users),
                       type == "local" ? "" : one_of(addresses), method,
                       takes_demand ? one_of(demands_) : "");
  }

  std::mt19937_64 dice_;
  const Pool& types_;
  const Pool& demands_;
};

/// What the server says to one who comes so; "" where it lets him in.
inline std::string answer(const scratch::Server& server, const Connection& asked) {
  std::vector<std::pair<std::string, std::string>> words = {
      {"host", asked.address ? "127.0.0.1" : server.sockets},
      {"port", std::to_string(server.port)},
      {"user", asked.user},
      {"dbname", asked.database},
      {"sslmode", asked.transport == Transport::tls ? "require" : "disable"},
      {"sslcert", server.keys + (asked.certificate ? "/client.crt" : "/none.crt")},
      {"sslkey", server.keys + "/client.key"},
      {"gssencmode", "disable"},
      {"password", password},
      {"connect_timeout", "10"}};
  if (asked.physical_replication) words.emplace_back("replication", "true");
  std::vector<const char*> keys;
  std::vector<const char*> values;
  for (const auto& [key, value] : words) {
    keys.push_back(key.c_str());
    values.push_back(value.c_str());
  }
  keys.push_back(nullptr);
  values.push_back(nullptr);
  const std::unique_ptr<PGconn, void (*)(PGconn*)> connection(
      PQconnectdbParams(keys.data(), values.data(), 0), PQfinish);
  return PQstatus(connection.get()) == CONNECTION_OK ? "" : PQerrorMessage(connection.get());
}

inline Outcome outcome_of(const std::string& said) {
  const auto has = [&](const char* words) { return said.find(words) != std::string::npos; };
  if (has("no pg_hba.conf entry")) return Outcome::no_match;
  if (has("pg_hba.conf rejects")) return Outcome::reject;
  if (has("connection requires a valid client certificate")) return Outcome::certificate_required;
  // The password is right: what fails after it is the certificate's name.
  if (has("certificate authentication failed") || has("\"trust\" authentication failed") ||
      has("password authentication failed"))
    return Outcome::certificate_mismatch;
  // Past the rules: it is in, or has no such role, right or database.
  for (const char* words : {"does not exist", "not permitted to log in", "permission denied",
                            "to start WAL sender", "to start walsender"})
    if (has(words)) return Outcome::accept;
  CAPTURE(said);
  CHECK(said.empty());
  return said.empty() ? Outcome::accept : Outcome::unknown;
}

/// SIGHUP is taken when the server comes to it: the first rule tells by rejecting.
inline void load(const scratch::Server& server, const std::string& text, std::uint64_t generation) {
  server.put("pg_hba.conf", text);
  server.sql("SELECT pg_reload_conf()");
  Connection canary;
  canary.user = "postgres";
  canary.database = fmt::format("generation_{}", generation);
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  while (outcome_of(answer(server, canary)) != Outcome::reject) {
    REQUIRE(std::chrono::steady_clock::now() < deadline);
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
}

/// The server's own, with ssl on, the roles and groups of the pools, and maps for method cert.
inline scratch::Server* server_for_rules() {
  scratch::Server* server = scratch::Server::fresh();
  if (server == nullptr) return nullptr;
  server->install("server.pem", "server.pem");
  server->put("pg_ident.conf",
              "m app app\nm /^a bob\nm other alice\nr /^(.*)$ \\1\n"
              "s /^(a)(p*)$ \\1lice\ns /^x(.*)$ \\1\n");
  server->restart(fmt::format(
      "-c password_encryption=scram-sha-256 -c ssl=on -c ssl_cert_file={0} -c ssl_key_file={0} -c "
      "ssl_ca_file={1}/clients.crt",
      server->etc + "/server/db1/server.pem", server->keys));
  server->sql("DROP ROLE IF EXISTS app, alice, bob, \"Al ice\", devs, ops");
  for (const char* role :
       {"app LOGIN", "alice LOGIN", "bob LOGIN", "\"Al ice\" LOGIN", "devs LOGIN", "ops"})
    server->sql(fmt::format("CREATE ROLE {} PASSWORD '{}'", role, password));
  server->sql("GRANT devs TO alice");
  server->sql("GRANT ops TO devs");
  return server;
}

inline hba::Version version_of(const scratch::Server& server) {
  const int number = std::atoi(server.ask("SHOW server_version_num").c_str());
  return {number / 10000, number % 10000};
}

/// Random rules that are in force, and all by which they are judged.
struct InForce {
  hba::Version version;
  Writer writer;
  std::string text;
  hba::RuleFile rules;
  hba::IdentFile idents;
  admission::Roles roles;

  InForce(const scratch::Server& server, std::uint64_t seed)
      : version(version_of(server)),
        writer(seed, version),
        text(fmt::format("local generation_{} all reject\nlocal postgres postgres trust\n{}", seed,
                         writer.rules())) {
    load(server, text, seed);
    rules = hba::read_rules(server.data + "/pg_hba.conf", text, version, {}, hba::Files());
    idents = hba::read_idents(server.data + "/pg_ident.conf", server.get("pg_ident.conf"), version,
                              hba::Files());
    const auto known = admission::Roles::parse("roles", "alice devs\ndevs ops\n");
    REQUIRE(known);
    roles = *known;
  }
};

}  // namespace tried_rules
