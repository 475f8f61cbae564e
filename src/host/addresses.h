// SPDX-License-Identifier: PostgreSQL
// The addresses at which other hosts reach this one.
#pragma once

#include <string>
#include <vector>

namespace host {

/// Addresses of all interfaces, sorted, each once; without loopback and link-local ones, by which
/// no other host reaches it (getifaddrs(3)). Empty where they cannot be asked.
std::vector<std::string> own_addresses();

}  // namespace host
