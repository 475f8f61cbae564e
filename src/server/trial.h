// SPDX-License-Identifier: PostgreSQL
// A connection string that was put in place and has not been seen to stream. What stood there
// before is noted first: whoever comes after a node that was killed meanwhile knows by it that the
// string is untried, and what to go back to. The note lies in the archive, root's alone, because a
// string may hold a password.
#pragma once

#include <optional>
#include <string>

#include "base/result.h"
#include "slots/files.h"

namespace server {

struct Trial {
  std::string former;         ///< the string that is to come back where the new one fails
  std::string wanted_sha256;  ///< of the one on trial
};

Trial trial_of(const std::string& former, const std::string& wanted);

/// Durable before the string is written. Of an earlier trial nothing is left. Errors: file_*.
base::Result<void> note_trial(const slots::SlotFiles& server, const Trial& trial);

/// Null where none is under way. Errors: file_*.
base::Result<std::optional<Trial>> noted_trial(const slots::SlotFiles& server);

/// A missing note is no error.
base::Result<void> end_trial(const slots::SlotFiles& server);

/// Whether the string on trial is the one in the file, or the one that the server still goes by.
bool on_trial(const Trial& trial, const std::string& written, const std::string& running);

}  // namespace server
