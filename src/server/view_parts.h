// SPDX-License-Identifier: PostgreSQL
// How the server's child sends home what it saw: one packed item for each part.
#pragma once

#include <string>
#include <string_view>

#include "server/sql.h"

namespace server {

enum ViewPart {
  part_version,
  part_identity,
  part_running,
  part_written,
  part_roles,
  part_sessions,
  part_rules,
  part_config,
  part_hba,
  part_drop_in,
  part_replicas,
  part_replication_slots,
  part_following,
  part_conninfo_file,
  part_unanswered,
  view_parts,
};

/// The view that was asked, for messages.
const char* to_string(ViewPart part);

std::string pack_rows(const Rows& rows);
base::Result<Rows> unpack_rows(std::string_view bytes);

}  // namespace server
