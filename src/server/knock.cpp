// SPDX-License-Identifier: PostgreSQL
#include "server/knock.h"

#include <errno.h>
#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstring>
#include <thread>

#include "base/fd.h"

namespace server {
namespace {

using base::Code;
using base::Result;
using Clock = std::chrono::steady_clock;

base::Error refused(int number) {
  return base::system_error(Code::server_down, "could not connect to the server's socket", number);
}

base::Error silent() {
  return base::error(Code::server_silent, "the server did not answer on its socket in time");
}

/// EAGAIN: as many wait to be taken as the postmaster lets (unix(7)).
Result<base::Fd> connected(const sockaddr_un& peer, socklen_t size, Clock::time_point deadline) {
  base::Fd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!fd.open()) return refused(errno);
  std::chrono::milliseconds pause{2};
  while (::connect(fd.get(), reinterpret_cast<const sockaddr*>(&peer), size) != 0) {
    if (errno != EAGAIN && errno != EINTR) return refused(errno);
    if (Clock::now() >= deadline) return silent();
    std::this_thread::sleep_for(pause);
    pause = std::min(pause * 2, std::chrono::milliseconds(100));
  }
  return fd;
}

}  // namespace

Result<void> knock(const SocketAddress& address, std::chrono::milliseconds limit) {
  const Clock::time_point deadline = Clock::now() + limit;
  const std::string path = fmt::format("{}/.s.PGSQL.{}", address.directory, address.port);
  sockaddr_un peer{};
  peer.sun_family = AF_UNIX;
  if (path.size() >= sizeof peer.sun_path) return refused(ENAMETOOLONG);
  std::memcpy(peer.sun_path, path.data(), path.size());
  socklen_t size = sizeof peer;
  if (path.front() == '@') {  // an abstract one, as unix_socket_directories names it from 14 on
    peer.sun_path[0] = '\0';
    size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + path.size());
  }
  const base::Fd fd = TRY(connected(peer, size, deadline));
  constexpr std::array<unsigned char, 8> ssl_request = {0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x2f};
  if (::send(fd.get(), ssl_request.data(), ssl_request.size(), MSG_NOSIGNAL) !=
      static_cast<ssize_t>(ssl_request.size()))
    return refused(errno);
  char answer = 0;
  while (true) {
    const ssize_t got = ::recv(fd.get(), &answer, 1, 0);
    if (got == 1) return {};
    if (got == 0) return refused(ECONNRESET);
    if (errno != EAGAIN && errno != EINTR) return refused(errno);
    if (!wait_for(fd.get(), false, deadline)) return silent();
  }
}

}  // namespace server
