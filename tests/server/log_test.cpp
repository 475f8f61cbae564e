// SPDX-License-Identifier: PostgreSQL
// The log of the installed server, in each of its formats at once: connections of all kinds are
// made, and the log tells of these and no others.
#include <arpa/inet.h>
#include <doctest/doctest.h>
#include <fmt/format.h>
#include <libpq-fe.h>
#include <sys/socket.h>
#include <unistd.h>

#include <filesystem>
#include <memory>
#include <set>
#include <thread>

#include "base/fd.h"
#include "server/scratch.h"
#include "server_log/reader.h"
#include "server_log/told.h"

namespace {

using Owner = std::unique_ptr<PGconn, void (*)(PGconn*)>;

/// Connects and leaves; gives whether it was let in.
bool comes(const std::string& words) {
  const Owner connection(PQconnectdb(words.c_str()), PQfinish);
  return PQstatus(connection.get()) == CONNECTION_OK;
}

/// What a load balancer does: connects, and says nothing.
void probe(int port) {
  const base::Fd client(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port = htons(static_cast<std::uint16_t>(port));
  to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  REQUIRE(connect(client.get(), reinterpret_cast<sockaddr*>(&to), sizeof to) == 0);
}

using Told = std::multiset<std::string>;

std::string line_of(const server_log::Connection& each) {
  std::string made = logs::text_of(each);
  if (each.authentication)
    made += fmt::format(" <{}> {} :{}", each.authentication->identity, each.authentication->method,
                        each.authentication->line);
  return made;
}

/// pg_ctl, the test's own questions and the like are not of those that were made here.
bool is_ours(const server_log::Connection& each) {
  return each.user != "postgres" || each.application == "standby" || each.application == "ours";
}

Told told(const std::string& path, const std::string& prefix = "") {
  Told made;
  const auto read =
      server_log::read_connections(path, {path, prefix}, [&](const server_log::Connection& each) {
        if (is_ours(each)) made.insert(line_of(each));
      });
  CHECK_MESSAGE(read, (read ? "" : read.error().message));
  return made;
}

/// Until a probe stands in each log: its process ends when it likes.
void wait_for(const std::vector<std::string>& paths, const Told& expected) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(30);
  for (const std::string& path : paths)
    while (std::filesystem::file_size(path) == 0 || told(path).size() < expected.size()) {
      if (std::chrono::steady_clock::now() > deadline) return;
      std::this_thread::yield();
    }
}

/// The collector's file of one format.
std::string collected(const scratch::Server& server, const std::string& extension) {
  for (const auto& entry : std::filesystem::directory_iterator(server.data + "/log"))
    if (entry.path().extension() == extension) return entry.path();
  return "";
}

void make_world(const scratch::Server& server) {
  server.install("server.pem", "server.pem");
  server.install("clients.crt", "clients.crt");
  server.put("pg_hba.conf",
             "local all all trust\n"
             "local replication all trust\n"
             "hostssl all app 127.0.0.1/32 cert\n"
             "hostnossl all plain 127.0.0.1/32 trust\n"
             "hostnossl all secret 127.0.0.1/32 scram-sha-256\n"
             "hostssl all secret 127.0.0.1/32 scram-sha-256\n");
}

}  // namespace

TEST_CASE("the server's log in its three formats tells of the connections that were made") {
  scratch::Server* server = scratch::Server::fresh();
  if (server == nullptr) return;
  make_world(*server);
  server->sql("drop role if exists app, plain, \"odd \"\"name\", secret");
  server->sql("create role app login");
  server->sql("create role plain login");
  server->sql("create role \"odd \"\"name\" login");
  server->sql("create role secret login password 'right'");
  server->append("postgresql.conf",
                 fmt::format("ssl = on\nssl_cert_file = '{0}/server.pem'\n"
                             "ssl_key_file = '{0}/server.pem'\nssl_ca_file = '{0}/clients.crt'\n"
                             "log_connections = on\nlog_statement = 'all'\n"
                             "logging_collector = on\nlog_filename = 'server.log'\n"
                             "log_destination = 'stderr,csvlog,jsonlog'\n"
                             "log_line_prefix = '%m [%p] %q%u@%d '\n",
                             server->etc + "/server/db1"));
  server->restart();
  const std::string tcp =
      fmt::format("host=127.0.0.1 port={} dbname=postgres gssencmode=disable ", server->port);
  const std::string socket =
      fmt::format("host={} port={} dbname=postgres ", server->sockets, server->port);
  const std::string pair =
      fmt::format("sslcert={0}/client.crt sslkey={0}/client.key ", server->keys);

  CHECK(comes(tcp + "user=plain sslmode=disable application_name='a \"b\", c'"));
  CHECK(comes(tcp + "user=secret password=right sslmode=disable"));
  CHECK(comes(tcp + "user=secret password=right sslmode=require application_name=web"));
  CHECK_FALSE(comes(tcp + "user=secret password=wrong sslmode=disable"));
  CHECK(comes(tcp + pair + "user=app sslmode=require"));
  CHECK_FALSE(comes(tcp + "user=app sslmode=disable"));
  CHECK(comes(socket + "user='odd \"name'"));
  CHECK_FALSE(comes(socket + "user=app dbname=nope"));
  CHECK(comes(socket + "user=postgres replication=true application_name=standby"));
  CHECK(comes(socket + "user=postgres replication=database application_name=ours"));
  probe(server->port);

  const Told expected = {
      "authorized plain@postgres 127.0.0.1 plain [a \"b\", c]",
      "authorized secret@postgres 127.0.0.1 plain [] <secret> scram-sha-256 :5",
      "authorized secret@postgres 127.0.0.1 tls [web] <secret> scram-sha-256 :6",
      "failed secret@postgres 127.0.0.1 plain []",
      "authorized app@postgres 127.0.0.1 tls [] <CN=app> cert :3",
      "failed app@postgres 127.0.0.1 plain []",
      "authorized odd \"name@postgres [local] plain []",
      "failed at start app@nope [local] plain []",
      "authorized postgres@ [local] plain [standby] replication",
      "authorized postgres@postgres [local] plain [ours] replication",
      "abandoned @ 127.0.0.1 plain []",
  };
  const std::vector<std::string> paths = {collected(*server, ".log"), collected(*server, ".csv"),
                                          collected(*server, ".json")};
  wait_for(paths, expected);
  for (const std::string& path : paths) {
    CAPTURE(path);
    const Told made = told(path);
    for (const std::string& each : made) CHECK_MESSAGE(expected.contains(each), each);
    for (const std::string& each : expected) CHECK_MESSAGE(made.contains(each), each);
    CHECK(made.size() == expected.size());
  }
}
