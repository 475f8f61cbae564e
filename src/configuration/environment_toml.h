// SPDX-License-Identifier: PostgreSQL
// pgseal.toml becomes an fleet::Environment, or a list of everything that is wrong with it, each
// with its line and column. Nothing is guessed and nothing unknown is passed over: a misspelt key
// that silently took its default would be a policy that nobody wrote. No value that may be a secret
// is ever in a message.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "base/finding.h"
#include "base/result.h"
#include "fleet/environment.h"

namespace configuration {

/// A longer configuration (or included file) is refused unread.
constexpr std::size_t configuration_bytes = 4 * 1024 * 1024;

/// What reading gave. `findings` holds all problems in the order of the files and their lines,
/// their code that of the error's row ("configuration.unknown-key"), their message beginning with
/// "line 12, column 3: ". `error` is there where one of them is an error, and then `environment` is
/// what could be read of it and is not to be acted upon; findings of lesser severity may stand
/// beside a good environment.
struct Loaded {
  fleet::Environment environment;
  base::Findings findings;
  std::optional<base::Error> error;  ///< the first in message and hint, the others in detail
};

/// Reads `path` and what its `include` names. Relative paths in it are made absolute, relative to
/// the file. The error has exit status 10: Code::config_not_found where the file is not there,
/// else the code of the first problem.
Loaded read_environment(const std::string& path);

/// The same of a text that stands at `path`, but touches no file: `include` is checked for its form
/// and not followed.
Loaded parse_environment(std::string_view text, const std::string& path);

/// read_environment for those who act: the environment without problems, or the error.
base::Result<fleet::Environment> load_environment(const std::string& path);

}  // namespace configuration
