// SPDX-License-Identifier: PostgreSQL
#include "cli/consent.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cstdio>
#include <iostream>

namespace cli {

base::Result<void> consent(Shell& shell, std::string_view question) {
  if (shell.options.yes) return {};
  if (::isatty(STDIN_FILENO) != 1)
    return base::error(base::Code::refused_unasked, "nothing was changed: nobody could be asked")
        .with_detail("Standard input is not a terminal, and --yes was not given.");
  fmt::print(shell.speech.talk(), "{} [y/N] ", question);
  std::fflush(shell.speech.talk());
  std::string answer;
  std::getline(std::cin, answer);
  if (shell.outside.interrupted())
    return base::error(base::Code::refused_interrupted, "nothing was changed: interrupted");
  if (answer == "y" || answer == "yes") return {};
  return base::error(base::Code::refused_declined, "nothing was changed: the answer was no");
}

}  // namespace cli
