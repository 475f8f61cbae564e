// SPDX-License-Identifier: PostgreSQL
// pgseal-node: the hand on one host. It answers a conversation on standard input and output, and
// executes nothing. This is where its real world is built.
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <exception>

#include "link/serve.h"
#include "node/engine.h"
#include "probe/handshake.h"

namespace {

/// The link may have left descriptors, a mask and a folder of its user's.
void settle() {
  ::signal(SIGPIPE, SIG_IGN);  // a controller that went away is an error of write
#ifdef SYS_close_range
  (void)::syscall(SYS_close_range, 3U, ~0U, 0U);
#endif
  ::umask(022);
  ::prctl(PR_SET_DUMPABLE, 0);  // private keys pass through this memory
  if (::chdir("/") != 0) ::_exit(2);
}

/// Without standard input and output there is no conversation, and the numbers would go to files.
bool connected() { return ::fcntl(0, F_GETFD) >= 0 && ::fcntl(1, F_GETFD) >= 0; }

int serve() {
  probe::NetworkProber prober;
  const auto served = links::serve(
      0, 1, [&](const fleet::Brief& brief) -> base::Result<std::unique_ptr<fleet::Conversation>> {
        return std::unique_ptr<fleet::Conversation>(TRY(node::Engine::make(brief, prober)));
      });
  if (served) return 0;
  ::fprintf(stderr, "pgseal-node: %s\n", served.error().message.c_str());
  return base::exit_status(served.error().code);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc == 2 && ::strcmp(argv[1], "--version") == 0) {
    ::puts("pgseal-node " PGSEAL_VERSION);
    return 0;
  }
  if (argc != 1) {
    ::fputs("usage: pgseal-node [--version]\npgseal runs it over ssh and speaks with it.\n",
            stderr);
    return 2;
  }
  if (!connected()) return 2;
  settle();
  try {
    return serve();
  } catch (const std::exception& fault) {
    ::fprintf(stderr, "pgseal-node: internal error: %s\n", fault.what());
    return 1;
  }
}
