// SPDX-License-Identifier: PostgreSQL
// Work done as another user of the operating system. Whatever lies in a folder that root does not
// own is touched by a forked child that has become that user for good: a link planted there then
// leads no further than the user could go alone.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <functional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace host {

struct OsUser {
  std::string name;
  uid_t uid = 0;
  gid_t gid = 0;
  std::string home;
  bool operator==(const OsUser&) const = default;
};

OsUser root_user();

/// The entry of the user database. Error Code::user_missing, whose hint is the command that would
/// make the user.
base::Result<OsUser> find_user(const std::string& name);

/// Forks, becomes `user` (groups, group, user; then proves that there is no way back), runs `work`
/// and brings its Result home, value or whole Error. The child keeps nothing that was open, has an
/// environment of HOME, USER and PATH, umask 077, is not dumpable and ends at `deadline`.
/// `work` may use memory, files and sockets, but no lock that another thread of the parent could
/// have held while forking: so no OpenSSL, no name service, no stdio.
/// For root it is a child all the same, without a change of identity.
/// Errors: those of `work`; file_io where the child could not be made, died or took too long.
base::Result<std::string> as_user(const OsUser& user, std::chrono::seconds deadline,
                                  const std::function<base::Result<std::string>()>& work);

/// An outcome as bytes and back, for a child that brings several home. Error internal where the
/// bytes are none.
std::string pack_outcome(const base::Result<std::string>& outcome);
base::Result<std::string> unpack_outcome(std::string_view bytes);

}  // namespace host
