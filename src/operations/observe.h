// SPDX-License-Identifier: PostgreSQL
// Observing: one conversation a host, opened once for a command and kept to its end, many hosts at
// a time; beside it the handshake from outside with every database host.
#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "fleet/doors.h"
#include "operations/world.h"
#include "planning/world.h"

namespace operations {

class Observer {
 public:
  /// `hosts`: those to ask; all of the environment where a command names none.
  Observer(World& world, const fleet::Environment& environment,
           std::vector<const fleet::Host*> hosts);
  Observer(const Observer&) = delete;
  Observer& operator=(const Observer&) = delete;
  ~Observer();  ///< ends the conversations, many at a time

  /// Asks every host. Silence is a fact about a host, not an error.
  planning::Observed observe();

  /// Asks again those named, as far as they are open; the others stay as they were seen. What a
  /// lost host's server shows from outside is asked again until nobody answers there; what a
  /// server shows that has loaded nothing since the last handshake stays as it was seen.
  void observe_again(planning::Observed& observed, const std::set<std::string>& names);

  /// A handshake with each server of those named whose last look kept an earlier one's. True where
  /// there were such.
  bool shake_hands_again(planning::Observed& observed, const std::set<std::string>& names);

  /// The open conversation, or null where the host does not answer (any more).
  fleet::Conversation* conversation(const std::string& host);

  /// The link to this host broke: its conversation is over for this command.
  void lose(const std::string& host, planning::Observed& observed, const base::Error& why);

 private:
  planning::HostView look(std::size_t index);
  planning::HostView look_again(std::size_t index, const planning::HostView& before);
  planning::HostView look_within(std::size_t index);
  void ask_from_outside(std::size_t index, planning::HostView& view);

  World& world_;
  const fleet::Environment& environment_;
  std::vector<const fleet::Host*> hosts_;
  std::map<std::string, std::size_t> index_;                         ///< of a host, by name
  std::vector<std::unique_ptr<fleet::Conversation>> conversations_;  ///< beside hosts_
  std::vector<int> ports_;  ///< beside hosts_; where its server was found
  std::vector<char> kept_;  ///< beside hosts_; the last look kept an earlier handshake
};

/// True for the errors after which a conversation cannot go on: of the link and of the protocol.
bool conversation_over(const base::Error& error);

std::vector<const fleet::Host*> all_hosts(const fleet::Environment& environment);

/// The hosts of `environment` that a shell pattern (fnmatch(3)) names; empty pattern: all. Error
/// (usage) where none does.
base::Result<std::vector<const fleet::Host*>> choose_hosts(const fleet::Environment& environment,
                                                           const std::string& pattern);

}  // namespace operations
