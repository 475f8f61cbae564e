// SPDX-License-Identifier: PostgreSQL
// The environment mark: what a host remembers of the environment it belongs to, so that a second
// ledger, or an old copy of the first, cannot undo what the right one has done, and of its own name
// there, so that another host is not taken for it. /etc/pgseal/mark/ENVIRONMENT, root 0644: lines
// "name = value"; one from before hosts were named lacks "host".
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/time.h"
#include "fleet/act.h"
#include "fleet/facts.h"

namespace slots {

std::string format_mark(const fleet::Mark& mark);
/// Error Code::mark: a line is missing, twice there, unknown, or no number where one must be.
base::Result<fleet::Mark> parse_mark(std::string_view text);

/// Null where there is none. Errors: mark, file_unsafe, file_io.
base::Result<std::optional<fleet::Mark>> read_mark(const std::string& etc,
                                                   const std::string& environment);

/// Whose mark, where, and when.
struct MarkPlace {
  std::string etc;
  std::string environment;
  std::string host;  ///< its name there, by the hello
  base::Time at;
};

/// Error refused_mark, unless the act takes over: another environment or ledger, a generation lower
/// than the host has seen, or another host's name. A mark taken over goes to the archive.
base::Result<fleet::Answer> mark_host(const MarkPlace& place, const fleet::Act& act);

}  // namespace slots
