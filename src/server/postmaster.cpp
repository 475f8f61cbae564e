// SPDX-License-Identifier: PostgreSQL
#include "server/postmaster.h"

#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <string_view>

#include "base/fd.h"

namespace server {
namespace {

constexpr std::array waits = {
#ifdef SYS_select
    SYS_select,
#endif
#ifdef SYS_epoll_wait
    SYS_epoll_wait,
#endif
    SYS_pselect6, SYS_epoll_pwait};

}  // namespace

pid_t listener_of(int socket) {
  ucred peer{};
  socklen_t size = sizeof peer;
  if (::getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0) return 0;
  return peer.pid;
}

std::optional<bool> waits_for_connections(pid_t postmaster) {
  if (postmaster <= 0) return std::nullopt;
  const auto told = base::read_file(fmt::format("/proc/{}/syscall", postmaster), 4096);
  if (!told) return std::nullopt;
  const std::string_view text = *told;
  if (text.starts_with("running")) return false;
  long number = -1;  // of its system call, in decimal; -1 outside of any
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (failure != std::errc()) return std::nullopt;
  return std::find(waits.begin(), waits.end(), number) != waits.end();
}

}  // namespace server
