// SPDX-License-Identifier: PostgreSQL
// Names for addresses, as this machine resolves them. Name services have no deadline and cannot be
// interrupted, so children ask them and are ended when the time is over.
#pragma once

#include <chrono>
#include <map>
#include <string>
#include <vector>

#include "base/result.h"

namespace survey {

/// By address. A name is there only where it leads back to its address: whoever writes the reverse
/// zone of an address may claim any name. Lower case, and a host name by RFC 1123; what is not
/// known, or not within `limit`, is absent. `addresses` as inet_ntop(3) writes them.
/// Error: file_io where no child could be made.
base::Result<std::map<std::string, std::string>> names_of(const std::vector<std::string>& addresses,
                                                          std::chrono::milliseconds limit);

}  // namespace survey
