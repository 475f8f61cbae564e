// SPDX-License-Identifier: PostgreSQL
#include "link/child.h"

#include <errno.h>
#include <fmt/format.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <thread>

namespace links {
namespace {

using base::Code;
using base::Result;
using std::chrono::milliseconds;

/// The two settings of posix_spawn, freed with this object.
class Settings {
 public:
  Settings() {
    ::posix_spawn_file_actions_init(&actions_);
    ::posix_spawnattr_init(&attributes_);
  }
  Settings(const Settings&) = delete;
  Settings& operator=(const Settings&) = delete;
  ~Settings() {
    ::posix_spawn_file_actions_destroy(&actions_);
    ::posix_spawnattr_destroy(&attributes_);
  }

  void place(int fd, int number) { ::posix_spawn_file_actions_adddup2(&actions_, fd, number); }

  /// Neither our signal mask nor an ignored signal is inherited.
  void own_group_and_signals() {
    sigset_t none;
    sigset_t all;
    ::sigemptyset(&none);
    ::sigfillset(&all);
    ::sigdelset(&all, SIGKILL);
    ::sigdelset(&all, SIGSTOP);
    ::posix_spawnattr_setsigmask(&attributes_, &none);
    ::posix_spawnattr_setsigdefault(&attributes_, &all);
    ::posix_spawnattr_setpgroup(&attributes_, 0);
    ::posix_spawnattr_setflags(
        &attributes_, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
  }

  int spawn(pid_t& pid, std::vector<char*>& arguments) {
    return ::posix_spawnp(&pid, arguments[0], &actions_, &attributes_, arguments.data(), environ);
  }

 private:
  posix_spawn_file_actions_t actions_;
  posix_spawnattr_t attributes_;
};

}  // namespace

Result<std::unique_ptr<Child>> Child::start(const std::vector<std::string>& arguments) {
  std::unique_ptr<Child> child(new Child);
  auto spawned = child->spawn(arguments);
  if (!spawned) {
    auto failure = std::move(spawned).error();
    failure.code = Code::link_spawn;
    return failure;
  }
  return child;
}

Result<void> Child::spawn(const std::vector<std::string>& arguments) {
  auto [input_end, input] = TRY(base::make_pipe());
  auto [output, output_end] = TRY(base::make_pipe());
  auto [errors, errors_end] = TRY(base::make_pipe());
  Settings settings;
  settings.place(input_end.get(), STDIN_FILENO);
  settings.place(output_end.get(), STDOUT_FILENO);
  settings.place(errors_end.get(), STDERR_FILENO);
  settings.own_group_and_signals();
  std::vector<char*> vector;
  vector.reserve(arguments.size() + 1);
  // NOLINTNEXTLINE(cppcoreguidelines-pro-type-const-cast): execve's own signature
  for (const auto& argument : arguments) vector.push_back(const_cast<char*>(argument.c_str()));
  vector.push_back(nullptr);
  const int failed = settings.spawn(pid_, vector);
  if (failed != 0) {
    pid_ = -1;
    return base::system_error(Code::link_spawn, fmt::format("could not start \"{}\"", arguments[0]),
                              failed);
  }
  input_ = std::move(input);
  output_ = std::move(output);
  errors_ = std::move(errors);
  return {};
}

std::optional<int> Child::wait(Deadline until) {
  milliseconds pause{1};
  while (!status_ && pid_ > 0) {
    int state = 0;
    const pid_t ended = ::waitpid(pid_, &state, WNOHANG);
    if (ended == pid_) {
      status_ = WIFSIGNALED(state) ? 128 + WTERMSIG(state) : WEXITSTATUS(state);
    } else if (ended < 0 && errno != EINTR) {
      status_ = 255;  // reaped by someone else: nothing is known, and nothing is left to signal
    } else if (std::chrono::steady_clock::now() >= until) {
      return std::nullopt;
    } else {
      std::this_thread::sleep_for(pause);
      pause = std::min(pause * 2, milliseconds(16));
    }
  }
  return status_;
}

Child::~Child() {
  if (pid_ <= 0) return;
  close_input();
  if (wait(after(grace_))) return;
  ::kill(-pid_, SIGTERM);
  if (wait(after(milliseconds(500)))) return;
  ::kill(-pid_, SIGKILL);
  wait(no_deadline);
}

Result<Ran> run(const std::vector<std::string>& arguments, Deadline until) {
  const auto child = TRY(Child::start(arguments));
  child->close_input();
  child->set_grace(milliseconds(0));
  Channel channel(child->output(), -1, child->errors());
  Ran ran;
  ran.output = TRY(channel.read_to_end(until));
  const auto status = child->wait(until);
  if (!status)
    return base::error(Code::link_timeout, fmt::format("\"{}\" did not end in time", arguments[0]));
  ran.status = *status;
  ran.errors = channel.side_text();
  return ran;
}

}  // namespace links
