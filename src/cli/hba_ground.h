// SPDX-License-Identifier: PostgreSQL
// What the answer of an hba command rests on beside its files of rules: the version, memberships
// and settings, as options or the server of --dsn give them.
#pragma once

#include <optional>
#include <string>

#include "admission/prove.h"
#include "cli/commands.h"
#include "server_log/reader.h"
#include "survey/catalog.h"
#include "survey/connected.h"

namespace cli {

struct Ground {
  hba::Version version;
  hba::ServerTraits traits;
  admission::Roles roles;                  ///< of those that were neither given nor asked nothing
  std::optional<survey::Catalog> catalog;  ///< of --dsn
  const char* members = "the list";        ///< whose memberships these are
};

/// Who is asked, once for a command; null without --dsn. Errors: those of check_dsn and
/// Conversation::open.
base::Result<std::optional<survey::Conversation>> server_of(Shell& shell);

/// --pg and --roles go before what the server says. Without either the newest version that is
/// known is taken and said.
base::Result<Ground> ground_of(Shell& shell, std::optional<survey::Conversation>& server);
/// Of a command that asks the server nothing else.
base::Result<Ground> ground_of(Shell& shell);

/// The file that was named, or standard input, which may be a pipe.
base::Result<std::string> text_of_file(const std::string& path);

/// The maps' file; "" where none was named and none stands beside `file`.
std::string ident_file_of(const Options& options, const std::string& file);

/// Of "" nothing is known. The server goes by its former maps where it refuses a file.
base::Result<hba::IdentFile> idents_of(Shell& shell, const std::string& path,
                                       const hba::Version& version);

/// Error parse of a file that the server refuses: it decides nothing.
base::Result<hba::RuleFile> loadable(const std::string& path, const Ground& ground);

/// What --log can be wrong with beside others.
base::Result<void> check_log_options(const Options& options);

/// How --log is read by `command` of hba.
server_log::Settings log_settings(const Options& options, const std::string& command);

/// Says how much of a log was left out because it could not be understood or was cut off.
void say_unreadable(Speech& speech, const server_log::Summary& log);

/// Says of whom the server hides whence they came; false where it hides nobody.
bool say_hidden(Shell& shell, const std::vector<survey::Hidden>& hidden);

}  // namespace cli
