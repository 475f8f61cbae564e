// SPDX-License-Identifier: PostgreSQL
// Where the authorities' passphrase comes from, in this order: the descriptor that
// PGSEAL_PASSPHRASE_FD names, the systemd credential "pgseal-passphrase", the configuration's
// passphrase_file, a prompt on the terminal. Never an argument, never an environment variable's
// value.
#pragma once

#include "operations/world.h"

namespace cli {

/// Whether it comes from somewhere else than a person at the terminal.
bool passphrase_at_hand(const fleet::Environment& environment);

/// Errors: authority_passphrase where there is none to be had, file_io.
operations::PassphraseSource passphrase_source(const fleet::Environment& environment);

}  // namespace cli
