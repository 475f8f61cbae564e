// SPDX-License-Identifier: PostgreSQL
// Generated rules that load, and connections to the installed server under them: what explain
// foretells is what happens. A disagreement prints file, connection and seed; PGSEAL_HBA_FILES=N
// tries N files, PGSEAL_HBA_SEED=N begins elsewhere.
#include <doctest/doctest.h>
#include <fmt/format.h>
#include <libpq-fe.h>

#include <cstdio>
#include <cstdlib>
#include <random>
#include <thread>

#include "admission/explain.h"
#include "server/scratch.h"

namespace {

using admission::Connection;
using admission::Decision;
using admission::Transport;
using Outcome = Decision::Outcome;
using Pool = std::vector<std::string>;

const Pool types = {"host",  "host",  "hostssl", "hostssl",    "hostnossl",
                    "local", "local", "local",   "hostgssenc", "hostnogssenc"};
const Pool databases = {"all",         "all",      "all", "all",      "\"all\"",
                        "sameuser",    "samerole", "db1", "app,devs", "\"a b\"",
                        "replication", "db1,all",  "ops"};
const Pool users = {"all",      "all",        "app",    "alice,bob", "+devs",   "+ops",
                    "\"+ops\"", "\"Al ice\"", "+alice", "\"all\"",   "al\"l\"", "+nobody,bob"};
const Pool addresses = {
    "all",        "127.0.0.1/32",          "127.0.0.0/8",           "0.0.0.0/0", "::/0",
    "10.0.0.0/8", "127.0.0.1 255.0.0.255", "127.0.0.2 255.0.0.255", "127.1/32",  "127/8"};
const Pool methods = {"trust", "trust", "reject", "scram-sha-256", "cert", "cert map=m"};
const Pool demands = {"", "", " clientcert=verify-ca", " clientcert=verify-full"};
const Pool roles = {"app", "alice", "bob", "Al ice", "devs"};
const Pool names = {"db1", "app", "alice", "devs", "ops", "all", "a b", "postgres"};

class Writer {
 public:
  explicit Writer(std::uint64_t seed) : dice_(seed) {}

  std::string rules() {
    std::string text;
    for (std::size_t lines = 2 + below(6); lines > 0; --lines) text += rule();
    return text;
  }

  Connection connection() {
    Connection made;
    made.user = one_of(roles);
    made.database = one_of(names);
    made.transport = static_cast<Transport>(below(3));
    made.physical_replication = below(6) == 0;
    if (made.transport != Transport::local) made.address = hba::read_address("127.0.0.1").address;
    if (made.transport == Transport::tls && below(3) != 0) made.certificate = "app";
    return made;
  }

 private:
  std::size_t below(std::size_t end) { return dice_() % end; }
  const std::string& one_of(const Pool& pool) { return pool[below(pool.size())]; }

  std::string rule() {
    const std::string type = one_of(types);
    std::string method = one_of(methods);
    if (type != "hostssl" && method.starts_with("cert")) method = "trust";
    const bool takes_demand = type == "hostssl" && !method.starts_with("cert");
    return fmt::format("{} {} {} {} {}{}\n", type, one_of(databases), one_of(users),
                       type == "local" ? "" : one_of(addresses), method,
                       takes_demand ? one_of(demands) : "");
  }

