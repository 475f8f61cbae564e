// SPDX-License-Identifier: PostgreSQL
// The commands about a pg_hba.conf as a text: no configuration, no host, no server.
#include <fmt/format.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/text.h"
#include "cli/commands.h"
#include "cli/json.h"
#include "cli/views.h"
#include "hba/rule_file.h"

namespace cli {
namespace {

using base::printable_line;
using base::Result;

/// The file that was named, or standard input, which may be a pipe.
Result<std::string> text_of_file(const std::string& path) {
  if (path == "-") return base::read_all(STDIN_FILENO, hba::Files::longest_file);
  return base::read_file(path, hba::Files::longest_file);
}

Result<hba::Version> version_of(const Shell& shell) {
  if (!shell.options.server_version.empty())
    return hba::parse_version(shell.options.server_version);
  shell.speech.say(fmt::format("as PostgreSQL {} reads it; --pg names another version",
                               hba::to_string(hba::newest)));
  return hba::newest;
}

/// What the view does not show: what the server only logs, and whether it would load the file.
void say_verdict(Shell& shell, const hba::RuleFile& rules) {
  for (const hba::Remark& remark : rules.remarks)
    shell.speech.say(fmt::format("{}:{}: only logged: {}", printable_line(remark.file), remark.line,
                                 printable_line(remark.message)));
  if (!rules.accepted) {
    shell.speech.say("whether the server loads this file, only the server can tell");
    return;
  }
  if (*rules.accepted) return;
  std::size_t bad = 0;
  for (const hba::RuleRow& row : rules.rows)
    if (!row.rule) ++bad;
  shell.speech.say(
      rules.refusal.empty()
          ? fmt::format("the server refuses this file: {}", count(bad, "bad line", "bad lines"))
          : fmt::format("the server refuses this file: {}", printable_line(rules.refusal)));
}

}  // namespace

Result<int> hba_show_command(Shell& shell) {
  const hba::Version version = TRY(version_of(shell));
  const std::string& path = shell.options.file;
  const std::string text = TRY(text_of_file(path));
  const hba::RuleFile rules = hba::read_rules(path, text, version, {}, hba::Files());
  show(shell, text_of(rules, path, version), json_of(rules, version));
  say_verdict(shell, rules);
  return rules.accepted == std::optional(false) ? 1 : 0;
}

}  // namespace cli
