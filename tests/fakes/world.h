// SPDX-License-Identifier: PostgreSQL
// Hosts in memory behind the doors of fleet/doors.h: links, conversations, the probe from outside,
// one clock. Every message is counted, and at the nth a fault can strike. Used by one thread.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "fakes/host.h"
#include "fleet/doors.h"
#include "fleet/environment.h"

namespace fakes {

/// How a message fails. `primitive` of a fault is for those that strike within an act.
enum class Way {
  error,           ///< the node answers with an error, nothing was done
  lost_before,     ///< the link breaks, nothing was done
  lost_after,      ///< the act is done, its answer never arrives
  no_answer,       ///< a deadline passes; an orphaned node does the act all the same
  power_before,    ///< the host loses its power before the act
  power_after,     ///< … after it, before the answer
  killed_within,   ///< the node dies at a primitive of its disk
  power_within,    ///< the host loses its power there
  gone_for_phase,  ///< the host cannot be reached by anybody until the next phase begins
  gone,            ///< … until somebody repairs it
  failover,        ///< the primary's server stops, a standby is promoted
  server_stops,  ///< the host's server stops, the primary's where it has none, until it is repaired
  delay,         ///< it takes two hours
  pgseal_before,  ///< pgseal dies before the message leaves
  pgseal_after,   ///< … when the answer has come
};
inline constexpr int way_count = static_cast<int>(Way::pgseal_after) + 1;
const char* to_string(Way way);

struct Fault {
  int message = 0;  ///< from 1
  Way way = Way::error;
  int primitive = 0;  ///< from 1
  int apply = 1;      ///< in which of several, one after another
};

enum class MessageKind { open, observe, perform, connect, handshake, probe };
const char* to_string(MessageKind kind);

/// One message as it went: for counting, and for telling where a failure lies.
struct Message {
  MessageKind kind = MessageKind::open;
  std::string host;
  std::string what;    ///< "install certificate server:db1"
  int primitives = 0;  ///< of the disk, that its act took
};

class World : public fleet::Links, public fleet::Prober, public Network {
 public:
  World() = default;

  fleet::Environment environment;
  std::map<std::string, Host> hosts;
  base::Time clock;

  /// A copy of environment, hosts and clock; faults and watchers are each world's own.
  void copy_from(const World& other);

  // ---- doors -----------------------------------------------------------------------------------
  base::Result<std::unique_ptr<fleet::Conversation>> open(const fleet::Host& host,
                                                          const fleet::Brief& brief) override;
  base::Result<std::string> address_of(const fleet::Host& host) override;
  fleet::ServedFacts handshake(const fleet::HandshakeQuery& query) override;

  // ---- between servers -------------------------------------------------------------------------
  [[nodiscard]] std::string try_stream(const Host& host,
                                       const std::string& conninfo) const override;
  void settle() override;
  void lets_go(const std::string& host) override;
  void show_replicas(const std::string& host, server::ServerView& view) const override;
  /// Hosts that were added or copied, and their servers, are of this world from here on.
  void join_all();

  // ---- what befalls it -------------------------------------------------------------------------
  std::vector<Fault> faults;
  void phase_begins();  ///< whoever was gone for a phase is back
  void repair();        ///< everybody is back, every server runs, an old primary follows the new
  bool can_fail_over() const;
  void fail_over();
  void stop_server(const std::string& host);
  void silence(const std::string& host) { gone_.insert(host); }  ///< until it is repaired
  [[nodiscard]] bool gone(const std::string& host) const { return gone_.contains(host); }
  [[nodiscard]] bool pgseal_dead() const { return pgseal_dead_; }

  /// Servers that a failover or a person stopped: these may be down.
  std::set<std::string> stopped;

  // ---- what was seen ---------------------------------------------------------------------------
  std::map<std::string, bool> heard;           ///< whether each host's last question was answered
  std::map<std::string, bool> heard_at_phase;  ///< the same when the phase began
  std::map<std::string, fleet::ServedFacts> probed;  ///< what each host's last probe showed
  std::vector<Message> messages;
  std::vector<std::string> struck;  ///< the faults that did strike, in words
  std::set<std::string> failing;    ///< hosts of which an act failed in this phase
  /// Questions put to a conversation after it had been told to be over: a real link could answer
  /// them with what was asked before.
  std::vector<std::string> asked_too_late;
  /// Called with each message's text as it would travel, questions and answers.
  std::function<void(const std::string&)> on_text;
  /// Before and after an act that reaches its host; not where pgseal is dead.
  std::function<void(const fleet::Host&, const fleet::Act&)> before_act;
  std::function<void()> after_message;
  /// A standby is about to leave its connection because it was told to.
  std::function<void(const std::string&)> on_let_go;
  /// A phase begins, or the last one has ended.
  std::function<void()> on_phase;
  /// pgseal dies now: whoever keeps its state folder takes a picture.
  std::function<void()> on_pgseal_death;

  // ---- for conversations -----------------------------------------------------------------------
  struct Verdict {
    std::optional<base::Error> error;  ///< instead of the answer
    bool act = true;                   ///< whether the host does what it was asked
    std::optional<Fault> within;
    bool power_after = false;
    bool pgseal_after = false;
  };
  Verdict next(MessageKind kind, const std::string& host, const std::string& what);
  void cut(const std::string& host) { ++epochs_[host]; }  ///< conversations with it are over
  [[nodiscard]] int epoch(const std::string& host) const;
  void power_cycle(const std::string& host);
  void die();
  [[nodiscard]] fleet::ServedFacts served_at(const fleet::HandshakeQuery& query) const;

 private:
  [[nodiscard]] const Fault* fault_now() const;
  void strike(const Fault& fault, const std::string& host, Verdict& verdict);
  void message_ends();
  /// Whoever follows hosts learns the new primary's name from a person or a cluster manager.
  void follow(const std::string& primary);
  void settle_one(Host& standby);

  std::vector<Host*> servers_;  ///< those of `hosts` that have one
  std::set<std::string> gone_;
  std::set<std::string> gone_for_phase_;
  std::map<std::string, int> epochs_;
  bool pgseal_dead_ = false;
};

}  // namespace fakes
