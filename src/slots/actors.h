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

/// `see_all` and `carry_out` of store.h, with the same errors.
class Actors {
 public:
  std::vector<base::Result<SeenSlot>> see_all(const std::vector<SlotFiles>& all);
  base::Result<SeenSlot> see(const SlotFiles& files);
  base::Result<bool> carry_out(const SlotFiles& files, const Changes& changes);

 private:
  base::Result<std::string> ask(const host::OsUser& user, const std::string& question);

  std::map<uid_t, std::unique_ptr<host::Worker>> workers_;
};

}  // namespace slots
