// SPDX-License-Identifier: PostgreSQL
// The lines of a log put together into connections, by the process that wrote them. What waits for
// its next line is bounded, whatever the log says.
#pragma once

#include <list>
#include <unordered_map>

#include "server_log/connection.h"
#include "server_log/entry.h"
#include "server_log/wording.h"

namespace server_log {

class Assembly {
 public:
  explicit Assembly(Take take) : take_(std::move(take)) {}

  void add(const Entry& entry, const Event& event);
  /// The log is over: gives what waits.
  void end();

 private:
  struct Waiting {
    std::uint64_t process = 0;
    std::uint64_t started = 0;
    bool authorized = false;
    Connection connection;
  };
  using List = std::list<Waiting>;

  Waiting& waiting_of(const Entry& entry, bool anew);
  void authorize(const Entry& entry, const Event& event);
  void fail(const Entry& entry, const Event& event);
  void give(List::iterator waiting, Connection::Ending ending);
  void give_oldest(List& list, std::size_t most);

  Take take_;
  List received_;    ///< oldest first
  List authorized_;  ///< kept for a moment, because their start may still fail
  std::unordered_map<std::uint64_t, List::iterator> by_process_;
};

}  // namespace server_log
