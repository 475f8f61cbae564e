// SPDX-License-Identifier: PostgreSQL
// slots/store.h over a disk in memory: seeing a slot and carrying out changes, primitive by
// primitive in the order of the real one. What to change is decided by the node's own code
// (slots/changes.h), so that the fake cannot be kinder in its judgement.
#pragma once

#include "base/result.h"
#include "fakes/disk.h"
#include "server/include_edit.h"
#include "slots/changes.h"
#include "slots/files.h"

namespace fakes {

base::Result<slots::SeenSlot> see(const Disk& disk, const slots::SlotFiles& files);
base::Result<bool> carry_out(Disk& disk, const slots::SlotFiles& files,
                             const slots::Changes& changes);

/// As server/edit_place.h: what stood there is kept first.
void archive_text(Disk& disk, const slots::SlotFiles& files, const std::string& name,
                  const std::string& text);
void apply_edit(Disk& disk, const slots::SlotFiles& files, const server::IncludeEdit& edit);

/// Folders from `base` down, made where they lack.
std::string make_below(Disk& disk, const slots::SlotFiles& files,
                       const std::vector<std::string>& folders, slots::FolderModes modes);
/// "/etc" and {"pgseal", "mark"} as one path.
std::string joined(const std::string& base, const std::vector<std::string>& folders);
/// Whether `uid`, a member of no group but its own, may read a file of that state.
bool may_read(const host::FileState& state, uid_t uid);

}  // namespace fakes
