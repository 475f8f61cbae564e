// SPDX-License-Identifier: PostgreSQL
// Which file systems a ledger cannot lie on: those that other machines write at the same time. WAL
// needs memory shared by all who have the file open, and the lock holds on this machine alone.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace ledger {

/// The name of a network file system with this statfs(2) f_type, "" for any other. Those in user
/// space share one number and are told by `type`, their word in mountinfo ("fuse.sshfs"): one that
/// is not known to go over a network passes, for encrypted home folders are in user space too.
std::string network_filesystem(std::int64_t f_type, std::string_view type);

/// The type of file system, as mountinfo(5) has it, for device "0:52"; "" where it is not there.
std::string mount_type(std::string_view mountinfo, std::string_view device);

/// Error Code::ledger_open where `folder` lies on a network file system.
base::Result<void> refuse_network_filesystem(const std::string& folder);

}  // namespace ledger
