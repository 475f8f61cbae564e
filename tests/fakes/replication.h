// SPDX-License-Identifier: PostgreSQL
// How a standby in memory reaches the server that it follows: by its primary_conninfo, with the
// files that libpq would open, and what the other side sees of it.
#pragma once

#include <string>
#include <vector>

#include "fakes/libpq.h"
#include "fleet/environment.h"

namespace fakes {

/// What came of one attempt to stream.
struct Dialed {
  const fleet::Host* primary = nullptr;  ///< whom the string leads to; null: nobody known
  Attempt attempt;
  std::string role;
  std::string certificate;  ///< that was shown and taken, "" none
};

Dialed dial(const fleet::Environment& environment, const std::map<std::string, Host>& hosts,
            const Host& standby, const std::string& conninfo, base::Time at);

/// `synchronous_standby_names`' word for the `index`th of its standbys.
std::string sync_state(const std::string& names, std::size_t index);

}  // namespace fakes
