// SPDX-License-Identifier: PostgreSQL
#include "host/child.h"

#include <errno.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <grp.h>
#include <poll.h>
#include <pwd.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <charconv>
#include <vector>

#include "base/fd.h"
#include "base/pack.h"

namespace host {
namespace {

using base::Code;
using base::Result;
using Clock = std::chrono::steady_clock;

constexpr int answer_fd = 3;
constexpr std::size_t answer_bytes = 64U << 20;

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
bool keep_only(int pipe) {
  if (pipe != answer_fd && ::dup2(pipe, answer_fd) < 0) return false;
  close_from(answer_fd + 1);
  for (int fd = 0; fd < 3; ++fd) ::close(fd);
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
void arm(std::chrono::seconds deadline) {
  ::signal(SIGALRM, SIG_DFL);
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  ::alarm(static_cast<unsigned>(deadline.count()) + 1);
}

struct Task {
  const OsUser& user;
  const std::vector<gid_t>& groups;
  std::chrono::seconds deadline;
  const std::function<Result<std::string>()>& work;
};

[[noreturn]] void run_child(int pipe, const Task& task) noexcept {
  ::prctl(PR_SET_DUMPABLE, 0);
  arm(task.deadline);
  std::string answer;
  if (!keep_only(pipe) || !become(task.user, task.groups)) {
    answer = pack_outcome(base::system_error(
        Code::file_io, fmt::format("could not become user \"{}\"", task.user.name), errno));
    (void)base::write_all(answer_fd, answer).operator bool();
    ::_exit(1);
  }
  ::prctl(PR_SET_DUMPABLE, 0);  // a change of identity resets it (prctl(2))
  ::umask(077);
  clean_environment(task.user);
  answer = pack_outcome(task.work());
  ::_exit(base::write_all(answer_fd, answer) ? 0 : 1);
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

/// Until the end of the pipe; false where the deadline came first.
Result<bool> collect(int pipe, Clock::time_point end, std::string& answer) {
  char block[16384];
  for (;;) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(end - Clock::now()).count();
    if (left <= 0) return false;
    pollfd waiting{pipe, POLLIN, 0};
    const int ready = ::poll(&waiting, 1, static_cast<int>(left));
    if (ready < 0 && errno != EINTR)
      return base::system_error(Code::file_io, "could not wait for a child", errno);
    if (ready <= 0) continue;
    const ssize_t got = ::read(pipe, block, sizeof block);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return base::system_error(Code::file_io, "could not read from a child", errno);
    if (got == 0) return true;
    answer.append(block, static_cast<std::size_t>(got));
    ::explicit_bzero(block, static_cast<std::size_t>(got));
    if (answer.size() > answer_bytes)
      return base::error(Code::file_io, "a child answered too much");
  }
}

void reap(pid_t child) {
  while (::waitpid(child, nullptr, 0) < 0 && errno == EINTR) {
  }
}

}  // namespace

std::string pack_outcome(const Result<std::string>& outcome) {
  if (outcome) return base::pack({"value", *outcome});
  const base::Error& error = outcome.error();
  return base::pack({"error", std::to_string(static_cast<int>(error.code)), error.message,
                     error.detail, error.hint, error.while_doing});
}

Result<std::string> unpack_outcome(std::string_view bytes) {
  auto items = base::unpack(bytes);
  if (items && items->size() == 2 && items->front() == "value") return std::move((*items)[1]);
  if (!items || items->size() != 6 || items->front() != "error")
    return base::error(Code::internal, "a child answered in another form");
  int number = static_cast<int>(Code::internal);
  const std::string& digits = (*items)[1];
  std::from_chars(digits.data(), digits.data() + digits.size(), number);
  base::Error error = base::error(static_cast<Code>(number), (*items)[2]);
  error.detail = (*items)[3];
  error.hint = (*items)[4];
  error.while_doing = (*items)[5];
  return error;
}

OsUser root_user() { return {"root", 0, 0, "/root"}; }

Result<OsUser> find_user(const std::string& name) {
  std::vector<char> room(4096);
  passwd entry{};
  passwd* found = nullptr;
  int status = 0;
  while ((status = ::getpwnam_r(name.c_str(), &entry, room.data(), room.size(), &found)) == ERANGE)
    room.resize(room.size() * 2);
  if (found != nullptr)
    return OsUser{entry.pw_name, entry.pw_uid, entry.pw_gid,
                  entry.pw_dir == nullptr ? "" : entry.pw_dir};
  auto missing = base::error(Code::user_missing,
                             fmt::format("operating system user \"{}\" does not exist", name));
  if (status != 0 && status != ENOENT) return std::move(missing).with_detail(::strerror(status));
  return std::move(missing).with_hint(
      fmt::format("\"useradd --create-home {}\" makes it; or take it out of os_users.", name));
}

Result<std::string> as_user(const OsUser& user, std::chrono::seconds deadline,
                            const std::function<Result<std::string>()>& work) {
  const std::vector<gid_t> groups = groups_of(user);
  auto [reading, writing] = TRY(base::make_pipe());
  const pid_t child = ::fork();
  if (child < 0) return base::system_error(Code::file_io, "could not fork", errno);
  if (child == 0) run_child(writing.get(), {user, groups, deadline, work});
  writing.reset();
  std::string answer;
  auto ended = collect(reading.get(), Clock::now() + deadline, answer);
  if (!ended || !*ended) ::kill(child, SIGKILL);
  reap(child);
  if (!ended) return std::move(ended).error();
  if (!*ended)
    return base::error(Code::file_io, fmt::format("work as user \"{}\" took longer than {} s",
                                                  user.name, deadline.count()))
        .with_detail("A home on a network file system whose server is away does this.");
  const auto items = base::unpack(answer);
  auto result = items && !items->empty()
                    ? unpack_outcome(answer)
                    : base::error(Code::file_io, fmt::format("the child working as user \"{}\" "
                                                             "died without an answer",
                                                             user.name));
  ::explicit_bzero(answer.data(), answer.size());
  return result;
}

}  // namespace host
