// SPDX-License-Identifier: PostgreSQL
// The children that touch what lies in users' homes, one for each user, kept for a conversation:
// forking one for every look and every change costs more than all that is done there.
#pragma once

#include <sys/types.h>

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "host/worker.h"
#include "slots/store.h"

namespace slots {

class Actors {
 public:
  /// Changes nothing. Each slot with its own outcome, in their order; errors as `see_by` of
  /// store.h.
  std::vector<base::Result<SeenSlot>> see_all(const std::vector<SlotFiles>& all);
  base::Result<SeenSlot> see(const SlotFiles& files);
  /// As `carry_out` of store.h, which forks for it.
  base::Result<bool> carry_out(const SlotFiles& files, const Changes& changes);

 private:
  base::Result<std::string> ask(const host::OsUser& user, const std::string& question);

  std::map<uid_t, std::unique_ptr<host::Worker>> workers_;
};

}  // namespace slots
