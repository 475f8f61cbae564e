// SPDX-License-Identifier: PostgreSQL
// The scratch server itself; its test shows that it gives back what it was made with.
#include <doctest/doctest.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "host/child.h"
#include "server/scratch.h"
#include "slots/house.h"

namespace scratch {
namespace {

/// The installed server's, or another version's.
const std::string& programs() {
  static const char* named = ::getenv("PGSEAL_POSTGRES_BIN");
  static const std::string folder = named == nullptr ? "/usr/lib/postgresql/15/bin" : named;
  return folder;
}

int free_port() {
  const base::Fd listener(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  REQUIRE(bind(listener.get(), reinterpret_cast<sockaddr*>(&address), size) == 0);
  REQUIRE(getsockname(listener.get(), reinterpret_cast<sockaddr*>(&address), &size) == 0);
  return ntohs(address.sin_port);
}

host::OsUser postgres() { return house::must(host::find_user("postgres")); }

/// An OS user of this program's own: libpq finds a home by the user database, and no real one's is
/// to be written to. The user database is covered for this program and its children alone.
void add_user(const std::string& root) {
  if (unshare(CLONE_NEWNS) != 0) return;
  REQUIRE(mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0);
  const std::string passwd = root + "/passwd";
  std::ofstream(passwd) << house::content("/etc/passwd")
                        << fmt::format("sealtest:x:61234:61234::{}/home:/bin/sh\n", root);
  chmod(passwd.c_str(), 0644);
  REQUIRE(mount(passwd.c_str(), "/etc/passwd", nullptr, MS_BIND, nullptr) == 0);
  const std::string home = root + "/home";
  mkdir(home.c_str(), 0755);
  REQUIRE(chown(home.c_str(), 61234, 61234) == 0);
}

}  // namespace

std::uint64_t setting(const char* name, std::uint64_t usual) {
  const char* text = ::getenv(name);
  return text == nullptr ? usual : std::strtoull(text, nullptr, 10);
}

std::string shell(const std::string& command, bool as_postgres) {
  const std::string whole = fmt::format(
      "exec 2>&1 </dev/null; cd /; timeout 60 {} sh -c '{}'",
      as_postgres ? "setpriv --reuid=postgres --regid=postgres --init-groups --reset-env" : "",
      command);
  FILE* pipe = popen(whole.c_str(), "re");
  REQUIRE(pipe != nullptr);
  std::string output;
  char block[4096];
  for (std::size_t got = 0; (got = fread(block, 1, sizeof block, pipe)) > 0;)
    output.append(block, got);
  const int status = pclose(pipe);
  if (status != 0) FAIL(command << " ended with " << status << ": " << output);
  return output;
}

Server* Server::fresh() {
  if (house::root_is_missing()) return nullptr;
  if (access(fmt::format("{}/initdb", programs()).c_str(), X_OK) != 0 ||
      !host::find_user("postgres")) {
    MESSAGE("skipped: there is no server in " << programs());
    return nullptr;
  }
  static std::unique_ptr<Server> only;
  if (!only) {
    only = std::make_unique<Server>();
  } else {
    only->put_back();
  }
  return only.get();
}

Server::Server() {
  char name[] = "/tmp/pgseal-server.XXXXXX";
  root = mkdtemp(name);
  chmod(root.c_str(), 0755);
  data = root + "/data";
  sockets = root + "/s";
  etc = root + "/etc/pgseal";
  log = root + "/log/server.log";
  keys = root + "/keys";
  for (const char* folder :
       {"/etc", "/etc/pgseal", "/etc/pgseal/server", "/etc/pgseal/server/db1", "/keys"}) {
    mkdir((root + folder).c_str(), 0755);
  }
  for (const char* folder : {"/s", "/log", "/data"}) {
    mkdir((root + folder).c_str(), 0755);
    REQUIRE(chown((root + folder).c_str(), postgres().uid, postgres().gid) == 0);
  }
  add_user(root);
  make_keys();
  make();
}

Server::~Server() {
  if (running_) {
    // The program ends here: nothing may fail any more.
    static_cast<void>(std::system(
        fmt::format(
            "setpriv --reuid=postgres --regid=postgres --clear-groups {}/pg_ctl -D {} -m immediate "
            "-w stop >/dev/null 2>&1",
            programs(), data)
            .c_str()));
  }
  std::error_code ignored;
  std::filesystem::remove_all(root, ignored);
}

void Server::make() {
  port = free_port();
  shell(fmt::format("{}/initdb -D {} -U postgres --no-sync -E UTF8 --locale=C -A trust", programs(),
                    data),
        true);
  first_configuration_ = fmt::format(
      "# a scratch server\nlisten_addresses = '127.0.0.1'\nport = {}\nfsync = off\n"
      "unix_socket_directories = '{}'\nmax_connections = 20\nshared_buffers = 8MB\n",
      port, sockets);
  first_rules_ = "local all postgres peer\nlocal all all scram-sha-256\n";
  put_back();
}

void Server::put_back() {
  put("postgresql.conf", first_configuration_);
  put("postgresql.auto.conf", "");
  put("pg_ident.conf", "");
  put("pg_hba.conf", first_rules_);
  for (const std::string& path :
       {data + "/conf.d", etc + "/server/db1", etc + "/archive", root + "/home/.postgresql"}) {
    std::filesystem::remove_all(path);
  }
  mkdir((etc + "/server/db1").c_str(), 0755);
  std::filesystem::remove(root + "/home/.pgpass");
  restart();
}

void Server::stop() {
  if (!running_) return;
  shell(fmt::format("{}/pg_ctl -D {} -m immediate -w stop >/dev/null 2>&1", programs(), data),
        true);
  running_ = false;
}

void Server::restart(const std::string& options) {
  stop();
  put("../log/server.log", "");
  shell(fmt::format(
            "{0}/pg_ctl -D {1} -l {2} -w -o \"{3}\" start >/dev/null 2>&1 || (tail {2}; false)",
            programs(), data, log, options),
        true);
  running_ = true;
}

bool Server::starts() {
  stop();
  running_ = shell(fmt::format("{}/pg_ctl -D {} -l {} -w start >/dev/null 2>&1 && echo started || "
                               "true",
                               programs(), data, log),
                   true)
                 .starts_with("started");
  return running_;
}

std::string Server::ask(const std::string& query) const {
  return house::must(
      host::as_user(postgres(), std::chrono::seconds(10), [&]() -> base::Result<std::string> {
        server::Session session = TRY(
            server::Session::open({sockets, port, "postgres"}, std::chrono::milliseconds(5000)));
        const server::Rows rows = TRY(session.ask(query));
        return rows.empty() || rows[0].empty() ? std::string() : server::text_of(rows[0][0]);
      }));
}

void Server::sql(const std::string& statement) const { static_cast<void>(ask(statement)); }

void Server::put(const std::string& name, const std::string& text) const {
  const std::string path = data + "/" + name;
  std::ofstream(path, std::ios::binary | std::ios::trunc) << text;
  chmod(path.c_str(), 0600);
  REQUIRE(chown(path.c_str(), postgres().uid, postgres().gid) == 0);
}

std::string Server::get(const std::string& name) const { return house::content(data + "/" + name); }

void Server::append(const std::string& name, const std::string& text) const {
  put(name, get(name) + text);
}

void Server::make_keys() const {
  const auto authority = [&](const std::string& name) {
    shell(
        fmt::format("openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 30 "
                    "-subj /O=shop/CN={1} -keyout {0}/{1}.key -out {0}/{1}.crt",
                    keys, name));
  };
  const auto pair = [&](const std::string& name, const std::string& by,
                        const std::string& subject) {
    shell(
        fmt::format("cd {0}; printf \"subjectAltName=DNS:localhost,IP:127.0.0.1\" > ext; "
                    "openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj {3} "
                    "-keyout {1}.key -out {1}.csr; openssl x509 -req -in {1}.csr -CA {2}.crt "
                    "-CAkey {2}.key -CAcreateserial -days 20 -extfile ext -out {1}.crt; "
                    "cat {1}.key {1}.crt > {1}.pem",
                    keys, name, by, subject));
  };
  authority("authority");
  authority("clients");
  authority("foreign");
  pair("server", "authority", "/CN=db1");
  pair("renewed", "authority", "/CN=db1");
  pair("client", "clients", "/CN=app");
  pair("rogue", "foreign", "/CN=app");
  shell(fmt::format(
      "cd {}; cat renewed.key server.crt > mismatched.pem; openssl ec -aes256 -passout pass:geheim "
      "-in server.key -out locked.key; cat locked.key server.crt > locked.pem; "
      "openssl req -x509 -newkey rsa:1024 -nodes -days 30 -subj /CN=small -keyout small.key "
      "-out small.crt; cat small.key small.crt > small.pem",
      keys));
}

void Server::install(const std::string& name, const std::string& as) const {
  const std::string path = etc + "/server/db1/" + as;
  std::filesystem::remove(path);
  std::ofstream(path, std::ios::binary) << house::content(keys + "/" + name);
  const bool key = as == "server.pem";
  chmod(path.c_str(), key ? 0600 : 0644);
  if (key) REQUIRE(chown(path.c_str(), postgres().uid, postgres().gid) == 0);
}

fleet::Brief Server::brief() const {
  fleet::Brief brief;
  brief.environment = "shop";
  brief.host = "db1";
  brief.database = true;
  brief.data_directory = data;
  return brief;
}

server::ServerPlaces Server::places() const {
  return {etc, {"/proc", root + "/none", root + "/none", root + "/none", root + "/none"}};
}

fleet::HostFacts Server::observe() const {
  fleet::HostFacts facts;
  facts.host = "db1";
  node().observe(facts);
  return facts;
}

fleet::Act Server::write_act(bool client_trust) const {
  fleet::Act act = house::act(fleet::ActKind::write_server_settings, fleet::server_slot("db1"));
  act.settings.client_trust = client_trust;
  act.settings.min_protocol = "TLSv1.2";
  const fleet::HostFacts facts = observe();
  REQUIRE(facts.server);
  act.expected_sha256 = facts.server->config_sha256;
  return act;
}

std::string Server::served() const {
  return shell(fmt::format(
      "openssl s_client -starttls postgres -connect 127.0.0.1:{} </dev/null 2>/dev/null | "
      "openssl x509 -noout -fingerprint -sha256 2>/dev/null || true",
      port));
}

std::string Server::fingerprint(const std::string& name) const {
  return shell(fmt::format("openssl x509 -in {}/{} -noout -fingerprint -sha256", keys, name));
}

TEST_CASE("the scratch server comes back as it was made") {
  Server* server = Server::fresh();
  if (server == nullptr) return;
  server->sql("alter system set log_connections = on");
  server->put("pg_hba.conf", "nonsense\n");
  server->put("pg_ident.conf", "nonsense\n");
  CHECK(Server::fresh() == server);
  CHECK(server->ask("select current_setting('log_connections')") == "off");
  CHECK(server->ask("select current_setting('ssl')") == "off");
  CHECK(server->served().empty());
  CHECK(server->get("pg_ident.conf").empty());
}

}  // namespace scratch
