// SPDX-License-Identifier: PostgreSQL
// The commented pgseal.toml that `pgseal init` writes: live sample hosts and identities under names
// that nobody has (RFC 2606, RFC 5737), every default as a comment. As written it loads.
#pragma once

#include <string>
#include <string_view>

namespace configuration {

/// `environment` must be a valid environment name; it is not checked here.
std::string environment_template(std::string_view environment);

/// Its parts, for a file with hosts and identities of its own between them: everything up to the
/// hosts, and what comes after the identities.
std::string environment_head(std::string_view environment);
std::string environment_tail();

/// A basic string of TOML with its quotes. `text` must have passed `check_words`.
std::string toml_string(std::string_view text);

}  // namespace configuration
