// SPDX-License-Identifier: PostgreSQL
// The one question that a command asks before it changes something.
#pragma once

#include <string_view>

#include "cli/commands.h"

namespace cli {

/// Asks on standard error, and waits for y or yes from the terminal; with --yes it is given.
/// Errors: refused_unasked where standard input is no terminal, refused_declined,
/// refused_interrupted.
base::Result<void> consent(Shell& shell, std::string_view question);

}  // namespace cli
