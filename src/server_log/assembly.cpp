// SPDX-License-Identifier: PostgreSQL
#include "server_log/assembly.h"

namespace server_log {
namespace {

using Ending = Connection::Ending;

// More connections at once than a server has; a probe of which no more is heard waits until so many
// others came, or until its process id comes again.
constexpr std::size_t most_received = 16384;
// What ends a session at its start stands a few lines behind.
constexpr std::size_t most_authorized = 1024;

// More sessions at once than a server has.
constexpr std::size_t sessions = 16384;

// No line of a server has longer ones (NI_MAXHOST).
constexpr std::size_t longest_host = 1025;

}  // namespace

Assembly::Assembly(Take take) : take_(std::move(take)), sessions_(sessions) {}

void Assembly::give(List::iterator waiting, Ending ending) {
  List& from = waiting->authorized ? authorized_ : received_;
  waiting->connection.ending = ending;
  by_process_.erase(waiting->process);
  take_(waiting->connection);
  from.erase(waiting);
}

void Assembly::give_oldest(List& list, std::size_t most) {
  while (list.size() > most)
    give(list.begin(), list.front().authorized ? Ending::authorized : Ending::abandoned);
}

Assembly::Waiting& Assembly::waiting_of(const Entry& entry, bool anew) {
  const auto found = by_process_.find(entry.process);
  if (found != by_process_.end()) {
    Waiting& known = *found->second;
    const bool another = known.started != 0 && entry.started != 0 && known.started != entry.started;
    if (!anew && !another && !known.authorized) return known;
    give(found->second, known.authorized ? Ending::authorized : Ending::abandoned);
  }
  give_oldest(received_, most_received - 1);
  Waiting& made = received_.emplace_back();
  made.process = entry.process;
  made.started = entry.started;
  made.doubts = doubts_;
  by_process_[entry.process] = std::prev(received_.end());
  made.connection.time = entry.time.substr(0, 64);
  made.connection.host = entry.host.substr(0, longest_host);
  return made;
}

Assembly::Session& Assembly::last_session_of(std::uint64_t process) {
  return sessions_[process % sessions];
}

/// Whether a session that is let in already is let in again, or comes from elsewhere than it came.
/// Where a log tells neither when a process began nor who connects, a process id that comes again
/// may be another session.
bool Assembly::contradicts(const Entry& entry) const {
  const Session& last = sessions_[entry.process % sessions];
  if (last.process == entry.process && last.started == entry.started &&
      (entry.started != 0 || any_received_))
    return true;
  if (entry.host.empty()) return false;
  const auto found = by_process_.find(entry.process);
  if (found == by_process_.end() || found->second->authorized) return false;
  const Waiting& waiting = *found->second;
  return waiting.received && waiting.started == entry.started &&
         entry.host != waiting.connection.host;
}

bool Assembly::receive(const Entry& entry, const Event& event) {
  Session& last = last_session_of(entry.process);
  if (entry.started != 0) {
    const auto found = by_process_.find(entry.process);
    const bool again = found != by_process_.end() && found->second->received &&
                       found->second->started == entry.started;
    if (again || (last.process == entry.process && last.started == entry.started)) return false;
  }
  if (last.process == entry.process) last = {};
  any_received_ = true;
  Waiting& waiting = waiting_of(entry, true);
  waiting.received = true;
  waiting.others_authenticated = any_authenticated_;
  waiting.connection.host = event.host.substr(0, longest_host);
  return true;
}

bool Assembly::authenticate(const Entry& entry, const Event& event) {
  if (contradicts(entry)) return false;
  Connection& connection = waiting_of(entry, false).connection;
  if (connection.authentication) return false;
  any_authenticated_ = true;
  any_trust_ = any_trust_ || event.method == "trust";
  connection.authentication = {std::string(event.identity), std::string(event.method),
                               std::string(event.file), event.line};
  return true;
}

bool Assembly::authorize(const Entry& entry, const Event& event) {
  if (contradicts(entry)) return false;
  Waiting& known = waiting_of(entry, false);
  Connection& connection = known.connection;
  connection.unasked = known.others_authenticated && !connection.authentication &&
                       !known.misunderstood && known.doubts == doubts_ && !any_trust_;
  const bool by_certificate =
      connection.authentication && connection.authentication->method == "cert";
  connection.encryption = by_certificate ? Connection::Encryption::tls : event.encryption;
  connection.encryption_unknown = event.encryption_unknown && !by_certificate;
  connection.user = event.user;
  connection.database = event.database;
  connection.application = event.application;
  connection.replication = event.replication;
  const List::iterator waiting = by_process_[entry.process];
  waiting->authorized = true;
  last_session_of(entry.process) = {entry.process, entry.started};
  authorized_.splice(authorized_.end(), received_, waiting);
  give_oldest(authorized_, most_authorized);
  return true;
}

void Assembly::fail(const Entry& entry, const Event& event) {
  const auto found = by_process_.find(entry.process);
  if (found == by_process_.end()) return;  // a session that lasted, or one whose begin we miss
  Waiting& waiting = *found->second;
  if (!waiting.authorized) {
    waiting.connection.user = event.user.substr(0, longest_host);
    waiting.connection.database = event.database.substr(0, longest_host);
  }
  give(found->second, event.at_start       ? Ending::failed_at_start
                      : waiting.authorized ? Ending::authorized
                                           : Ending::failed);
}

bool Assembly::add(const Entry& entry, const Event& event) {
  switch (event.kind) {
    case Event::Kind::received:
      return receive(entry, event);
    case Event::Kind::authenticated:
      return authenticate(entry, event);
    case Event::Kind::authorized:
      return authorize(entry, event);
    case Event::Kind::failed:
      fail(entry, event);
      return true;
    case Event::Kind::alive: {
      const auto found = by_process_.find(entry.process);
      if (found != by_process_.end() && found->second->authorized)
        give(found->second, Ending::authorized);
      return true;
    }
    case Event::Kind::garbled: {
      const auto found = by_process_.find(entry.process);
      if (found != by_process_.end()) found->second->misunderstood = true;
      return false;
    }
    case Event::Kind::none:
      return true;
  }
  return true;
}

void Assembly::end() {
  give_oldest(authorized_, 0);
  give_oldest(received_, 0);
}

}  // namespace server_log
