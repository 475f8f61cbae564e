// SPDX-License-Identifier: PostgreSQL
// A node that does nothing: what the tests of link/ put on a host in pgseal-node's place.
#include <unistd.h>

#include "link/echo_engine.h"
#include "link/serve.h"

// An act that hangs outlives its link, as a real one would; the alarm ends it with the tests.
int main() {
  ::alarm(120);
  return links::serve(STDIN_FILENO, STDOUT_FILENO, EchoEngine::open) ? 0 : 1;
}
