// SPDX-License-Identifier: PostgreSQL
#include "host/fork_as.h"

#include <errno.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <grp.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <vector>

namespace host {
namespace {

using base::Code;
using base::Result;

// ---- in the child: system calls and memory only -------------------------------------------------

/// Older kernels than 5.9 lack close_range(2).
void close_from(unsigned first) {
#ifdef SYS_close_range
  if (::syscall(SYS_close_range, first, ~0U, 0U) == 0) return;
#endif
  rlimit limit{};
  const bool known = ::getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < 1U << 20;
  const int end = known ? static_cast<int>(limit.rlim_cur) : 65536;
  for (int fd = static_cast<int>(first); fd < end; ++fd) ::close(fd);
}

/// Standard input and output are the conversation with the controller: they go too.
bool keep_only(int descriptor) {
  if (descriptor != kept_fd && ::dup2(descriptor, kept_fd) < 0) return false;
  close_from(kept_fd + 1);
  for (int fd = 0; fd < kept_fd; ++fd) ::close(fd);
  // Numbers 0 to 2 stay taken, lest a library that prints writes into a file.
  const int null = ::open("/dev/null", O_RDWR | O_NOFOLLOW);
  if (null >= 0 && null != 0) return false;
  return null < 0 || (::dup2(0, 1) >= 0 && ::dup2(0, 2) >= 0);
}

/// As OpenSSH's permanently_set_uid: groups, group, user; then the way back must be shut.
bool become(const OsUser& user, const std::vector<gid_t>& groups) {
  if (::geteuid() == user.uid && user.uid == 0) return true;
  if (::geteuid() == 0 && ::setgroups(groups.size(), groups.data()) != 0) return false;
  if (::setresgid(user.gid, user.gid, user.gid) != 0) return false;
  if (::setresuid(user.uid, user.uid, user.uid) != 0) return false;
  if (::setuid(0) == 0 || ::seteuid(0) == 0) return false;
  if (user.gid != 0 && (::setgid(0) == 0 || ::setegid(0) == 0)) return false;
  uid_t real = 0;
  uid_t effective = 0;
  uid_t saved = 0;
  return ::getresuid(&real, &effective, &saved) == 0 && real == user.uid && effective == user.uid &&
         saved == user.uid;
}

void clean_environment(const OsUser& user) {
  ::clearenv();
  ::setenv("HOME", user.home.c_str(), 1);
  ::setenv("USER", user.name.c_str(), 1);
  ::setenv("PATH", "/usr/bin:/bin", 1);
}

/// A child that hangs in a system call of some network file system outlives a killed parent: its
/// own alarm ends it.
void let_alarms_end_it() {
  ::signal(SIGALRM, SIG_DFL);
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
}

using Body = std::function<bool(const Result<void>&)>;

[[noreturn]] void run_child(int descriptor, const OsUser& user, const std::vector<gid_t>& groups,
                            const Body& body) noexcept {
  ::prctl(PR_SET_DUMPABLE, 0);
  let_alarms_end_it();
  if (!keep_only(descriptor) || !become(user, groups)) {
    body(base::system_error(Code::file_io, fmt::format("could not become user \"{}\"", user.name),
                            errno));
    ::_exit(1);
  }
  ::prctl(PR_SET_DUMPABLE, 0);  // a change of identity resets it (prctl(2))
  ::umask(077);
  clean_environment(user);
  ::_exit(body({}) ? 0 : 1);
}

// ---- in the parent ------------------------------------------------------------------------------

/// Asked before the fork: the name service takes locks.
std::vector<gid_t> groups_of(const OsUser& user) {
  int count = 64;
  std::vector<gid_t> groups(static_cast<std::size_t>(count));
  if (::getgrouplist(user.name.c_str(), user.gid, groups.data(), &count) < 0) {
    groups.resize(static_cast<std::size_t>(count));
    if (::getgrouplist(user.name.c_str(), user.gid, groups.data(), &count) < 0) count = 0;
  }
  groups.resize(static_cast<std::size_t>(count));
  if (groups.empty()) groups.push_back(user.gid);
  return groups;
}

}  // namespace

Result<pid_t> fork_as(const OsUser& user, int descriptor, const Body& body) {
  const std::vector<gid_t> groups = groups_of(user);
  const pid_t child = ::fork();
  if (child < 0) return base::system_error(Code::file_io, "could not fork", errno);
  if (child == 0) run_child(descriptor, user, groups, body);
  return child;
}

void reap(pid_t child) {
  while (::waitpid(child, nullptr, 0) < 0 && errno == EINTR) {
  }
}

}  // namespace host
