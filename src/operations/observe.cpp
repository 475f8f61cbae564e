// SPDX-License-Identifier: PostgreSQL
#include "operations/observe.h"

#include <fmt/format.h>
#include <fnmatch.h>

#include <algorithm>
#include <atomic>
#include <utility>

#include "operations/parallel.h"
#include "planning/wanted.h"

namespace operations {
namespace {

using planning::HostView;
using planning::Observed;

/// A clock that was read somewhere between two moments of ours is off by no less than this.
std::int64_t ahead(std::int64_t clock, base::Time asked, base::Time answered) {
  const std::int64_t earliest = asked.time_since_epoch().count();
  const std::int64_t latest = answered.time_since_epoch().count();
  if (clock > latest) return clock - latest;
  return clock < earliest ? clock - earliest : 0;
}

base::Error internal(const char* text) { return base::error(base::Code::internal, text); }

/// Whether a reload notes its time: one that meets an error in a file of settings does not, and
/// loads a certificate all the same (guc-file.l, ProcessConfigFileInternal).
bool notes_its_reloads(const fleet::ServerFacts& server) {
  const auto& written = server.written_settings;
  return server.running && server.problem.empty() && !server.conf_load_time.empty() &&
         std::all_of(written.begin(), written.end(),
                     [](const fleet::SettingFact& fact) { return fact.error.empty(); });
}

/// True where the server has loaded nothing between the two looks, so that a new handshake would
/// show what the last one did: a certificate comes into the postmaster's memory when it starts or
/// reloads and in no other way (be-secure-openssl.c, be_tls_init), the postmaster signals its
/// sessions before it loads one (postmaster.c, process_pm_reload_request), and each look reads the
/// time by a session before the handshake. A session of another start shows another time.
bool loaded_nothing_since(const HostView& before, const HostView& now) {
  if (!before.served.answered || !before.facts || !now.facts) return false;
  const auto& then = before.facts->server;
  const auto& server = now.facts->server;
  return then && server && notes_its_reloads(*then) && notes_its_reloads(*server) &&
         server->conf_load_time == then->conf_load_time && server->port == then->port &&
         server->data_directory == then->data_directory;
}

}  // namespace

bool conversation_over(const base::Error& error) {
  const int status = base::exit_status(error.code);
  return status == 14 || status == 15;
}

std::vector<const fleet::Host*> all_hosts(const fleet::Environment& environment) {
  std::vector<const fleet::Host*> hosts;
  for (const fleet::Host& host : environment.hosts) hosts.push_back(&host);
  return hosts;
}

Observer::Observer(World& world, const fleet::Environment& environment,
                   std::vector<const fleet::Host*> hosts)
    : world_(world),
      environment_(environment),
      hosts_(std::move(hosts)),
      conversations_(hosts_.size()),
      kept_(hosts_.size(), 0) {
  for (std::size_t i = 0; i < hosts_.size(); ++i) {
    index_[hosts_[i]->name] = i;
    ports_.push_back(hosts_[i]->port.value_or(5432));
  }
}

Observer::~Observer() {
  in_parallel(
      conversations_.size(), static_cast<std::size_t>(environment_.ssh.parallel),
      [this](std::size_t index) { conversations_[index].reset(); },
      [](std::size_t /*index*/, const char* /*text*/) {});
}

HostView Observer::look(std::size_t index) {
  HostView view = look_within(index);
  if (hosts_[index]->database) ask_from_outside(index, view);
  return view;
}

HostView Observer::look_again(std::size_t index, const HostView& before) {
  HostView view = look_within(index);
  if (loaded_nothing_since(before, view)) {
    view.served = before.served;
    kept_[index] = 1;
  } else if (hosts_[index]->database) {
    ask_from_outside(index, view);
  }
  return view;
}

/// What the host itself says.
HostView Observer::look_within(std::size_t index) {
  HostView view;
  const fleet::Host& host = *hosts_[index];
  auto& conversation = conversations_[index];
  if (conversation == nullptr) {
    auto opened = world_.links.open(host, planning::brief(environment_, host, world_.now()));
    if (opened)
      conversation = std::move(opened).value();
    else
      view.silence = std::move(opened).error();
  }
  if (conversation != nullptr) {
    const base::Time asked = world_.now();
    auto facts = conversation->observe();
    if (facts) {
      view.facts = std::move(facts).value();
      view.clock_ahead = ahead(view.facts->clock, asked, world_.now());
      if (view.facts->server && view.facts->server->port != 0)
        ports_[index] = view.facts->server->port;
    } else {
      view.silence = std::move(facts).error();
      if (conversation_over(*view.silence)) conversation.reset();
    }
  }
  return view;
}

/// Where the controller has no way to the port, the host itself asks by the same address: weaker,
/// and the facts say who asked. A host that falls silent here is silent in this look: what it said
/// a moment ago is no ground to pass a gate on.
void Observer::ask_from_outside(std::size_t index, HostView& view) {
  const fleet::Host& host = *hosts_[index];
  auto& conversation = conversations_[index];
  const fleet::HandshakeQuery query{host.address, ports_[index], ""};
  kept_[index] = 0;
  view.served = world_.prober.handshake(query);
  if (view.served.answered || conversation == nullptr) return;
  auto nearer = conversation->handshake(query);
  if (nearer && nearer->answered) {
    nearer->asked_from = host.name;
    view.served = std::move(nearer).value();
  } else if (!nearer && conversation_over(nearer.error())) {
    conversation.reset();
    view.facts.reset();
    view.silence = std::move(nearer).error();
  }
}

Observed Observer::observe() {
  Observed observed;
  std::vector<HostView> views(hosts_.size());
  std::atomic<std::size_t> done{0};
  in_parallel(
      hosts_.size(), static_cast<std::size_t>(environment_.ssh.parallel),
      [&](std::size_t index) {
        views[index] = look(index);
        world_.listener.host_asked(hosts_[index]->name, ++done, hosts_.size());
      },
      [&](std::size_t index, const char* text) { views[index].silence = internal(text); });
  observed.at = world_.now();
  for (std::size_t i = 0; i < hosts_.size(); ++i)
    observed.hosts.emplace(hosts_[i]->name, std::move(views[i]));
  return observed;
}

void Observer::observe_again(Observed& observed, const std::set<std::string>& names) {
  std::vector<std::size_t> chosen;
  for (std::size_t i = 0; i < hosts_.size(); ++i) {
    if (!names.contains(hosts_[i]->name)) continue;
    const bool served = hosts_[i]->database && observed.hosts.at(hosts_[i]->name).served.answered;
    if (conversations_[i] != nullptr || served) chosen.push_back(i);
  }
  std::vector<HostView> views(chosen.size());
  in_parallel(
      chosen.size(), static_cast<std::size_t>(environment_.ssh.parallel),
      [&](std::size_t index) {
        const std::size_t host = chosen[index];
        const HostView& before = observed.hosts.at(hosts_[host]->name);
        if (conversations_[host] != nullptr) {
          views[index] = look_again(host, before);
        } else {
          views[index] = before;
          ask_from_outside(host, views[index]);
        }
      },
      [&](std::size_t index, const char* text) { views[index].silence = internal(text); });
  observed.at = world_.now();
  for (std::size_t i = 0; i < chosen.size(); ++i)
    observed.hosts[hosts_[chosen[i]]->name] = std::move(views[i]);
}

bool Observer::shake_hands_again(Observed& observed, const std::set<std::string>& names) {
  std::vector<std::size_t> chosen;
  for (std::size_t i = 0; i < hosts_.size(); ++i)
    if (kept_[i] != 0 && names.contains(hosts_[i]->name)) chosen.push_back(i);
  std::vector<HostView*> views;
  views.reserve(chosen.size());
  for (const std::size_t host : chosen) views.push_back(&observed.hosts.at(hosts_[host]->name));
  in_parallel(
      chosen.size(), static_cast<std::size_t>(environment_.ssh.parallel),
      [&](std::size_t index) { ask_from_outside(chosen[index], *views[index]); },
      [&](std::size_t index, const char* text) {
        views[index]->facts.reset();
        views[index]->silence = internal(text);
      });
  return !chosen.empty();
}

fleet::Conversation* Observer::conversation(const std::string& host) {
  const auto found = index_.find(host);
  return found == index_.end() ? nullptr : conversations_[found->second].get();
}

void Observer::lose(const std::string& host, Observed& observed, const base::Error& why) {
  conversations_[index_.at(host)].reset();
  HostView& view = observed.hosts[host];
  view.facts.reset();
  view.silence = why;
}

base::Result<std::vector<const fleet::Host*>> choose_hosts(const fleet::Environment& environment,
                                                           const std::string& pattern) {
  std::vector<const fleet::Host*> chosen;
  for (const fleet::Host& host : environment.hosts)
    if (pattern.empty() || ::fnmatch(pattern.c_str(), host.name.c_str(), 0) == 0)
      chosen.push_back(&host);
  if (chosen.empty())
    return base::error(base::Code::usage, fmt::format("no host matches \"{}\"", pattern));
  return chosen;
}

}  // namespace operations