  std::mt19937_64 dice_;
};

/// What the server says to one who comes so; "" where it lets him in.
std::string answer(const scratch::Server& server, const Connection& asked) {
  std::vector<std::pair<std::string, std::string>> words = {
      {"host", asked.address ? "127.0.0.1" : server.sockets},
      {"port", std::to_string(server.port)},
      {"user", asked.user},
      {"dbname", asked.database},
      {"sslmode", asked.transport == Transport::tls ? "require" : "disable"},
      {"sslcert", server.keys + (asked.certificate ? "/client.crt" : "/none.crt")},
      {"sslkey", server.keys + "/client.key"},
      {"gssencmode", "disable"},
      {"passfile", server.keys + "/none"},
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

Outcome outcome_of(const std::string& said) {
  const auto has = [&](const char* words) { return said.find(words) != std::string::npos; };
  if (has("no pg_hba.conf entry")) return Outcome::no_match;
  if (has("pg_hba.conf rejects")) return Outcome::reject;
  if (has("connection requires a valid client certificate")) return Outcome::certificate_required;
  if (has("certificate authentication failed") || has("\"trust\" authentication failed"))
    return Outcome::certificate_mismatch;
  // Past the rules: it is in, is asked for a password, or has no such role, right or database.
  for (const char* words : {"no password supplied", "does not exist", "not permitted to log in",
                            "permission denied", "to start WAL sender", "to start walsender"})
    if (has(words)) return Outcome::accept;
  CAPTURE(said);
  CHECK(said.empty());
  return said.empty() ? Outcome::accept : Outcome::unknown;
}

/// SIGHUP is taken when the server comes to it: the first rule tells by rejecting.
void load(const scratch::Server& server, const std::string& text, std::uint64_t generation) {
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

std::uint64_t setting(const char* name, std::uint64_t usual) {
  const char* text = ::getenv(name);
  return text == nullptr ? usual : std::strtoull(text, nullptr, 10);
}

struct Tally {
  int connections = 0;
  int outcomes[6] = {};
  int wrong = 0;
};

void compare(const scratch::Server& server, std::uint64_t seed, Tally& tally) {
  Writer writer(seed);
  const std::string text = fmt::format(
      "local generation_{} all reject\nlocal postgres postgres trust\n{}", seed, writer.rules());
  load(server, text, seed);
  const hba::Version version{15, 20};
  const hba::RuleFile rules =
      hba::read_rules(server.data + "/pg_hba.conf", text, version, {}, hba::Files());
  const hba::IdentFile idents = hba::read_idents(
      server.data + "/pg_ident.conf", server.get("pg_ident.conf"), version, hba::Files());
  const auto known = admission::Roles::parse("roles", "alice devs\ndevs ops\n");
  REQUIRE(known);
  const admission::Rules judge(rules, idents, *known, version, {});
  for (int i = 0; i < 12; ++i) {
    const Connection asked = writer.connection();
    const Decision decision = judge.explain(asked);
    const std::string said = answer(server, asked);
    const Outcome real = outcome_of(said);
    ++tally.connections;
    ++tally.outcomes[static_cast<int>(real)];
    if (decision.outcome == real) continue;
    ++tally.wrong;
    std::fputs(
        fmt::format("PGSEAL_HBA_SEED={} PGSEAL_HBA_FILES=1\n{}{}\nours: {}, the server: {}\n", seed,
                    text, to_string(asked), static_cast<int>(decision.outcome), said)
            .c_str(),
        stdout);
  }
}

}  // namespace

TEST_CASE("what explain foretells is what the installed server does") {
  scratch::Server* server = scratch::Server::fresh();
  if (server == nullptr) return;
  server->install("server.pem", "server.pem");
  server->sql("CREATE ROLE app LOGIN");
  for (const char* role : {"alice LOGIN", "bob LOGIN", "\"Al ice\" LOGIN", "devs LOGIN", "ops"})
    server->sql(fmt::format("CREATE ROLE {}", role));
  server->sql("GRANT devs TO alice");
  server->sql("GRANT ops TO devs");
  server->put("pg_ident.conf", "m app app\nm /^a bob\nm other alice\n");
  server->restart(
      fmt::format("-c ssl=on -c ssl_cert_file={0} -c ssl_key_file={0} -c "
                  "ssl_ca_file={1}/clients.crt",
                  server->etc + "/server/db1/server.pem", server->keys));
  const std::uint64_t first = setting("PGSEAL_HBA_SEED", 1);
  const std::uint64_t files =
      setting("PGSEAL_HBA_FILES", ::getenv("PGSEAL_FULL") != nullptr ? 500 : 30);
  Tally tally;
  for (std::uint64_t seed = first; seed < first + files && tally.wrong < 10; ++seed)
    compare(*server, seed, tally);
  for (const char* role : {"app", "alice", "bob", "\"Al ice\"", "devs", "ops"})
    server->sql(fmt::format("DROP ROLE {}", role));
  std::fputs(fmt::format("{} connections: {} accepted, {} rejected, {} unmatched, {} without a "
                         "certificate, {} with another's, {} disagreements\n",
                         tally.connections, tally.outcomes[0], tally.outcomes[1], tally.outcomes[2],
                         tally.outcomes[3], tally.outcomes[4], tally.wrong)
                 .c_str(),
             stdout);
  CHECK(tally.wrong == 0);
  if (files < 30) return;
  for (int outcome = 0; outcome < 5; ++outcome) {
    CAPTURE(outcome);
    CHECK(tally.outcomes[outcome] > 0);
  }
}
