// SPDX-License-Identifier: PostgreSQL
// A knock is answered by a server that takes connections, and by nothing else.
#include "server/knock.h"

#include <doctest/doctest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstddef>
#include <filesystem>

#include "base/fd.h"
#include "server/scratch.h"

namespace {

using base::Code;
using scratch::Server;
using std::chrono::milliseconds;

/// A socket on which nobody answers.
base::Fd listening(const std::string& path) {
  base::Fd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_un own{};
  own.sun_family = AF_UNIX;
  path.copy(own.sun_path, sizeof own.sun_path - 1);
  if (path.front() == '@') own.sun_path[0] = '\0';
  const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + path.size());
  REQUIRE(::bind(fd.get(), reinterpret_cast<const sockaddr*>(&own), size) == 0);
  REQUIRE(::listen(fd.get(), 0) == 0);
  return fd;
}

}  // namespace

TEST_CASE("a server answers a knock, one that has ended does not") {
  Server* server = Server::fresh();
  if (server == nullptr) return;
  CHECK(server::knock({server->sockets, server->port, ""}, milliseconds(5000)));
  const auto none = server::knock({server->sockets, server->port + 1, ""}, milliseconds(5000));
  REQUIRE(!none);
  CHECK(none.error().code == Code::server_down);
}

TEST_CASE("a socket of the abstract namespace is found by its name") {
  const std::string name = "@pgseal-knock-test-" + std::to_string(::getpid());
  const auto none = server::knock({name, 7, ""}, milliseconds(50));
  REQUIRE(!none);
  CHECK(none.error().code == Code::server_down);
  const base::Fd socket = listening(name + "/.s.PGSQL.7");
  const auto silent = server::knock({name, 7, ""}, milliseconds(50));
  REQUIRE(!silent);
  CHECK(silent.error().code == Code::server_silent);
}

TEST_CASE("a knock that nobody answers ends in its time, also where nobody takes it") {
  const auto folder = std::filesystem::temp_directory_path() / "pgseal-knock-test";
  std::filesystem::remove_all(folder);
  std::filesystem::create_directory(folder);
  {
    const base::Fd socket = listening(folder / ".s.PGSQL.7");
    for (int i = 0; i < 3; ++i) {  // the queue of listen(2) with 0 holds one
      const auto silent = server::knock({folder, 7, ""}, milliseconds(50));
      REQUIRE(!silent);
      CHECK(silent.error().code == Code::server_silent);
    }
  }
  const auto closed = server::knock({folder, 7, ""}, milliseconds(50));
  REQUIRE(!closed);
  CHECK(closed.error().code == Code::server_down);
  const auto long_name = server::knock({std::string(200, 'x'), 7, ""}, milliseconds(50));
  REQUIRE(!long_name);
  CHECK(long_name.error().code == Code::server_down);
  std::filesystem::remove_all(folder);
}
