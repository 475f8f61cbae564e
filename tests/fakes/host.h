// SPDX-License-Identifier: PostgreSQL
// One host in memory as pgseal-node finds it: disk, users, clock, a PostgreSQL. It answers the
// questions of fleet::Conversation and carries out acts in the order in which node/engine.cpp,
// slots/ and server/write.cpp do, with their refusals.
#pragma once

#include <map>
#include <optional>
#include <string>

#include "fakes/disk.h"
#include "fakes/postgres.h"
#include "fleet/act.h"
#include "slots/files.h"

namespace fakes {

class Host;

/// The other hosts, as one host's server finds them.
class Network {
 public:
  Network() = default;
  Network(const Network&) = default;
  Network& operator=(const Network&) = default;
  virtual ~Network() = default;

  /// Why the standby of `host` could not connect by `conninfo`, "" if it could.
  [[nodiscard]] virtual std::string try_stream(const Host& host,
                                               const std::string& conninfo) const = 0;
  /// Whoever shall stream and does not tries it.
  virtual void settle() = 0;
  /// The standby of that host is about to leave its connection on purpose.
  virtual void lets_go(const std::string& host) = 0;
  /// Whom the server of that host sends WAL to, and by which slots.
  virtual void show_replicas(const std::string& host, server::ServerView& view) const = 0;
};

class Host {
 public:
  explicit Host(std::string name) : name_(std::move(name)) {
    disk.plant_folder("/etc", 0755, 0);
    disk.plant_folder("/home", 0755, 0);
  }

  Disk disk;
  std::map<std::string, host::OsUser> users;
  std::optional<Postgres> postgres;
  Network* network = nullptr;  ///< null: this host is alone
  std::int64_t clock_off = 0;  ///< seconds ahead of the world's clock
  std::string machine_id;
  std::vector<std::string> addresses;
  std::string request_subject;  ///< a host that lies puts this into its requests; "": it does not

  void add_user(const std::string& name, uid_t uid);

  // ---- the conversation ------------------------------------------------------------------------
  base::Result<fleet::HostFacts> observe(const fleet::Brief& brief, base::Time at) const;
  base::Result<fleet::Answer> perform(const fleet::Brief& brief, const fleet::Act& act,
                                      base::Time at);

  /// Power gone and back: disk and memory forget, the server starts again by itself.
  void power_cycle(base::Time at);

  [[nodiscard]] const std::string& name() const { return name_; }
  /// Where the slot's files are; errors as the node's.
  [[nodiscard]] base::Result<slots::SlotFiles> files_of(const std::string& environment,
                                                        const fleet::Slot& slot) const;

 private:
  base::Result<host::OsUser> find_user(const std::string& user) const;
  base::Result<fleet::SlotFacts> look(const std::string& environment,
                                      const fleet::Slot& slot) const;
  void observe_server(const fleet::Brief& brief, fleet::HostFacts& facts) const;
  base::Result<fleet::Answer> carry_out_act(const fleet::Brief& brief, const fleet::Act& act,
                                            base::Time at);
  base::Result<fleet::Answer> change_slot(const fleet::Brief& brief, const fleet::Act& act,
                                          base::Time at);
  base::Result<fleet::Answer> mark(const fleet::Brief& brief, const fleet::Act& act, base::Time at);
  base::Result<fleet::Answer> write_settings(const fleet::Brief& brief, const fleet::Act& act);
  base::Result<fleet::Answer> reload(base::Time at);
  base::Result<fleet::Answer> write_replication(const fleet::Brief& brief, const fleet::Act& act,
                                                base::Time at);
  base::Result<fleet::Answer> reconnect_walreceiver();
  [[nodiscard]] server::ServerView view_server() const;
  base::Result<void> write_service_entry(const slots::SlotFiles& files,
                                         const std::string& environment, bool& changed);

  std::string name_;
};

}  // namespace fakes
