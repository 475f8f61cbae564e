// SPDX-License-Identifier: PostgreSQL
// A node that does nothing: what the tests of link/ put on a host in pgseal-node's place.
#include "echo_engine.h"
#include "link/serve.h"

int main() { return links::serve(STDIN_FILENO, STDOUT_FILENO, EchoEngine::open) ? 0 : 1; }
