// SPDX-License-Identifier: PostgreSQL
// The demo: hands over to the script that lies beside the lab's own, with this program's path. The
// script is narration; every step in it is a pgseal command that a person could type.
#include <errno.h>
#include <fmt/format.h>
#include <unistd.h>

#include "cli/commands.h"

namespace cli {

base::Result<int> demo_command(Shell& shell) {
  const std::string script = shell.outside.lab + "/demo";
  if (::access(script.c_str(), X_OK) != 0)
    return base::system_error(base::Code::file_io,
                              fmt::format("could not find the demo \"{}\"", script), errno);
  const char* keep = shell.options.keep ? "--keep" : nullptr;
  ::execl(script.c_str(), script.c_str(), shell.outside.program.c_str(), keep, nullptr);
  return base::system_error(base::Code::file_io, fmt::format("could not run \"{}\"", script),
                            errno);
}

}  // namespace cli
