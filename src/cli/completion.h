// SPDX-License-Identifier: PostgreSQL
// Completion in a shell: a script of words that is drawn from the declared options, so that it
// knows each new one. It asks no host and reads no configuration.
#pragma once

#include <string>

#include "cli/options.h"

namespace cli {

/// `shell`: "bash", "zsh" or "fish".
std::string completion_of(const DescribedCommand& program, const std::string& shell);

}  // namespace cli
