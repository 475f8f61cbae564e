// SPDX-License-Identifier: PostgreSQL
// The lines of a log put together into connections, by the process that wrote them. What waits for
// its next line is bounded, whatever the log says. Of lines that contradict each other the first
// counts: whoever is let in can write lines of any words (RAISE LOG), but not before he is.
#pragma once

#include <list>
#include <unordered_map>
#include <vector>

#include "server_log/connection.h"
#include "server_log/entry.h"
#include "server_log/wording.h"

namespace server_log {

class Assembly {
 public:
  explicit Assembly(Take take);

  /// False for what says nothing: what is garbled, and what contradicts what the process said
  /// before.
  bool add(const Entry& entry, const Event& event);
  /// A line that may have been any process's was not understood.
  void doubt() { ++doubts_; }
  /// The log is over: gives what waits.
  void end();

 private:
  struct Waiting {
    std::uint64_t process = 0;
    std::uint64_t started = 0;
    bool authorized = false;
    bool received = false;
    bool others_authenticated = false;  ///< some were, before it was received
    bool misunderstood = false;         ///< some line of it said nothing
    std::uint64_t doubts = 0;           ///< that there were when it was received
    Connection connection;
  };
  using List = std::list<Waiting>;
  struct Session {
    std::uint64_t process = 0;
    std::uint64_t started = 0;
  };

  bool receive(const Entry& entry, const Event& event);
  bool authenticate(const Entry& entry, const Event& event);
  bool authorize(const Entry& entry, const Event& event);
  void fail(const Entry& entry, const Event& event);
  [[nodiscard]] bool contradicts(const Entry& entry) const;
  Session& last_session_of(std::uint64_t process);
  Waiting& waiting_of(const Entry& entry, bool anew);
  void give(List::iterator waiting, Connection::Ending ending);
  void give_oldest(List& list, std::size_t most);

  Take take_;
  List received_;    ///< oldest first
  List authorized_;  ///< kept for a moment, because their start may still fail
  std::unordered_map<std::uint64_t, List::iterator> by_process_;
  /// Those that were authorized, by process; of processes that share a place the last one.
  std::vector<Session> sessions_;
  std::uint64_t doubts_ = 0;
  bool any_received_ = false;
  bool any_authenticated_ = false;
  bool any_trust_ = false;  ///< the log names this method too, as it does from 17 on
};

}  // namespace server_log
