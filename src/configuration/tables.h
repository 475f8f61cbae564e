// SPDX-License-Identifier: PostgreSQL
// The tables of pgseal.toml, one function each, and what must hold between them.
#pragma once

#include <string>
#include <vector>

#include "configuration/reader.h"
#include "fleet/environment.h"

namespace configuration {

/// An environment in the making: with the places that the last checks speak of.
struct Draft {
  fleet::Environment environment;
  struct Reference {
    std::string host;  ///< the word as written
    Spot spot;
  };
  struct Referrer {
    std::string what;  ///< `identity "deploy"`
    std::vector<Reference> references;
  };
  struct Lifetime {
    std::string name;
    int days = 0;
    Spot spot;
    bool written = false;
  };
  std::vector<Referrer> referrers;
  std::vector<Lifetime> lifetimes;  ///< of what an authority signs
  Lifetime authority{"authority_days", 0, {}, false};
  std::vector<Spot> host_spots;      ///< of environment.hosts
  std::vector<Spot> identity_spots;  ///< of environment.identities
  std::vector<std::string> includes;
  std::vector<Position> include_places;
};

/// The main file.
void read_main(const Value& top, Draft& draft, Problems& problems);
/// A file that `include` named: hosts, identities, exceptions and silences only.
void read_included(const Value& top, Draft& draft, Problems& problems);
/// What holds between tables and files; after all of them were read.
void check_whole(const Draft& draft, Problems& problems);

}  // namespace configuration
