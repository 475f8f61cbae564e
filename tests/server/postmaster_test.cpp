// SPDX-License-Identifier: PostgreSQL
// The kernel tells of a postmaster whether it waits for connections or is amid a reload.
#include "server/postmaster.h"

#include <doctest/doctest.h>
#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <thread>

#include "base/fd.h"
#include "server/scratch.h"
#include "slots/house.h"

namespace {

using scratch::Server;

base::Fd connected(const Server& server) {
  base::Fd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_un peer{};
  peer.sun_family = AF_UNIX;
  fmt::format("{}/.s.PGSQL.{}", server.sockets, server.port)
      .copy(peer.sun_path, sizeof peer.sun_path - 1);
  REQUIRE(::connect(fd.get(), reinterpret_cast<const sockaddr*>(&peer), sizeof peer) == 0);
  return fd;
}

template <class Condition>
bool comes_true(const Condition& condition) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  while (!condition()) {
    if (std::chrono::steady_clock::now() >= deadline) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
  return true;
}

bool waits(pid_t postmaster) { return server::waits_for_connections(postmaster).value_or(false); }

}  // namespace

TEST_CASE("behind a server's socket is its postmaster, which waits for connections") {
  Server* server = Server::fresh();
  if (server == nullptr) return;
  const pid_t postmaster = server::listener_of(connected(*server).get());
  CHECK(std::to_string(postmaster) ==
        server->get("postmaster.pid").substr(0, server->get("postmaster.pid").find('\n')));
  CHECK(comes_true([&] { return waits(postmaster); }));
}

TEST_CASE("of what is no process, and of no socket, nothing is told") {
  CHECK(!server::waits_for_connections(0));
  CHECK(server::listener_of(-1) == 0);
}

TEST_CASE("a postmaster amid a reload does not wait for connections") {
  Server* server = Server::fresh();
  if (server == nullptr || std::stoi(server->ask("show server_version_num")) < 110000) return;
  const std::filesystem::path folder = server->root + "/log";
  const std::filesystem::path hold = folder / "hold";
  const std::filesystem::path amid = folder / "amid";
  REQUIRE(::mkfifo(hold.c_str(), 0644) == 0);  // whoever reads of it waits for a writer
  std::ofstream(folder / "passphrase")
      << fmt::format("touch {0}; if [ -e {0}.slow ]; then cat {1}; fi; echo geheim\n",
                     amid.string(), hold.string());
  std::filesystem::permissions(folder / "passphrase", std::filesystem::perms(0644));
  server->install("locked.pem", "server.pem");
  server->append(
      "postgresql.conf",
      fmt::format(
          "ssl = on\nssl_cert_file = '{0}'\nssl_key_file = '{0}'\n"
          "ssl_passphrase_command = 'sh {1}'\nssl_passphrase_command_supports_reload = on\n",
          server->etc + "/server/db1/server.pem", (folder / "passphrase").string()));
  server->restart();
  const pid_t postmaster = server::listener_of(connected(*server).get());
  std::filesystem::remove(amid);
  std::ofstream(amid.string() + ".slow").close();
  server->sql("select pg_reload_conf()");
  REQUIRE(comes_true([&] { return std::filesystem::exists(amid); }));
  for (int look = 0; look < 20; ++look) CHECK(server::waits_for_connections(postmaster) == false);
  std::ofstream(hold).close();
  CHECK(comes_true([&] { return waits(postmaster); }));
}
