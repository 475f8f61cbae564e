// SPDX-License-Identifier: PostgreSQL
// A fork that has become another user for good: what as_user and Worker have in common.
#pragma once

#include <sys/types.h>

#include <functional>

#include "base/result.h"
#include "host/child.h"

namespace host {

/// The one descriptor that such a child keeps open, by this number.
constexpr int kept_fd = 3;

/// Forks. The child has `descriptor` as `kept_fd` and nothing else open, has become `user`, cannot
/// go back, has an environment of HOME, USER and PATH, umask 077 and is not dumpable; SIGALRM ends
/// it. It runs `body`, which hears whether all that succeeded, and exits by what it gives. Error
/// file_io.
base::Result<pid_t> fork_as(const OsUser& user, int descriptor,
                            const std::function<bool(const base::Result<void>& became)>& body);

/// Waits for a child's end.
void reap(pid_t child);

}  // namespace host
