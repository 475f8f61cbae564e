// SPDX-License-Identifier: PostgreSQL
// pgseal, the controller: builds the real world and hands it down. Nothing else.
#include <signal.h>
#include <unistd.h>

#include <atomic>
#include <cstdio>
#include <filesystem>

#include "base/fd.h"
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

std::string folder_of_program() {
  std::error_code none;
  return std::filesystem::read_symlink("/proc/self/exe", none).parent_path().string();
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
  base::fill_standard_streams();
  ::signal(SIGPIPE, SIG_IGN);
  for (const int number : {SIGINT, SIGTERM}) ::signal(number, on_interrupt);
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
