// SPDX-License-Identifier: PostgreSQL
// A PostgreSQL server that loads files as the real one does. What it serves is what it has loaded,
// not what lies on disk; a reload whose TLS files are bad keeps the old context while SQL shows the
// new settings (be_tls_init is called with isServerStart = false, postmaster.c process_pm_reload);
// a start with bad ones dies. One error of syntax keeps a reload from applying anything.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "base/time.h"
#include "fakes/disk.h"
#include "fleet/facts.h"
#include "server/view.h"

namespace fakes {

/// What the postmaster holds in memory.
struct Loaded {
  std::map<std::string, fleet::SettingFact> settings;  ///< those that files set, by name
  bool tls = false;
  std::string certificate;  ///< leaf, PEM
  std::string trust;        ///< PEM; empty: no client is asked
  int loads = 0;
  base::Time at;
};

class Postgres {
 public:
  int version = 150020;
  std::string version_text = "15.20";
  std::string data_directory = "/var/lib/postgresql/15/main";
  std::string config_file = "/etc/postgresql/15/main/postgresql.conf";
  std::string hba_file = "/etc/postgresql/15/main/pg_hba.conf";
  std::string socket_directory = "/run/postgresql";
  std::string os_user = "postgres";
  uid_t uid = 105;
  int port = 5432;
  std::string system_identifier = "7300000000000000001";
  int timeline = 1;
  bool in_recovery = false;
  bool running = false;
  bool plaintext = true;  ///< its rules let clients in without TLS
  std::vector<fleet::RoleFact> roles;
  Loaded loaded;

  /// Files as a package leaves them.
  void install(Disk& disk, const std::string& extra_settings) const;

  /// False where it dies: `problem` says why, as its log would.
  bool start(const Disk& disk, base::Time at);
  void stop() { running = false; }
  /// What its log says of it, "" for nothing.
  std::string reload(const Disk& disk, base::Time at);

  /// Whether a start with what lies on disk would succeed; "" or why not.
  [[nodiscard]] std::string why_no_start(const Disk& disk) const;
  /// As server::view_server gives it.
  [[nodiscard]] server::ServerView view(const Disk& disk) const;
  /// What a handshake from outside shows.
  [[nodiscard]] fleet::ServedFacts served() const;

 private:
  struct Context {
    std::string problem;
    std::string certificate;
    std::string trust;
  };
  using Written = std::vector<fleet::SettingFact>;

  [[nodiscard]] Written written(const Disk& disk) const;
  void read_into(const Disk& disk, const std::string& path, Written& rows) const;
  [[nodiscard]] static bool applicable(const Written& rows);
  [[nodiscard]] static std::map<std::string, fleet::SettingFact> effective(const Written& rows);
  [[nodiscard]] std::string value(const std::map<std::string, fleet::SettingFact>& settings,
                                  const std::string& name) const;
  [[nodiscard]] Context load_tls(const Disk& disk,
                                 const std::map<std::string, fleet::SettingFact>& settings) const;
  [[nodiscard]] std::string file_of(const std::string& value) const;
};

}  // namespace fakes
