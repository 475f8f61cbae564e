// SPDX-License-Identifier: PostgreSQL
// Commands that need no host: what the configuration and the ledger say.
#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include "audit/catalogue.h"
#include "base/fd.h"
#include "base/text.h"
#include "cli/commands.h"
#include "cli/json.h"
#include "cli/views.h"
#include "operations/desired.h"
#include "operations/remove_host.h"

namespace cli {
namespace {

using base::Code;
using base::Result;

Result<ledger::Ledger> must_have(Shell& shell, const fleet::Environment& environment) {
  auto ledger = TRY(operations::read_ledger(environment, who(shell), shell.outside.now()));
  if (ledger) return std::move(*ledger);
  return base::error(Code::ledger_missing, "there is no ledger yet")
      .with_detail(fmt::format("Looked in \"{}\".", environment.state))
      .with_hint("The first pgseal apply makes it.");
}

}  // namespace

Result<int> user_list_command(Shell& shell) {
  const fleet::Environment environment = TRY(configured(shell));
  show(shell, users_of(environment), json_of_users(environment));
  return 0;
}

Result<int> host_list_command(Shell& shell) {
  const fleet::Environment environment = TRY(configured(shell));
  show(shell, hosts_of(environment), json_of_hosts(environment));
  return 0;
}

Result<int> host_remove_command(Shell& shell) {
  const fleet::Environment environment = TRY(configured(shell));
  auto ledger = TRY(ledger::Ledger::open(environment.state, environment.name, ledger::Access::write,
                                         operations::holder(who(shell)), shell.outside.now()));
  const base::Time at = shell.outside.now();  // nobody else writes from here on
  ledger::AuditEntry entry;
  entry.who = who(shell).user;
  entry.what = "host removed";
  entry.host = shell.options.name;
  entry.reason = shell.options.reason;
  const auto removed = TRY(operations::remove_host(ledger, environment, entry, at));
  show(shell, text_of(removed), json_of(removed));
  return 0;
}

Result<int> debt_list_command(Shell& shell) {
  const fleet::Environment environment = TRY(configured(shell));
  const auto ledger = TRY(operations::read_ledger(environment, who(shell), shell.outside.now()));
  const std::vector<ledger::Debt> debts = ledger ? TRY(ledger->debts()) : std::vector<ledger::Debt>();
  show(shell, debts.empty() ? "no host is owed anything\n" : text_of(debts), json_of(debts));
  return debts.empty() ? 0 : 1;
}

Result<int> debt_forgive_command(Shell& shell) {
  const fleet::Environment environment = TRY(configured(shell));
  auto ledger = TRY(ledger::Ledger::open(environment.state, environment.name, ledger::Access::write,
                                         operations::holder(who(shell)), shell.outside.now()));
  const base::Time at = shell.outside.now();  // nobody else writes from here on
  ledger::AuditEntry entry;
  entry.who = who(shell).user;
  entry.what = "debt forgiven";
  entry.host = shell.options.name;
  entry.reason = shell.options.reason;
  bool owed = false;
  const auto forgive = [&]() -> Result<void> {
    owed = TRY(ledger.forgive_debt(entry.host, entry.reason, at));
    if (owed) TRY(ledger.append_audit(entry, at));
    return {};
  };
  TRY(ledger.unvouched(at, forgive));
  shell.speech.say(owed ? "forgiven" : "nothing was owed to that host");
  if (owed && environment.find_host(entry.host) != nullptr)
    shell.speech.say(
        "it is still declared: an apply that does not reach it owes it again; to forget it, delete "
        "its [[host]] and run pgseal host remove");
  return owed ? 0 : 1;
}

Result<int> ca_show_command(Shell& shell) {
  const fleet::Environment environment = TRY(configured(shell));
  const auto ledger = TRY(operations::read_ledger(environment, who(shell), shell.outside.now()));
  const auto authorities = ledger ? TRY(ledger->authorities()) : std::vector<ledger::Authority>();
  show(shell, text_of(authorities), json_of(authorities));
  return 0;
}

Result<int> ca_export_command(Shell& shell) {
  const fleet::Environment environment = TRY(configured(shell));
  const auto ledger = TRY(must_have(shell, environment));
  const auto kind = shell.options.authority == "server" ? x509::AuthorityKind::server
                                                        : x509::AuthorityKind::client;
  const auto authority = TRY(ledger.active_authority(kind));
  if (!authority) return base::error(Code::authority_key_lost, "the ledger has no such authority");
  shell.speech.result(authority->certificate);
  return 0;
}

Result<int> log_command(Shell& shell) {
  const fleet::Environment environment = TRY(configured(shell));
  const auto ledger = TRY(must_have(shell, environment));
  if (!shell.options.verify) {
    const auto rows = TRY(ledger.audit_log(shell.options.limit));
    show(shell, text_of(rows), json_of(rows));
    return 0;
  }
  base::Findings findings;
  if (const auto broken = TRY(ledger.verify_audit())) {
    findings.push_back(audit::finding(
        "log.broken", fmt::format("the log's chain is broken at entry {}", broken->seq)));
    findings.back().detail = broken->what;
    findings.back().hint =
        "Compare it with the ledger of a backup: somebody has changed this one, or its disk has.";
  }
  if (findings.empty()) shell.speech.say("the chain holds");
  show(shell, text_of(findings, shell.speech.ink()), json_of(findings));
  return findings.empty() ? 0 : 1;
}

}  // namespace cli
