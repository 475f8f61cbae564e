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

// No line of a server has longer ones (NI_MAXHOST).
constexpr std::size_t longest_host = 1025;

}  // namespace

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
  received_.push_back({entry.process, entry.started, false, {}});
  Waiting& made = received_.back();
  by_process_[entry.process] = std::prev(received_.end());
  made.connection.time = entry.time.substr(0, 64);
  made.connection.host = entry.host.substr(0, longest_host);
  return made;
}

void Assembly::authorize(const Entry& entry, const Event& event) {
  Connection& connection = waiting_of(entry, false).connection;
  connection.encryption = event.encryption;
  connection.user = event.user;
  connection.database = event.database;
  connection.application = event.application;
  connection.replication = event.replication;
  const List::iterator waiting = by_process_[entry.process];
  waiting->authorized = true;
  authorized_.splice(authorized_.end(), received_, waiting);
  give_oldest(authorized_, most_authorized);
}

void Assembly::fail(const Entry& entry, const Event& event) {
  const auto found = by_process_.find(entry.process);
  if (found == by_process_.end()) return;  // a session that lasted, or one whose begin we miss
  Waiting& waiting = *found->second;
  if (waiting.authorized) {
    give(found->second, event.at_start ? Ending::failed_at_start : Ending::authorized);
    return;
  }
  waiting.connection.user = event.user.substr(0, longest_host);
  waiting.connection.database = event.database.substr(0, longest_host);
  give(found->second, Ending::failed);
}

void Assembly::add(const Entry& entry, const Event& event) {
  switch (event.kind) {
    case Event::Kind::received:
      waiting_of(entry, true).connection.host = event.host.substr(0, longest_host);
      return;
    case Event::Kind::authenticated:
      waiting_of(entry, false).connection.authentication = {std::string(event.identity),
                                                            std::string(event.method),
                                                            std::string(event.file), event.line};
      return;
    case Event::Kind::authorized:
      authorize(entry, event);
      return;
    case Event::Kind::failed:
      fail(entry, event);
      return;
    case Event::Kind::alive: {
      const auto found = by_process_.find(entry.process);
      if (found != by_process_.end() && found->second->authorized)
        give(found->second, Ending::authorized);
      return;
    }
    case Event::Kind::none:
    case Event::Kind::garbled:
      return;
  }
}

void Assembly::end() {
  give_oldest(authorized_, 0);
  give_oldest(received_, 0);
}

}  // namespace server_log
