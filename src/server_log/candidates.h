// SPDX-License-Identifier: PostgreSQL
// The few lines of a log that may be about connections, found in a pass over all its bytes.
#pragma once

#include <cstddef>
#include <string_view>

namespace server_log {

/// Where, from `from` on, "connection a", "connection r" or FATAL with `behind` after it begins;
/// npos: nowhere.
std::size_t find_candidate(std::string_view text, std::size_t from, char behind);

/// Where the last line of a text begins.
std::size_t begin_of_line(std::string_view text);

}  // namespace server_log
