// SPDX-License-Identifier: PostgreSQL
// One node at a time changes a host: an orphan whose controller went away may still be finishing
// its act, and is waited for no longer than that. A lock of the kernel (flock(2)), so it ends with
// its holder, whatever became of it.
#pragma once

#include <string>

#include "base/fd.h"
#include "base/result.h"
#include "base/time.h"

namespace host {

class HostLock {
 public:
  /// Held until destroyed. `path` lies in a folder of root. Errors: host_locked with the holder's
  /// process and start in the detail; file_unsafe; file_io.
  static base::Result<HostLock> take(const std::string& path, base::Time at);

 private:
  explicit HostLock(base::Fd file) : file_(std::move(file)) {}
  base::Fd file_;
};

}  // namespace host
