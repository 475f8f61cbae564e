// SPDX-License-Identifier: PostgreSQL
// hba cidr: the networks to use in rules, from FILE, the server of --dsn and, where that is this
// machine, its interfaces.
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>

#include "base/text.h"
#include "cli/commands.h"
#include "cli/hba_ground.h"
#include "cli/json.h"
#include "cli/views.h"
#include "host/addresses.h"
#include "networks/narrow.h"

namespace cli {
namespace {

using base::printable_line;
using base::Result;

constexpr std::size_t most_named = 3;

networks::Network network_of(const std::string& address, int length) {
  return networks::cut(networks::of_address(hba::read_address(address).address), length);
}

/// A socket leads to a server of this machine, and so does an address that is this machine's and
/// the server's alike. Loopback may be the end of a tunnel. Without a server: no FILE at all is
/// about this machine, and so is one beside which a server's configuration stands.
bool is_here(const Options& options, const std::optional<survey::Catalog>& catalog) {
  if (catalog) {
    const std::vector<std::string> own = host::own_addresses();
    return catalog->reached.socket ||
           std::find(own.begin(), own.end(), catalog->own_address) != own.end();
  }
  if (options.file.empty()) return true;
  const std::string settings = hba::resolve_beside(options.file, "postgresql.conf");
  return options.file != "-" && ::access(settings.c_str(), F_OK) == 0;
}

void add_interfaces(networks::Evidence& evidence) {
  for (const host::OwnNetwork& each : host::own_networks())
    evidence.interfaces.push_back({each.interface, network_of(each.address, each.length)});
}

void add_sessions(networks::Evidence& evidence, const std::vector<replay::Session>& sessions) {
  for (const replay::Session& each : sessions)
    if (const admission::Connection& seen = each.connection; seen.address)
      evidence.sightings.push_back({networks::Source::session, *seen.address, seen.user,
                                    each.application, seen.physical_replication, each.last_seen});
}

Result<void> add_rules(Shell& shell, const Ground& ground, networks::Evidence& evidence) {
  const hba::RuleFile rules = TRY(loadable(shell.options.file, ground));
  std::vector<std::string> left_out;
  evidence.rules = networks::admitted_by(rules, left_out);
  if (!left_out.empty())
    shell.speech.say(fmt::format("left out because they name no network: {}, the first at {}",
                                 count(left_out.size(), "rule", "rules"),
                                 printable_line(left_out.front())));
  return {};
}

/// A few of them, so that one network of many does not make a page of each line.
std::string some_of(const std::set<std::string>& roles) {
  std::vector<std::string> some;
  for (const std::string& role : roles) {
    if (some.size() == most_named) break;
    some.push_back(printable_line(role));
  }
  std::string made = fmt::format("{}", fmt::join(some, ", "));
  if (roles.size() > most_named) made += fmt::format(" and {} more", roles.size() - most_named);
  return made;
}

std::string text_of(const networks::Narrowed& narrowed) {
  std::vector<std::vector<std::string>> cells = {
      {"network", "roles", "sources", "last seen", "reason"}};
  const auto cell = [](const std::string& some) {
    return some.empty() ? std::string("-") : printable_line(some);
  };
  for (const networks::Suggestion& each : narrowed.networks) {
    std::vector<std::string> sources;
    for (const networks::Source source : each.sources) sources.emplace_back(to_string(source));
    cells.push_back({to_string(each.network), each.roles.empty() ? "-" : some_of(each.roles),
                     fmt::format("{}", fmt::join(sources, ", ")), cell(each.last_seen),
                     cell(each.reason)});
  }
  std::string made = table_of(cells);
  for (const networks::Admitted& each : narrowed.unseen)
    made += fmt::format("not seen: {} from {}{}, whom {}:{} lets in\n", some_of(each.roles),
                        to_string(each.network), each.databases ? "" : " for replication",
                        printable_line(each.file), each.line);
  return made;
}

}  // namespace

Result<int> hba_cidr_command(Shell& shell) {
  std::optional<survey::Conversation> server = TRY(server_of(shell));
  networks::Evidence evidence;
  std::vector<survey::Hidden> hidden;
  Ground ground;
  if (server || !shell.options.file.empty()) ground = TRY(ground_of(shell, server));
  if (!shell.options.file.empty()) TRY(add_rules(shell, ground, evidence));
  if (server) {
    survey::Connected connected = TRY(survey::ask_connected(*server));
    add_sessions(evidence, connected.sessions);
    hidden = std::move(connected.hidden);
  }
  if (is_here(shell.options, ground.catalog))
    add_interfaces(evidence);
  else
    shell.speech.say("the interfaces of this machine do not count: the server may be elsewhere");
  const networks::Narrowed narrowed = networks::narrow(evidence);
  show(shell, text_of(narrowed), json_of(narrowed, hidden));
  return say_hidden(shell, hidden) ? 1 : 0;
}

}  // namespace cli
