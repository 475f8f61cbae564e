// SPDX-License-Identifier: PostgreSQL
// Files under another hand: Patroni, Puppet and others write configuration files anew, so that an
// edit of ours would vanish at their next run. They say so in comments; this is the table of what
// they say. A guess for a warning, never a permission.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace settings {

struct ManagerPattern {
  std::string_view manager;  ///< "Patroni"; "an unnamed tool" where the text names none
  std::string_view words;    ///< lower case, single blanks; found within one comment line
  bool whole_file;           ///< false: the words mark only a part of the file, or one line
};

struct Manager {
  std::string name;        ///< as in the table
  bool whole_file = true;  ///< false: it keeps only a part, the rest is free
  int line = 0;            ///< 1-based, where it says so
  std::string evidence;    ///< that line, trimmed
};

/// All rows, the more telling first. A test walks them.
std::span<const ManagerPattern> manager_patterns();

/// Who says in the comments of `text` (postgresql.conf, pg_hba.conf, pg_ident.conf) that the file
/// is theirs. Whole-file words count within the first 40 lines only. Null: nobody does.
std::optional<Manager> manager_of(std::string_view text);

}  // namespace settings
