// SPDX-License-Identifier: PostgreSQL
// The smallest edit of a postgresql.conf: one marked block at its end that includes our ssl.conf.
// At the end, because the last assignment wins (config-setting); `include_if_exists`, because a
// copy of the data directory on a bare host must start with TLS off and not die of a missing file.
// Taking the block away again gives the former text byte for byte.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "settings/configuration_file.h"

namespace settings {

/// `text` with our block at its end, naming `ssl_conf_path` (absolute). A block that names this
/// path already, and after which nothing in this file assigns a setting of ours, stays where it is:
/// the text comes back unchanged. Any other block of ours moves to the end; includes that follow
/// are no reason to move (see `Standing`). Nothing but our block is touched; bad lines are no
/// hindrance, the caller has `ConfigurationFile::findings`. Error (server_settings): the path is
/// not absolute.
base::Result<std::string> with_include(std::string_view text, std::string_view ssl_conf_path);

/// `text` without any block of ours. `without_include(*with_include(t, p)) == t` for every t
/// without one, also where t ends without a newline: the block then says so in its comment.
std::string without_include(std::string_view text);

/// How our include line stands in one file.
struct Standing {
  bool present = false;  ///< an include of `ssl_conf_path` is there, inside a block of ours or not
  int line = 0;          ///< of the last such include
  std::vector<Assignment> superseded;   ///< before it: settings of ours that no longer count
  std::vector<Assignment> overriding;   ///< after it: settings of ours that beat ssl.conf
  std::vector<Include> later_includes;  ///< after it: files that may beat ssl.conf
  /// Present, and nothing in this file surely beats it.
  [[nodiscard]] bool as_wanted() const { return present && overriding.empty(); }
};

Standing standing(const ConfigurationFile& file, std::string_view ssl_conf_path);

/// The same as findings about `file_name`: settings.overridden (warning), settings.later-include
/// and settings.superseded (notes).
base::Findings findings_of(const Standing& standing, std::string_view file_name);

/// For a server whose files are kept in an `include_dir`: the file to put there, and its text. The
/// server reads names that end in ".conf" and do not begin with a dot, in the order of their bytes
/// (config-includes), hence a name with "zz" in front.
struct DropIn {
  std::string file_name;
  std::string text;
};
base::Result<DropIn> drop_in(std::string_view ssl_conf_path);
/// The names among `others` that the server would read after our drop-in, so that they beat it.
std::vector<std::string> read_after_drop_in(const std::vector<std::string>& others);

}  // namespace settings
