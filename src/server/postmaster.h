// SPDX-License-Identifier: PostgreSQL
// What the kernel tells of the process that takes a server's connections.
#pragma once

#include <sys/types.h>

#include <optional>

namespace server {

/// Who listens on the other end of a connected Unix socket: the peer's credentials are those of
/// listen(2) (unix(7), SO_PEERCRED), so of the postmaster and not of the child that it forked. In
/// this process's own numbers; 0 where it has none there.
pid_t listener_of(int socket);

/// Whether it sleeps where a postmaster waits for connections, so that it is amid nothing and has
/// no signal to take: its main loop sleeps in select(2) up to 15 and in epoll_wait(2) from 16 on
/// (postmaster.c, ServerLoop), and a reload in neither. Null where the kernel does not tell
/// (proc_pid_syscall(5): it asks the right to trace), or what it tells is of no known machine.
std::optional<bool> waits_for_connections(pid_t postmaster);

}  // namespace server
