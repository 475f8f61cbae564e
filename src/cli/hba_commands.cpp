// SPDX-License-Identifier: PostgreSQL
// The commands about a pg_hba.conf as a text: no configuration, no host, no server.
#include <fmt/format.h>
#include <unistd.h>

#include "admission/compare.h"
#include "admission/prove.h"
#include "base/fd.h"
#include "base/text.h"
#include "cli/commands.h"
#include "cli/json.h"
#include "cli/views.h"
#include "hba/rule_file.h"
#include "hba_lint/lint.h"
#include "replay/fate.h"

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

/// What is not proper to one file, but stands in others.
struct Beside {
  admission::Roles roles;
  hba::IdentFile idents;
};

/// Of none that was named nothing is known.
Result<admission::Roles> roles_of(const Options& options) {
  if (options.roles_file.empty()) return admission::Roles();
  const std::string text = TRY(text_of_file(options.roles_file));
  return admission::Roles::parse(options.roles_file, text);
}

/// The maps' file; "" where none was named and none stands beside `file`.
std::string ident_file_of(const Options& options, const std::string& file) {
  if (!options.ident_file.empty()) return options.ident_file;
  std::string path = hba::resolve_beside(file, "pg_ident.conf");
  return file == "-" || ::access(path.c_str(), F_OK) != 0 ? std::string() : path;
}

/// Of "" nothing is known. The server goes by its former maps where it refuses a file.
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

Result<Beside> beside(Shell& shell, const hba::Version& version) {
  const Options& options = shell.options;
  Beside made;
  made.roles = TRY(roles_of(options));
  made.idents = TRY(idents_of(shell, ident_file_of(options, options.file), version));
  return made;
}

