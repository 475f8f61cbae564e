// SPDX-License-Identifier: PostgreSQL
// pgseal, the controller: builds the real world and hands it down. Nothing else.
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <unistd.h>

#include <atomic>
#include <cstdio>

#include "cli/commands.h"
#include "link/routes.h"
#include "node/engine.h"
#include "probe/handshake.h"
#include "ssh/ssh.h"

namespace {

std::atomic<int> interrupts{0};

/// The first Ctrl-C lets the act in hand end; the second ends the process at once.
void on_interrupt(int number) {
  if (++interrupts > 1) {
    ::signal(number, SIG_DFL);
    ::raise(number);
  }
}

/// A ledger or a host's link that got the number of a closed standard stream would be printed into.
/// What reads or writes such a stream meets EBADF or end of file instead.
void fill_standard_streams() {
  for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; ++fd)
    if (::fcntl(fd, F_GETFD) == -1)
      (void)::open("/dev/null", fd == STDERR_FILENO ? O_WRONLY : O_RDONLY);
}

std::string folder_of_program() {
  char path[PATH_MAX] = {};
  const ssize_t length = ::readlink("/proc/self/exe", path, sizeof path - 1);
  const std::string whole(path, length > 0 ? static_cast<std::size_t>(length) : 0);
  return whole.substr(0, whole.rfind('/'));
}

std::string first_of(std::initializer_list<std::string> paths) {
  for (const std::string& path : paths)
    if (::access(path.c_str(), R_OK) == 0) return path;
  return *paths.begin();
}

base::Result<cli::Doors> open_doors(const fleet::Environment& environment) {
  ssh::SshSetup setup;
  setup.settings = environment.ssh;
  setup.node_path =
      first_of({folder_of_program() + "/pgseal-node", "/usr/libexec/pgseal/pgseal-node"});
  cli::Doors doors;
  doors.prober = std::make_unique<probe::NetworkProber>();
  fleet::Prober& prober = *doors.prober;  // lives as long as the doors do
  const links::OpenEngine local =
      [&prober](const fleet::Brief& brief) -> base::Result<std::unique_ptr<fleet::Conversation>> {
    return std::unique_ptr<fleet::Conversation>(TRY(node::Engine::make(brief, prober)));
  };
  doors.links =
      std::make_unique<links::RoutingLinks>(local, std::make_unique<ssh::SshLinks>(setup));
  return doors;
}

}  // namespace

int main(int argc, char** argv) {
  fill_standard_streams();
  ::signal(SIGPIPE, SIG_IGN);
  ::signal(SIGINT, on_interrupt);
  ::signal(SIGTERM, on_interrupt);
  if (::signal(SIGHUP, on_interrupt) == SIG_IGN) ::signal(SIGHUP, SIG_IGN);  // nohup(1)
  cli::Outside outside;
  outside.open_doors = open_doors;
  outside.now = [] {
    return std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
  };
  outside.interrupted = [] { return interrupts > 0; };
  outside.program = folder_of_program() + "/pgseal";
  outside.lab = first_of(
      {folder_of_program() + "/../share/pgseal/lab", folder_of_program() + "/../../tests/lab"});
  try {
    return cli::run({argv + 1, argv + argc}, outside);
  } catch (const std::exception& thrown) {
    std::fprintf(stderr, "pgseal: internal error: %s\n", thrown.what());
    return 1;
  }
}
