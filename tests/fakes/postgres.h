// SPDX-License-Identifier: PostgreSQL
// A PostgreSQL server that loads files as the real one does. What it serves is what it has loaded,
// not what lies on disk; a reload whose TLS files are bad keeps the old context while SQL shows the
// new settings (be_tls_init is called with isServerStart = false, postmaster.c process_pm_reload);
// a start with bad ones dies. One error of syntax keeps a reload from applying anything.
#pragma once

#include <map>
#include <optional>
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

/// A standby's connection to the server that it follows, as it was made.
struct Receiver {
  bool streaming = false;
  std::string primary;    ///< its host's name
  int primary_start = 0;  ///< which life of that server
  std::string conninfo;
  std::string role;
  std::string certificate;  ///< that it showed, leaf, PEM; "" none was asked for
  bool tls = false;
  int pid = 0;
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
  std::vector<std::string> slots;  ///< physical ones that it keeps WAL by
  Loaded loaded;
  Receiver receiver;
  int starts = 0;

  [[nodiscard]] static std::string home() { return "/var/lib/postgresql"; }
  [[nodiscard]] std::string auto_conf() const { return data_directory + "/postgresql.auto.conf"; }
  /// As pg_basebackup -R leaves it: with a slot of that name on the other side, if one is named.
  void follow_from_start(Disk& disk, const std::string& primary,
                         const std::string& slot = "") const;
  /// Files as a package leaves them.
  void install(Disk& disk, const std::string& extra_settings) const;

  /// False where it dies: `problem` says why, as its log would.
  bool start(const Disk& disk, base::Time at);
  void stop();
  /// What its log says of it, "" for nothing.
  std::string reload(const Disk& disk, base::Time at);

  /// Whether a start with what lies on disk would succeed; "" or why not.
  [[nodiscard]] std::string why_no_start(const Disk& disk) const;
  /// As server::view_server gives it.
  [[nodiscard]] server::ServerView view(const Disk& disk) const;
  /// The running value of a setting; "" where neither a file nor a default sets it.
  [[nodiscard]] std::string setting(const std::string& name) const;
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
  [[nodiscard]] Context load_anew(const Disk& disk,
                                  const std::map<std::string, fleet::SettingFact>& settings) const;
  [[nodiscard]] std::string file_of(const std::string& value) const;
  [[nodiscard]] std::optional<std::string> path_setting(const std::string& name) const;
  void view_settings(const Disk& disk, server::ServerView& view) const;
};

}  // namespace fakes
