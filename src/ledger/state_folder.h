// SPDX-License-Identifier: PostgreSQL
// The state folder: made 0700, held by one writer at a time through a lock file that says who it
// is. The lock is of the open file (flock): it falls with its holder, however that ends.
#pragma once

#include <string>

#include "base/fd.h"
#include "base/result.h"

namespace ledger {

std::string ledger_path(const std::string& folder);

/// Makes `folder` where it is missing (0700, its parent must exist), takes rights from others where
/// it is there. Error Code::ledger_open where it is no folder or not ours.
base::Result<void> prepare_folder(const std::string& folder);

/// Error Code::ledger_missing where the folder or the ledger in it is missing, Code::ledger_open
/// where either is a link or of the wrong kind, or where others may write into the folder.
base::Result<void> check_folder(const std::string& folder);

/// Errors: Code::locked with the holder's text as detail, Code::ledger_read_only,
/// Code::ledger_open.
base::Result<base::Fd> take_lock(const std::string& folder, const std::string& holder_text);

base::Result<void> sync_folder(const std::string& folder);

}  // namespace ledger
