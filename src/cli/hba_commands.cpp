// SPDX-License-Identifier: PostgreSQL
// The commands about a pg_hba.conf as a text: no configuration, no host, a server where --dsn names
// one.
#include <fmt/format.h>

#include "admission/compare.h"
#include "admission/prove.h"
#include "base/text.h"
#include "cli/commands.h"
#include "cli/hba_fix.h"
#include "cli/hba_ground.h"
#include "cli/json.h"
#include "cli/views.h"
#include "hba/rule_file.h"
#include "hba_lint/fix.h"
#include "replay/fate.h"

namespace cli {
namespace {

using base::printable_line;
using base::Result;

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

void say_doubts(Shell& shell, const hba::RuleFile& rules) {
  for (const hba::RuleRow& row : rules.rows)
    if (!row.doubt.empty())
      shell.speech.say(fmt::format("{}:{}: only the server can tell: {}", printable_line(row.file),
                                   row.line, printable_line(row.doubt)));
}

/// A file's rules with all that they are judged by.
struct Judges {
  Ground ground;
  hba::IdentFile idents;
  hba::RuleFile file;

  [[nodiscard]] admission::Subject subject() const {
    return {file, idents, ground.roles, ground.version, ground.traits, ground.members};
  }
  [[nodiscard]] admission::Rules rules() const {
    return {file, idents, ground.roles, ground.version, ground.traits};
  }
};

Result<Judges> judges_of(Shell& shell, std::optional<survey::Conversation>& server) {
  Judges made;
  made.ground = TRY(ground_of(shell, server));
  const std::string maps = ident_file_of(shell.options, shell.options.file);
  made.idents = TRY(idents_of(shell, maps, made.ground.version));
  made.file = TRY(loadable(shell.options.file, made.ground));
  return made;
}

Result<Judges> judges_of(Shell& shell) {
  std::optional<survey::Conversation> server = TRY(server_of(shell));
  return judges_of(shell, server);
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
    if (read.address.family == hba::Family::ipv6 &&
        common(some->ipv6, admission::client_addresses().ipv6).empty())
      return base::error(base::Code::usage,
                         fmt::format("no client has an address of \"{}\"", printable_line(text)))
          .with_hint(
              "The server knows IPv4 clients by their IPv4 address; write their network so.");
    all.ipv4.insert(all.ipv4.end(), some->ipv4.begin(), some->ipv4.end());
    all.ipv6.insert(all.ipv6.end(), some->ipv6.begin(), some->ipv6.end());
  }
  return std::optional(admission::united(all));
}

}  // namespace

Result<int> hba_show_command(Shell& shell) {
  const Ground ground = TRY(ground_of(shell));
  const std::string& path = shell.options.file;
  const std::string text = TRY(text_of_file(path));
  const hba::RuleFile rules =
      hba::read_rules(path, text, ground.version, ground.traits, hba::Files());
  // pg_ident.conf is shown where it is named.
  const std::string& ident_file = shell.options.ident_file;
  std::optional<hba::IdentFile> maps;
  if (!ident_file.empty()) {
    const std::string lines = TRY(text_of_file(ident_file));
    maps = hba::read_idents(ident_file, lines, ground.version, hba::Files());
  }
  std::string tables = text_of(rules, path, ground.version);
  if (maps) tables += "\n" + text_of(*maps, ident_file);
  show(shell, tables, json_of(rules, maps ? &*maps : nullptr, ground.version));
  say_doubts(shell, rules);
  say_verdict(shell, rules);
  const bool bad_maps = maps && maps->accepted == std::optional(false);
  if (bad_maps) shell.speech.say("the server refuses these maps, and goes by its former ones");
  return rules.accepted == std::optional(false) || bad_maps ? 1 : 0;
}

