// SPDX-License-Identifier: PostgreSQL
// The invariants as checks over a world in memory: over what servers have loaded and what lies on
// disks, never over what pgseal believes. They share no code with src/planning's gates, so that a
// gate that is wrong shows.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "fakes/libpq.h"
#include "fakes/world.h"
#include "ledger/ledger.h"

namespace simulation {

class Checks {
 public:
  /// Watches `world` until it is destroyed; what holds now must go on to hold.
  explicit Checks(fakes::World& world);
  Checks(const Checks&) = delete;
  Checks& operator=(const Checks&) = delete;
  ~Checks();

  /// After each message; also to be called where something else befell the world.
  void after_message();
  /// At the end of an apply: the ledger, and what was ever said.
  void at_end();
  /// Nothing is left to do: everybody verifies everybody.
  void all_proven();

  void fail(const std::string& invariant, const std::string& what);
  [[nodiscard]] const std::vector<std::string>& broken() const { return broken_; }
  /// Moments in which a client's key and certificate were of two pairs: the two renames of a key
  /// change, cut between them.
  [[nodiscard]] int windows() const { return static_cast<int>(windows_.size()); }

 private:
  struct Client {
    std::string host;
    fleet::Slot slot;
    [[nodiscard]] std::string name() const { return fleet::to_string(slot) + " on " + host; }
  };
  using Pairing = std::pair<std::string, std::string>;

  [[nodiscard]] std::vector<Client> clients() const;
  void check_service();
  void check_service_of(const Client& client, const fakes::ClientFiles& files,
                        const fleet::Host& host, const fakes::Postgres& postgres);
  [[nodiscard]] std::map<std::string, fakes::Postgres> started() const;
  void check_standbys();
  void check_quorum(const std::string& standby);
  void check_servers_run();
  void check_pairs();
  void check_files_of(const std::string& host);
  void check_loss(const std::string& host, const fakes::Disk::Loss& loss);
  void check_gates(const fleet::Host& host, const fleet::Act& act);
  void check_trust_to_client(const fleet::Host& host, const fleet::Act& act);
  void check_trust_on_server(const fleet::Host& host);
  void check_loaded(const std::string& name);
  void check_ledger(const ledger::Ledger& book);
  void check_certificate(const ledger::SerialRecord& record, const ledger::Ledger& book);
  void check_known(const ledger::Ledger& book);
  void check_secrets();
  [[nodiscard]] bool archived(const fakes::Host& host, const std::string& bytes) const;

  fakes::World& world_;
  std::map<std::string, fakes::Service> best_;  ///< "client mode server" → what it got last
  std::map<std::string, bool> starts_;          ///< whether the server's files would let it start
  std::map<std::string, bool> ran_;
  std::map<std::string, std::string> known_start_;  ///< by content of all that a start reads
  long moment_ = 0;                                 ///< messages of all applies
  std::map<std::string, long> looked_at_;           ///< when each host last was
  std::map<std::string, long> stopped_at_;          ///< when each that stands still stopped
  std::map<std::string, std::string> windows_;
  std::string said_;  ///< all messages
  std::vector<std::string> broken_;
};

}  // namespace simulation
