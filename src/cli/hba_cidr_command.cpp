// SPDX-License-Identifier: PostgreSQL
// hba cidr: the networks to use in rules, from FILE, the server of --dsn, a log and, where the
// server is on this machine, its interfaces.
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <map>
#include <tuple>

#include "admission/idle.h"
#include "base/text.h"
#include "cli/commands.h"
#include "cli/hba_ground.h"
#include "cli/json.h"
#include "cli/views.h"
#include "host/addresses.h"
#include "networks/narrow.h"
#include "server_log/reader.h"

namespace cli {
namespace {

using base::printable_line;
using base::Result;

constexpr std::size_t most_named = 3;

networks::Network network_of(const std::string& address, int length) {
  return networks::cut(networks::of_address(hba::read_address(address).address), length);
}

/// A socket leads to a server of this machine, and so does an address that is this machine's and
/// the server's alike. Loopback may be the end of a tunnel. Without a server: nothing named at
/// all is about this machine, and so is a FILE beside which a server's configuration stands.
bool is_here(const Options& options, const std::optional<survey::Catalog>& catalog) {
  if (catalog) {
    const std::vector<std::string> own = host::own_addresses();
    return catalog->reached.socket ||
           std::find(own.begin(), own.end(), catalog->own_address) != own.end();
  }
  if (options.file.empty()) return options.log_file.empty();
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

/// Connections of a log that look alike are one sighting. More kinds than this are left out: a name
/// of an application costs nothing.
constexpr std::size_t most_kinds = 100000;

class LoggedKinds {
 public:
  /// Of those that the server let in: an attempt that failed anybody can make.
  void add(const server_log::Connection& each) {
    const std::optional<hba::Address> address = server_log::address_of(each);
    if (each.ending != server_log::Connection::Ending::authorized || !address) return;
    const bool physical = each.replication && each.database.empty();
    Key key{address->bytes, each.user, each.application, physical};
    const auto known = kinds_.find(key);
    if (known == kinds_.end() && kinds_.size() >= most_kinds) {
      ++left_out_;
      return;
    }
    networks::Sighting& kind = kinds_[std::move(key)];
    kind = {networks::Source::log, *address, each.user,
            each.application,      physical, std::max(kind.last_seen, each.time)};
  }

  void give_to(networks::Evidence& evidence) {
    for (auto& [key, kind] : kinds_) evidence.sightings.push_back(std::move(kind));
  }
  [[nodiscard]] std::size_t left_out() const { return left_out_; }

 private:
  using Key = std::tuple<std::array<std::uint8_t, 16>, std::string, std::string, bool>;
  std::map<Key, networks::Sighting> kinds_;
  std::size_t left_out_ = 0;
};

Result<void> add_log(Shell& shell, networks::Evidence& evidence) {
  const std::string& path = shell.options.log_file;
  LoggedKinds kinds;
  const server_log::Summary log = TRY(server_log::read_connections(
      path, log_settings(shell.options, shell.options.file.empty() ? "cidr" : "cidr FILE"),
      [&](const server_log::Connection& each) { kinds.add(each); }));
  kinds.give_to(evidence);
  shell.speech.say(fmt::format("read as {}; sessions: {}, failed attempts, which do not count: {}",
                               to_string(log.format), log.authorized,
                               log.failed + log.failed_at_start));
  say_unreadable(shell.speech, log);
  shell.speech.say(
      "a log holds what clients and functions write into it: look at each network before you let "
      "it in");
  if (kinds.left_out() > 0)
    shell.speech.say(fmt::format("left out because there are too many kinds of them: {}",
                                 count(kinds.left_out(), "session", "sessions")));
  return {};
}

void say_left_out(Speech& speech, const char* why, const std::vector<std::string>& places) {
  if (!places.empty())
    speech.say(fmt::format("left out because {}: {}, the first at {}", why,
                           count(places.size(), "rule", "rules"), printable_line(places.front())));
}

Result<void> add_rules(Shell& shell, const Ground& ground, networks::Evidence& evidence) {
  const hba::RuleFile rules = TRY(loadable(shell.options.file, ground));
  networks::LeftOut left_out;
  evidence.rules = networks::admitted_by(
      rules, admission::idle_rules(rules, ground.roles, ground.version, ground.traits), left_out);
  say_left_out(shell.speech, "they name no network", left_out.without_network);
  say_left_out(shell.speech, "rules above them catch all that they are about", left_out.idle);
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
  TRY(check_log_options(shell.options));
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
  if (!shell.options.log_file.empty()) TRY(add_log(shell, evidence));
  if (is_here(shell.options, ground.catalog))
    add_interfaces(evidence);
  else
    shell.speech.say("the interfaces of this machine do not count: the server may be elsewhere");
  const networks::Narrowed narrowed = networks::narrow(evidence);
  show(shell, text_of(narrowed), json_of(narrowed, hidden));
  return say_hidden(shell, hidden) ? 1 : 0;
}

}  // namespace cli
