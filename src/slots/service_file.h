// SPDX-License-Identifier: PostgreSQL
// The connection service file (PostgreSQL manual, "The Connection Service File"): how an
// application names an identity whose files are not at libpq's default places. Ours is one marked
// block a service; everything else in the file stays byte for byte.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "host/child.h"

namespace slots {

struct ServiceEntry {
  std::string section;  ///< "pgseal-shop-app"
  std::string user;     ///< the role
  std::string certificate;
  std::string key;
  std::string trust;
};

/// `text` with the entry's block at its place, or at the end where it had none. Errors file_unsafe:
/// a section of that name which is not ours, an unfinished block, or a value that the file's
/// grammar cannot carry (libpq before 13 refuses the whole file for a line of 256 bytes).
base::Result<std::string> with_entry(std::string_view text, const ServiceEntry& entry);

/// Into ~/.pg_service.conf of `user`, as `user`; whether anything changed. Its mode is kept, a new
/// one gets 0600. A file that is no regular one is left: file_unsafe.
base::Result<bool> write_service_entry(const host::OsUser& user, const ServiceEntry& entry);

}  // namespace slots
