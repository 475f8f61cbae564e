// SPDX-License-Identifier: PostgreSQL
#include "audit/preflight.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdlib>

#include "audit/catalogue.h"
#include "audit/home_pairs.h"
#include "base/text.h"
#include "settings/tls_settings.h"

namespace audit {
namespace {

using base::Finding;
using base::Findings;
using fleet::HostFacts;
using fleet::ServerFacts;

constexpr std::int64_t clock_limit = 3600;      // seconds; certificates are backdated by as much
constexpr std::int64_t controller_limit = 300;  // seconds

void check_mark(const HostFacts& facts, const Expected& expected, Findings& findings) {
  if (!facts.mark || expected.take_over) return;
  const fleet::Mark& mark = *facts.mark;
  std::string what;
  if (expected.mark.environment_id.empty())
    what = "is marked by an environment of this name that this ledger does not know";
  else if (mark.environment_id != expected.mark.environment_id)
    what = "is marked by another environment of this name";
  else if (mark.ledger_id != expected.mark.ledger_id)
    what = "is marked by another ledger";
  else if (mark.generation > expected.mark.generation)
    what = fmt::format("has seen generation {} of the ledger, this one is at {}", mark.generation,
                       expected.mark.generation);
  if (what.empty()) return;
  Finding found = finding("host.mark", fmt::format("host \"{}\" {}", facts.host, what));
  found.detail = "A ledger restored from an old backup, or a second one, would undo what was done.";
  found.hint =
      "Use the ledger that it knows. Where that is lost, pgseal apply --take-over goes on from "
      "this one and issues anew what it does not know.";
  findings.push_back(std::move(found));
}

void check_clock(const HostFacts& facts, std::int64_t off, Findings& findings) {
  if (std::llabs(off) <= clock_limit) return;
  Finding found =
      finding("host.clock", fmt::format("clock of host \"{}\" is {} seconds {}", facts.host,
                                        std::llabs(off), off > 0 ? "ahead" : "behind"));
  found.hint = "Set the clock of that host (NTP), then run pgseal apply again.";
  findings.push_back(std::move(found));
}

void check_slots(const HostFacts& facts, Findings& findings) {
  std::vector<std::string> missing;
  std::vector<fleet::SlotFacts> slots = facts.client_slots;
  if (facts.server_slot) slots.push_back(*facts.server_slot);
  for (const fleet::SlotFacts& slot : slots) {
    Finding found;
    if (!slot.user_exists && slot.unsafe.empty()) {
      if (std::find(missing.begin(), missing.end(), slot.slot.os_user) != missing.end()) continue;
      missing.push_back(slot.slot.os_user);
      found = finding("user.missing", fmt::format("OS user \"{}\" does not exist on host \"{}\"",
                                                  slot.slot.os_user, facts.host));
      found.hint = fmt::format(
          "Make it (useradd --create-home {}), or take it out of os_users or the host out of "
          "hosts.",
          slot.slot.os_user);
    } else if (!slot.user_exists) {
      found = finding("user.home", slot.unsafe);
      found.hint = fmt::format(
          "See to it that the home is there and that user's (mkhomedir_helper {} makes one), or "
          "take "
          "it out of os_users or the host out of hosts.",
          slot.slot.os_user);
    } else if (!slot.unsafe.empty()) {
      found = finding("slot.unsafe", slot.unsafe);
      found.hint = "Look at what lies there and who put it; pgseal touches nothing in that place.";
    } else {
      continue;
    }
    found.slot = fleet::to_string(slot.slot);
    if (std::find(findings.begin(), findings.end(), found) == findings.end())
      findings.push_back(std::move(found));
  }
}

void check_roles(const fleet::Environment& environment, const ServerFacts& server,
                 Findings& findings) {
  if (server.in_recovery) return;  // the primary says it once for all
  for (const fleet::Identity& identity : environment.identities) {
    const auto role = std::find_if(server.roles.begin(), server.roles.end(),
                                   [&](const auto& fact) { return fact.name == identity.name; });
    if (role != server.roles.end() && role->can_login) continue;
    const bool absent = role == server.roles.end();
    Finding found = finding(
        absent ? "role.missing" : "role.no-login",
        fmt::format("role \"{}\" {}", identity.name, absent ? "does not exist" : "may not log in"));
    found.hint = fmt::format("{} ROLE {} LOGIN;", absent ? "CREATE" : "ALTER",
                             base::sql_identifier(identity.name));
    findings.push_back(std::move(found));
  }
}

/// A server whose TLS is a person's work is not taken over: its clients verify against that.
void check_foreign(const HostFacts& facts, const ServerFacts& server, Findings& findings) {
  const std::string folder = facts.server_slot ? facts.server_slot->folder + "/" : "";
  const auto ours = [&](const std::string& path) {
    return !folder.empty() && path.starts_with(folder);
  };
  const std::string certificate = running_value(server, "ssl_cert_file");
  const bool on = running_value(server, "ssl") == "on";
  const bool snakeoil = certificate.find("ssl-cert-snakeoil") != std::string::npos;
  const auto report = [&](std::string_view code, const fleet::SettingFact& fact) {
    Finding found = finding(code, fmt::format("{} of the server on \"{}\" is \"{}\"", fact.name,
                                              facts.host, fact.value));
    found.hint = "Its clients may rely on it: pgseal adopt will take it over without any noticing.";
    found.file = fact.file;
    found.line = fact.line;
    findings.push_back(std::move(found));
  };
  const fleet::SettingFact* running_certificate = running_setting(server, "ssl_cert_file");
  if (on && running_certificate != nullptr && !snakeoil && !ours(certificate))
    report("server.foreign-certificate", *running_certificate);
  // What is written comes into force with the reload that turns TLS on: it would refuse our
  // clients.
  const auto foreign = [&](const fleet::SettingFact* fact) {
    return fact != nullptr && !fact->value.empty() && !ours(fact->value);
  };
  const fleet::SettingFact* running = running_setting(server, "ssl_ca_file");
  const fleet::SettingFact* to_come = setting_to_come(server, "ssl_ca_file");
  if (on && foreign(running))
    report("server.foreign-trust", *running);
  else if (foreign(to_come))
    report("server.foreign-trust", *to_come);
}

void check_managed(const HostFacts& facts, const ServerFacts& server, Findings& findings) {
  if (server.managed_by.empty() || server.include_in_place) return;
  Finding found =
      finding("server.managed", fmt::format("\"{}\" on \"{}\" is kept by {}", server.config_file,
                                            facts.host, server.managed_by));
  const std::string folder = facts.server_slot ? facts.server_slot->folder : "/etc/pgseal/server";
  found.detail = "It would be written anew at that manager's next run.";
  found.hint =
      fmt::format("Put this into what it writes: include_if_exists = '{}/ssl.conf'", folder);
  found.file = server.config_file;
  findings.push_back(std::move(found));
}

/// ssl.conf sets the minimum; a maximum below it makes OpenSSL refuse the range.
void check_protocols(const fleet::Environment& environment, const HostFacts& facts,
                     const ServerFacts& server, Findings& findings) {
  const fleet::SettingFact* most = setting_to_come(server, "ssl_max_protocol_version");
  const std::string& least = environment.policy.min_protocol;
  if (most == nullptr || settings::compare_protocols(most->value, least).value_or(0) >= 0) return;
  Finding found = finding("server.tls-refused",
                          fmt::format("ssl_max_protocol_version on \"{}\" is {}, older than {}",
                                      facts.host, most->value, least));
  found.detail = fmt::format("The policy's min_protocol is {}.", least);
  found.hint = "Take that setting out, or lower min_protocol in [policy].";
  found.file = most->file;
  found.line = most->line;
  findings.push_back(std::move(found));
}

void check_written(const HostFacts& facts, const ServerFacts& server, Findings& findings) {
  for (const fleet::SettingFact& fact : server.written_settings) {
    if (fact.error.empty()) continue;
    const bool alone = settings::value_refused(fact.error) && !settings::ours(fact.name);
    Finding found =
        finding(alone ? "server.setting-refused" : "server.settings-error",
                fmt::format("{} on \"{}\": {}",
                            fact.name.empty() ? "configuration" : "setting \"" + fact.name + "\"",
                            facts.host, base::printable_line(fact.error)));
    if (alone) found.hint = "Correct it: with this value the server does not start again.";
    found.file = fact.file;
    found.line = fact.line;
    findings.push_back(std::move(found));
  }
}

void check_server(const fleet::Environment& environment, const HostFacts& facts,
                  const Expected& expected, Findings& findings) {
  const ServerFacts* answering = fleet::answering_server(facts);
  if (answering == nullptr) return;  // the node said why
  const ServerFacts& server = *answering;
  if (settings::major_of(server.version) < settings::oldest_major)
    findings.push_back(finding("server.version", fmt::format("server on \"{}\" is PostgreSQL {}",
                                                             facts.host, server.version_text)));
  if (!expected.system_identifier.empty() &&
      expected.system_identifier != server.system_identifier) {
    Finding found =
        finding("host.replaced",
                fmt::format("data directory of \"{}\" has system identifier {}, not {}", facts.host,
                            server.system_identifier, expected.system_identifier));
    found.hint = "If that is meant, run pgseal apply --take-over.";
    if (!expected.take_over) findings.push_back(std::move(found));
  }
  check_roles(environment, server, findings);
  check_foreign(facts, server, findings);
  check_managed(facts, server, findings);
  check_protocols(environment, facts, server, findings);
  check_written(facts, server, findings);
}

}  // namespace

Findings preflight(const fleet::Environment& environment, const fleet::Host& host,
                   const HostFacts& facts, const Expected& expected, std::int64_t clock_ahead) {
  Findings findings = facts.findings;
  check_mark(facts, expected, findings);
  check_clock(facts, clock_ahead, findings);
  check_slots(facts, findings);
  base::append(findings, home_pair_findings(environment, host, facts));
  if (host.database) check_server(environment, facts, expected, findings);
  for (Finding& found : findings) {
    found.host = host.name;
    const bool of_server = found.code.starts_with("server.") || found.code == "host.replaced";
    if (found.slot.empty() && of_server)
      found.slot = fleet::to_string(fleet::server_slot(host.name));
  }
  return findings;
}

std::int64_t controller_behind(std::vector<std::int64_t> ahead) {
  if (ahead.empty()) return 0;
  std::sort(ahead.begin(), ahead.end());
  // Of an even number's two middles the one that agrees with the controller: it has a voice too.
  const std::int64_t lower = ahead[(ahead.size() - 1) / 2];
  const std::int64_t upper = ahead[ahead.size() / 2];
  const std::int64_t median = std::llabs(lower) < std::llabs(upper) ? lower : upper;
  return std::llabs(median) <= controller_limit ? 0 : median;
}

Findings preflight_controller(std::int64_t behind) {
  if (behind == 0) return {};
  Finding found = finding("controller.clock",
                          fmt::format("clock of the controller is {} seconds {} the hosts' median",
                                      std::llabs(behind), behind < 0 ? "ahead of" : "behind"));
  found.detail = "Nothing is changed on any host, and nothing is noted in the ledger.";
  found.hint = "Set the clock of this machine, or of those hosts (NTP), then run pgseal again.";
  return {found};
}

}  // namespace audit