/// A file that the server refuses decides nothing.
Result<hba::RuleFile> loadable(const std::string& path, const hba::Version& version) {
  const std::string text = TRY(text_of_file(path));
  hba::RuleFile rules = hba::read_rules(path, text, version, {}, hba::Files());
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

Result<std::optional<admission::Addresses>> networks_of(const std::vector<std::string>& texts) {
  if (texts.empty()) return std::optional<admission::Addresses>();
  admission::Addresses all;
  for (const std::string& text : texts) {
    const std::size_t slash = text.find('/');
    const hba::NumericAddress read = hba::read_address(text.substr(0, slash));
    hba::AddressSpec spec;
    std::optional<hba::Address> mask;
    if (read.state == hba::NumericAddress::State::address && slash != std::string::npos)
      mask = hba::mask_of_length(text.substr(slash + 1), read.address.family);
    if (!mask)
      return base::error(base::Code::usage,
                         fmt::format("\"{}\" is no network", printable_line(text)))
          .with_hint("Write an address and a length, as 10.0.0.0/8 or 2001:db8::/32.");
    spec = {hba::AddressSpec::Kind::network, read.address, *mask, ""};
    const auto some = admission::addresses_of(spec);
    all.ipv4.insert(all.ipv4.end(), some->ipv4.begin(), some->ipv4.end());
    all.ipv6.insert(all.ipv6.end(), some->ipv6.begin(), some->ipv6.end());
  }
  return std::optional(admission::united(all));
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

Result<int> hba_lint_command(Shell& shell) {
  const Options& options = shell.options;
  const hba::Version version = TRY(version_of(shell));
  const std::string text = TRY(text_of_file(options.file));
  const admission::Roles roles = TRY(roles_of(options));
  const std::string ident_file = ident_file_of(options, options.file);
  std::optional<std::string> idents;
  if (!ident_file.empty()) idents = TRY(text_of_file(ident_file));
  const hba::Files files;
  const hba_lint::Report report = hba_lint::lint(
      {options.file, text, version, {}, files, roles, ident_file, std::move(idents)});
  shell.speech.result(shell.options.json ? json_of(report, version)
                                         : text_of(report.findings, shell.speech.ink()));
  say_verdict(shell, report.rules);
  return base::any_problem(report.findings) ? 1 : 0;
}

Result<int> hba_explain_command(Shell& shell) {
  const admission::Connection connection =
      TRY(admission::parse_connection(shell.options.connection));
  const hba::Version version = TRY(version_of(shell));
  const Beside others = TRY(beside(shell, version));
  const hba::RuleFile rules = TRY(loadable(shell.options.file, version));
  const admission::Decision decision =
      admission::Rules(rules, others.idents, others.roles, version, {}).explain(connection);
  show(shell, text_of(decision), json_of(decision));
  return 0;
}

Result<int> hba_prove_command(Shell& shell) {
  const Options& options = shell.options;
  const hba::Version version = TRY(version_of(shell));
  const Beside others = TRY(beside(shell, version));
  admission::Question question;
  question.require =
      options.require == "tls" ? admission::Requirement::tls : admission::Requirement::certificate;
  for (const std::vector<std::string>* names : {&options.roles, &options.databases})
    if (std::find(names->begin(), names->end(), "") != names->end())
      return base::error(base::Code::usage,
                         "a role or a database without a name cannot be asked about")
          .with_hint("Leave --role or --database away to ask about all.");
  question.roles = options.roles;
  question.databases = options.databases;
  question.networks = TRY(networks_of(options.networks));
  question.include_local = options.include_local;
  const hba::RuleFile rules = TRY(loadable(shell.options.file, version));
  const admission::Proof proof =
      admission::prove({rules, others.idents, others.roles, version, {}}, question);
  show(shell, text_of(proof), json_of(proof, options.require));
  return proof.proven ? 0 : 1;
}

namespace {

/// What can be wrong with its options taken together.
Result<void> check_replay_options(const Options& options) {
  const bool log = !options.log_file.empty();
  const bool sessions = !options.sessions_file.empty();
  if (log == sessions)
    return base::error(base::Code::usage, log ? "--log and --sessions are two questions"
                                              : "hba replay is not told whose sessions")
        .with_hint("Give either --sessions FILE or --log FILE.");
  if (!log && !options.log_line_prefix.empty())
    return base::error(base::Code::usage, "--log-line-prefix is about --log, which is missing");
  if (options.file == "-" && (log ? options.log_file : options.sessions_file) == "-")
    return base::error(base::Code::usage, fmt::format("FILE and --{} are both the standard input",
                                                      log ? "log" : "sessions"));
  return {};
}

}  // namespace

Result<int> hba_replay_command(Shell& shell) {
  TRY(check_replay_options(shell.options));
  const hba::Version version = TRY(version_of(shell));
  const Beside others = TRY(beside(shell, version));
  const hba::RuleFile file = TRY(loadable(shell.options.file, version));
  const admission::Rules rules(file, others.idents, others.roles, version, {});
  if (!shell.options.log_file.empty()) return replay_log_command(shell, rules);
  const std::string& path = shell.options.sessions_file;
  const std::string text = TRY(text_of_file(path));
  const std::vector<replay::Session> sessions = TRY(replay::read_sessions(path, text));
  const std::vector<replay::Group> groups = replay::replay(sessions, rules);
  show(shell, text_of(groups), json_of(groups));
  return replay::all_let_in(groups) ? 0 : 1;
}

Result<int> hba_diff_command(Shell& shell) {
  const Options& options = shell.options;
  if (options.file == "-" && options.new_file == "-")
    return base::error(base::Code::usage, "only one of two files can be standard input");
  const hba::Version version = TRY(version_of(shell));
  const admission::Roles roles = TRY(roles_of(options));
  std::string old_maps = ident_file_of(options, options.file);
  std::string new_maps = ident_file_of(options, options.new_file);
  // A file that has no maps beside it is not about maps.
  if (old_maps.empty()) old_maps = new_maps;
  if (new_maps.empty()) new_maps = old_maps;
  const hba::IdentFile old_idents = TRY(idents_of(shell, old_maps, version));
  const hba::IdentFile new_idents =
      new_maps == old_maps ? old_idents : TRY(idents_of(shell, new_maps, version));
  const hba::RuleFile old_rules = TRY(loadable(options.file, version));
  const hba::RuleFile new_rules = TRY(loadable(options.new_file, version));
  const admission::Comparison comparison = admission::compare(
      {old_rules, old_idents, roles, version, {}}, {new_rules, new_idents, roles, version, {}});
  show(shell, text_of(comparison), json_of(comparison));
  return comparison.equivalent ? 0 : 1;
}

}  // namespace cli
