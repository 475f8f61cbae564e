// SPDX-License-Identifier: PostgreSQL
// The commented pgseal.toml that `pgseal init` writes: live sample hosts and identities under names
// that nobody has (RFC 2606, RFC 5737), every default as a comment. As written it loads.
#pragma once

#include <string>
#include <string_view>

namespace configuration {

/// `environment` must be a valid environment name; it is not checked here.
std::string environment_template(std::string_view environment);

}  // namespace configuration
