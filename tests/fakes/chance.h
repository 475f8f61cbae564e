// SPDX-License-Identifier: PostgreSQL
// The dice of a world in memory: what OpenSSL takes for random is drawn from a seed, each thread by
// itself. A run that is made again makes the same keys, serial numbers and signatures, and what was
// once parsed in one run need not be parsed in the next.
#pragma once

#include <cstdint>

namespace fakes {

/// From here on this thread's keys follow from `seed`. The first call changes the whole process.
void seed_chance(std::uint64_t seed);

}  // namespace fakes
