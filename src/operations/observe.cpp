// SPDX-License-Identifier: PostgreSQL
#include "operations/observe.h"

#include <fmt/format.h>
#include <fnmatch.h>

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
      conversations_(hosts_.size()) {
  for (std::size_t i = 0; i < hosts_.size(); ++i) {
    index_[hosts_[i]->name] = i;
    ports_.push_back(hosts_[i]->port.value_or(5432));
  }
}

HostView Observer::look(std::size_t index) {
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
  if (host.database) ask_from_outside(index, view);
  return view;
}

/// Where the controller has no way to the port, the host itself asks by the same address: weaker,
/// and the facts say who asked. A host that falls silent here is silent in this look: what it said
/// a moment ago is no ground to pass a gate on.
void Observer::ask_from_outside(std::size_t index, HostView& view) {
  const fleet::Host& host = *hosts_[index];
  auto& conversation = conversations_[index];
  const fleet::HandshakeQuery query{host.address, ports_[index], ""};
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
        if (conversations_[host] != nullptr) {
          views[index] = look(host);
        } else {
          views[index] = observed.hosts.at(hosts_[host]->name);
          ask_from_outside(host, views[index]);
        }
      },
      [&](std::size_t index, const char* text) { views[index].silence = internal(text); });
  observed.at = world_.now();
  for (std::size_t i = 0; i < chosen.size(); ++i)
    observed.hosts[hosts_[chosen[i]]->name] = std::move(views[i]);
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
