// SPDX-License-Identifier: PostgreSQL
// The ledger's tables, each with the reason for its being.
#pragma once

#include <cstdint>

namespace ledger {

/// In the file's header: "pgsl". A file with another belongs to another program.
constexpr std::int64_t application_id = 0x7067736c;
/// PRAGMA user_version. Raised with every change of the schema; an older pgseal refuses a newer.
constexpr std::int64_t schema_version = 1;

extern const char* const schema;

}  // namespace ledger
