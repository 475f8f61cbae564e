// SPDX-License-Identifier: PostgreSQL
// A PostgreSQL version as pg_hba.conf's language depends on it: 10 to 18, to the minor release
// where a minor release changed the language.
#pragma once

#include <compare>
#include <cstddef>
#include <string>
#include <string_view>

#include "base/result.h"

namespace hba {

struct Version {
  int major = 18;
  int minor = 6;
  auto operator<=>(const Version&) const = default;
};

/// The newest release that this program knows.
constexpr Version newest{18, 6};

/// "15" (its newest minor that is known) or "15.4". Error usage: no version of 10 to 18.
base::Result<Version> parse_version(std::string_view text);
std::string to_string(const Version& version);

/// A backslash at a line's end joins the next (src/backend/libpq/hba.c from 14 on).
bool joins_lines(const Version& version);
/// `include`, `include_if_exists`, `include_dir`, and regular expressions for roles and databases.
bool has_includes(const Version& version);
/// Names of the startup packet are cut to so many bytes (NAMEDATALEN - 1); 0: they are not.
std::size_t longest_name(const Version& version);
/// A rule's longer or empty names catch nobody.
bool can_be_asked_for(const std::string& name, const Version& version);
/// What the server takes of a name that a client gives.
std::string cut_name(const std::string& name, const Version& version);
/// The longest token that loads, in bytes; 0: any.
std::size_t longest_token(const Version& version);
/// The buffer that a physical line is read into, in bytes; 0: lines of any length.
std::size_t line_buffer(const Version& version);

}  // namespace hba
