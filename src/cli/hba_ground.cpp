// SPDX-License-Identifier: PostgreSQL
#include "cli/hba_ground.h"

#include <fmt/format.h>
#include <unistd.h>

#include <set>

#include "base/fd.h"
#include "base/text.h"

namespace cli {
namespace {

using base::printable_line;
using base::Result;

/// What was asked for, what the server is, or the newest.
Result<hba::Version> version_of(Shell& shell, const std::optional<survey::Catalog>& catalog) {
  if (!shell.options.server_version.empty())
    return hba::parse_version(shell.options.server_version);
  if (catalog && !catalog->newer) return catalog->version;
  if (catalog)
    shell.speech.say(
        fmt::format("the server is PostgreSQL {}, which is newer than any that is known",
                    printable_line(catalog->said_version)));
  shell.speech.say(fmt::format("as PostgreSQL {} reads it; --pg names another version",
                               hba::to_string(hba::newest)));
  return hba::newest;
}

/// Of none that was named nothing is known.
Result<admission::Roles> roles_of(const Options& options) {
  if (options.roles_file.empty()) return admission::Roles();
  const std::string text = TRY(text_of_file(options.roles_file));
  return admission::Roles::parse(options.roles_file, text);
}

}  // namespace

Result<std::optional<survey::Conversation>> server_of(Shell& shell) {
  if (!shell.options.dsn) return std::optional<survey::Conversation>();
  const survey::Dsn dsn{*shell.options.dsn, "--dsn"};
  TRY(survey::check_dsn(dsn));
  return std::optional(TRY(survey::Conversation::open(dsn, survey::whole_lists())));
}

Result<Ground> ground_of(Shell& shell, std::optional<survey::Conversation>& server) {
  Ground made;
  if (server) made.catalog = TRY(survey::ask_catalog(*server));
  made.version = TRY(version_of(shell, made.catalog));
  if (made.catalog) made.traits = made.catalog->traits;
  if (made.catalog && shell.options.roles_file.empty()) {
    made.roles = made.catalog->memberships;
    made.members = "the server";
  } else {
    made.roles = TRY(roles_of(shell.options));
  }
  return made;
}

Result<Ground> ground_of(Shell& shell) {
  std::optional<survey::Conversation> server = TRY(server_of(shell));
  return ground_of(shell, server);
}

Result<std::string> text_of_file(const std::string& path) {
  if (path == "-") return base::read_all(STDIN_FILENO, hba::Files::longest_file);
  return base::read_file(path, hba::Files::longest_file);
}

std::string ident_file_of(const Options& options, const std::string& file) {
  if (!options.ident_file.empty()) return options.ident_file;
  std::string path = hba::resolve_beside(file, "pg_ident.conf");
  return file == "-" || ::access(path.c_str(), F_OK) != 0 ? std::string() : path;
}

Result<hba::IdentFile> idents_of(Shell& shell, const std::string& path,
                                 const hba::Version& version) {
  hba::IdentFile unknown;
  unknown.known = false;
  if (path.empty()) return unknown;
  const std::string text = TRY(text_of_file(path));
  hba::IdentFile read = hba::read_idents(path, text, version, hba::Files());
  for (const hba::IdentRow& row : read.rows) {
    if (row.mapping) continue;
    shell.speech.say(fmt::format(
        "{}:{}: {}: the server does not load these maps, so which ones it goes by is not known",
        printable_line(row.file), row.line, printable_line(row.error)));
    return unknown;
  }
  return read;
}

Result<hba::RuleFile> loadable(const std::string& path, const Ground& ground) {
  const std::string text = TRY(text_of_file(path));
  hba::RuleFile rules = hba::read_rules(path, text, ground.version, ground.traits, hba::Files());
  if (rules.accepted != std::optional(false)) return rules;
  std::string why = rules.refusal;
  for (const hba::RuleRow& row : rules.rows)
    if (!row.rule && why.empty())
      why = fmt::format("{}:{}: {}", row.file, row.line,
                        row.error.empty() ? "the server refuses this line" : row.error);
  return base::error(base::Code::parse, fmt::format("the server refuses {}", printable_line(path)))
      .with_detail(printable_line(why))
      .with_hint(
          "The server goes by its former rules until all lines are good; pgseal hba show "
          "names each bad one.");
}

Result<void> check_log_options(const Options& options) {
  if (options.log_file.empty() && !options.log_line_prefix.empty())
    return base::error(base::Code::usage, "--log-line-prefix is about --log, which is missing");
  if (options.file == "-" && options.log_file == "-")
    return base::error(base::Code::usage, "FILE and --log are both the standard input");
  return {};
}

server_log::Settings log_settings(const Options& options, const std::string& command) {
  server_log::Settings settings;
  settings.name = options.log_file;
  settings.line_prefix = options.log_line_prefix;
  settings.command = fmt::format("pgseal hba {} --log -", command);
  return settings;
}

void say_unreadable(Speech& speech, const server_log::Summary& log) {
  if (log.unreadable > 0)
    speech.say(
        fmt::format("{} that may be about a connection cut off, ambiguous, contradicted or of an "
                    "unknown form, and left out",
                    count(log.unreadable, "line", "lines")));
  if (log.shrunk)
    speech.say("the log was cut short while it was read, and what it had there is lost");
  else if (log.cut)
    speech.say("the log ends in the middle of a line");
}

bool say_hidden(Shell& shell, const std::vector<survey::Hidden>& hidden) {
  if (hidden.empty()) return false;
  std::uint64_t sessions = 0;
  std::set<std::string> roles;
  for (const survey::Hidden& each : hidden) {
    sessions += each.count;
    roles.insert(each.role.empty() ? "one that was dropped" : printable_line(each.role));
  }
  shell.speech.say(fmt::format(
      "the server hides from where and how {} came: {}; a member of pg_monitor sees all",
      count(sessions, "session or process", "sessions or processes"), fmt::join(roles, ", ")));
  return true;
}

}  // namespace cli
