// SPDX-License-Identifier: PostgreSQL
// Where the line that includes our ssl.conf stands, and what beats what it says. Pure: decided from
// what was seen.
#pragma once

#include <optional>
#include <string>

#include "base/finding.h"
#include "base/result.h"
#include "server/view.h"

namespace server {

/// A file of the server's configuration, as it is and as it shall be.
struct IncludeEdit {
  std::string folder;
  std::string name;
  std::string before;  ///< what must stand there still
  bool exists = true;  ///< false: our file in an include_dir, made anew
  std::string after;
  bool drop_in = false;  ///< our own file in the server's include_dir
};

/// The server's include_dir, where a file of ours there would be read after everything that sets
/// TLS; "" where the line must go to the end of the configuration file itself.
std::string include_folder(const ServerView& view);

/// Whether ssl.conf is included, by the configuration file or by our file in its include_dir.
bool include_in_place(const ServerView& view, const std::string& ssl_conf_path);

/// The edit that includes ssl.conf, null where it is in place already. An include_dir goes before
/// the configuration file: nobody's file is changed then. Errors: server_settings.
base::Result<std::optional<IncludeEdit>> include_edit(const ServerView& view,
                                                      const std::string& ssl_conf_path);

/// server.settings-overridden for each setting of ssl.conf that another file or the command line
/// beats: an error where it says otherwise, a note where it says the same.
base::Findings overrides_of(const ServerView& view, const FoundServer& server,
                            const std::string& ssl_conf_path);

/// server.settings-error for each error of pg_file_settings that keeps a reload from applying
/// anything, or a setting of ours.
base::Findings written_errors(const ServerView& view);

/// Whether two spellings of a setting's value mean the same ("true" and "on", "tlsv1.2").
bool same_value(std::string_view left, std::string_view right);

}  // namespace server
