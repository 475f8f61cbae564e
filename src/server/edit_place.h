// SPDX-License-Identifier: PostgreSQL
// Whether the line that includes ssl.conf can be put where it belongs: asked when the host is
// observed, so that nothing is begun that cannot be ended, and again before anything is written.
#pragma once

#include <string>
#include <string_view>

#include "base/error.h"
#include "base/finding.h"
#include "base/result.h"
#include "host/child.h"
#include "server/include_edit.h"
#include "server/server_child.h"
#include "server/view.h"
#include "slots/files.h"

namespace server {

/// Whoever may write there. Error server_settings.
base::Result<host::OsUser> owner_of_folder(const std::string& path);

base::Error refused_place(const IncludeEdit& edit, std::string_view why);

/// What can be said before anything is written; the editing child looks again.
base::Result<void> check_place(const IncludeEdit& edit, const host::OsUser& owner);

/// Keeps `text` under a name that follows from it, so that the same text is kept once. It may hold
/// passwords: root's alone.
base::Result<void> archive_text(const slots::SlotFiles& files, const std::string& name,
                                const std::string& text);

/// Archives what stands there and replaces it whole, as the folder's owner, no link followed, owner
/// and mode as they were. Error file_changed where it is not `edit.before`.
base::Result<void> apply_edit(const IncludeEdit& edit, const slots::SlotFiles& files,
                              ServerChild& child);

/// The child's half of it: as the folder's owner, no link followed, owner and mode as they were.
/// Errors: file_changed, server_settings, file_io.
base::Result<std::string> replace_packed(std::string_view packed, const std::string& owner_name);

/// "server.config-unwritable" where an edit is needed and could not be made.
base::Findings obstacles_to_edit(const ServerView& view, const std::string& ssl_conf_path,
                                 ServerChild& child);

}  // namespace server
