// SPDX-License-Identifier: PostgreSQL
// What a single value of pgseal.toml may be, each a pure function with the reason for its limits:
// null where the value is good, else what is wrong with it and what to write instead.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace configuration {

struct Objection {
  std::string problem;  ///< goes on after the value: `is neither a host name nor an address`
  std::string hint;     ///< a sentence, may be empty
};

using Check = std::optional<Objection> (*)(std::string_view value);

/// Any text without control characters, not empty.
std::optional<Objection> check_words(std::string_view value);
/// [a-z0-9][a-z0-9-]{0,24}.
std::optional<Objection> check_environment_name(std::string_view value);
/// A host name by RFC 1123 or an address as inet_pton(3) reads it.
std::optional<Objection> check_host_name(std::string_view value);
/// "local" or "ssh:DESTINATION".
std::optional<Objection> check_link(std::string_view value);
/// The name of an operating system user.
std::optional<Objection> check_os_user(std::string_view value);
/// The name of a role, which becomes a common name and the name of a folder.
std::optional<Objection> check_role(std::string_view value);
std::optional<Objection> check_database(std::string_view value);
/// An address, or an address with the length of its prefix.
std::optional<Objection> check_network(std::string_view value);
/// Absolute, on a host.
std::optional<Objection> check_absolute_path(std::string_view value);
/// Of a finding: "hba.trust-local".
std::optional<Objection> check_finding_code(std::string_view value);

}  // namespace configuration
