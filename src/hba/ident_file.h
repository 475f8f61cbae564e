// SPDX-License-Identifier: PostgreSQL
// A pg_ident.conf as a server of a version takes it: maps of names that an authentication method
// found out (an OS user, a certificate's CN) to roles (chapter "User Name Maps";
// src/backend/libpq/hba.c, parse_ident_line).
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "hba/tokens.h"

namespace hba {

struct IdentLine {
  std::string map;
  Token system_user;  ///< with "/": a regular expression, in every version
  Token role;         ///< "all", "+group" and "/…" are more than names from 16 on
};

/// A row of pg_ident_file_mappings.
struct IdentRow {
  std::string file;
  int line = 0;
  std::optional<IdentLine> mapping;  ///< null: the server refuses the line
  std::string error;
  bool undecided = false;  ///< only the server can tell whether its expression compiles
};

struct IdentFile {
  bool known = true;  ///< false: nobody said which maps there are
  std::vector<IdentRow> rows;
  std::vector<Remark> remarks;
  std::optional<bool> accepted;  ///< null: only the server can tell
};

/// Total: any bytes are taken. Unlike pg_hba.conf a file without lines is a good one.
IdentFile read_idents(const std::string& file, std::string_view text, const Version& version,
                      const Sources& sources);

}  // namespace hba
