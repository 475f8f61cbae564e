// SPDX-License-Identifier: PostgreSQL
// A list of byte strings as one byte string: what a forked child of the node writes to its pipe.
// Not the protocol: that is JSON in frames, and lives in link/.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace base {

std::string pack(const std::vector<std::string>& items);
Result<std::vector<std::string>> unpack(std::string_view bytes);

}  // namespace base