Result<int> hba_lint_command(Shell& shell) {
  const Options& options = shell.options;
  const Ground ground = TRY(ground_of(shell));
  const std::string text = TRY(text_of_file(options.file));
  const std::string ident_file = ident_file_of(options, options.file);
  std::optional<std::string> idents;
  if (!ident_file.empty()) idents = TRY(text_of_file(ident_file));
  const hba::Files files;
  const hba_lint::Subject subject{options.file,
                                  text,
                                  ground.version,
                                  ground.traits,
                                  files,
                                  ground.roles,
                                  ident_file,
                                  std::move(idents),
                                  ground.catalog ? &ground.catalog->facts : nullptr};
  hba_lint::Fixed seen;
  if (options.fix)
    seen = TRY(mend(shell, subject));
  else
    seen.report = hba_lint::lint(subject);
  if (options.fix && options.file == "-")
    shell.speech.say(text_of(seen.report.findings, shell.speech.ink()));
  else
    shell.speech.result(options.json ? json_of(seen, ground.version)
                                     : text_of(seen.report.findings, shell.speech.ink()));
  say_verdict(shell, seen.report.rules);
  return base::any_problem(seen.report.findings) ? 1 : 0;
}

Result<int> hba_explain_command(Shell& shell) {
  const admission::Connection connection =
      TRY(admission::parse_connection(shell.options.connection));
  const Judges judges = TRY(judges_of(shell));
  const admission::Decision decision = judges.rules().explain(connection);
  show(shell, text_of(decision), json_of(decision));
  return 0;
}

Result<int> hba_prove_command(Shell& shell) {
  const Options& options = shell.options;
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
  const Judges judges = TRY(judges_of(shell));
  const admission::Proof proof = admission::prove(judges.subject(), question);
  show(shell, text_of(proof), json_of(proof, options.require));
  return proof.proven ? 0 : 1;
}

namespace {

/// What can be wrong with its options taken together.
Result<void> check_replay_options(const Options& options) {
  const bool log = !options.log_file.empty();
  const bool sessions = !options.sessions_file.empty();
  if (log && sessions)
    return base::error(base::Code::usage, "--log and --sessions are two questions")
        .with_hint("Give either --sessions FILE or --log FILE.");
  if (!log && !sessions && !options.dsn)
    return base::error(base::Code::usage, "nothing says whose sessions are meant")
        .with_hint("--sessions names a list of them, --log a log, --dsn a server that has them.");
  if (options.file == "-" && options.sessions_file == "-")
    return base::error(base::Code::usage, "FILE and --sessions are both the standard input");
  return check_log_options(options);
}

}  // namespace

Result<int> hba_replay_command(Shell& shell) {
  TRY(check_replay_options(shell.options));
  std::optional<survey::Conversation> server = TRY(server_of(shell));
  const Judges judges = TRY(judges_of(shell, server));
  if (!shell.options.log_file.empty()) return replay_log_command(shell, judges.rules());
  const std::string& path = shell.options.sessions_file;
  survey::Connected connected;
  if (path.empty()) {
    connected = TRY(survey::ask_connected(*server));
  } else {
    const std::string text = TRY(text_of_file(path));
    connected.sessions = TRY(replay::read_sessions(path, text));
  }
  const std::vector<replay::Group> groups = replay::replay(connected.sessions, judges.rules());
  show(shell, text_of(groups), json_of(groups, connected.hidden));
  return !say_hidden(shell, connected.hidden) && replay::all_let_in(groups) ? 0 : 1;
}

Result<int> hba_diff_command(Shell& shell) {
  const Options& options = shell.options;
  if (options.file == "-" && options.new_file == "-")
    return base::error(base::Code::usage, "only one of two files can be standard input");
  const Ground ground = TRY(ground_of(shell));
  std::string old_maps = ident_file_of(options, options.file);
  std::string new_maps = ident_file_of(options, options.new_file);
  // A file that has no maps beside it is not about maps.
  if (old_maps.empty()) old_maps = new_maps;
  if (new_maps.empty()) new_maps = old_maps;
  const hba::IdentFile old_idents = TRY(idents_of(shell, old_maps, ground.version));
  const hba::IdentFile new_idents =
      new_maps == old_maps ? old_idents : TRY(idents_of(shell, new_maps, ground.version));
  const hba::RuleFile old_rules = TRY(loadable(options.file, ground));
  const hba::RuleFile new_rules = TRY(loadable(options.new_file, ground));
  const admission::Comparison comparison =
      admission::compare({old_rules, old_idents, ground.roles, ground.version, ground.traits},
                         {new_rules, new_idents, ground.roles, ground.version, ground.traits});
  show(shell, text_of(comparison), json_of(comparison));
  return comparison.equivalent ? 0 : 1;
}

}  // namespace cli
