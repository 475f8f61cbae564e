// SPDX-License-Identifier: PostgreSQL
// What a session with the server, and its configuration files, showed: taken by a child of the
// server's user in one go.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/finding.h"
#include "base/result.h"
#include "fleet/facts.h"
#include "server/discovery.h"
#include "server/sql.h"

namespace server {

/// What to look at beyond settings and files.
struct ViewWanted {
  std::vector<std::string> roles;
  bool sessions = false;
  bool rules = false;  ///< pg_hba_file_rules
  bool replication = false;
};

/// A file as its server's user reads it.
struct ViewedFile {
  std::string path;
  std::string text;
  std::string problem;  ///< why it could not be read, "" if it was
};

/// Our file in the server's include_dir, or where it would go.
struct ViewedDropIn {
  std::string folder;              ///< "": the configuration names none that exists
  std::string text;                ///< of our file there; "" none
  std::vector<std::string> names;  ///< what else lies there
};

/// pg_stat_wal_receiver. Passwords in `conninfo` are masked by the server.
struct ReceiverView {
  std::string status;  ///< "streaming", …; "" where no receiver runs
  std::string conninfo;
  int pid = 0;
};

/// What a standby follows by. `running` and `file` may hold a password: they do not leave this
/// folder.
struct ReplicationView {
  std::string running;  ///< primary_conninfo as the server goes by it; before 12 never shown
  ViewedFile file;      ///< where it stands; path "" where no file sets it
  int line = 0;
  ReceiverView receiver;
  std::string slot;      ///< primary_slot_name
  bool archive = false;  ///< restore_command is set
  std::string held;      ///< why no new receiver would start now
};

struct ServerView {
  int version = 0;
  std::string version_text;
  std::string data_directory;
  std::string config_file;
  std::string hba_file;
  std::string listen_addresses;
  int port = 0;
  std::string system_identifier;
  std::string timeline;
  bool in_recovery = false;
  std::string conf_load_time;
  std::string log_file;  ///< absolute; "" where the server does not write its own
  std::vector<fleet::SettingFact> running;
  std::vector<fleet::SettingFact> written;  ///< in the order read; `applied` ones only where good
  std::vector<bool> applied;                ///< for each of `written`: the one that counts
  std::vector<fleet::RoleFact> roles;
  std::vector<fleet::SessionFact> sessions;
  std::vector<std::string> bad_rules;  ///< "line 3: …", rules that a reload would refuse
  ViewedFile config;
  ViewedFile hba;
  ViewedDropIn drop_in;
  std::vector<fleet::ReplicaFact> replicas;
  std::vector<fleet::ReplicationSlotFact> replication_slots;
  ReplicationView replication;
  std::vector<std::string> unanswered;  ///< queries that failed, with the server's word

  [[nodiscard]] int major() const;
  /// pg_settings' row, or null.
  [[nodiscard]] const fleet::SettingFact* running_setting(std::string_view name) const;
  /// The row of pg_file_settings that counts, or null.
  [[nodiscard]] const fleet::SettingFact* written_setting(std::string_view name) const;
  /// True where files do not decide: the command line (or the environment) does.
  [[nodiscard]] bool fixed_at_start(std::string_view name) const;
  /// What the setting will be after a reload.
  [[nodiscard]] std::string after_reload(std::string_view name) const;
};

/// Within the child of the server's user, packed; and taken apart again. Error server_query.
base::Result<std::string> view_by(Session& session, const ViewWanted& wanted);
base::Result<ServerView> unpack_view(std::string_view bytes);

/// Reads a regular file of at most `limit` bytes, never waiting for one.
ViewedFile view_file(const std::string& path, std::size_t limit);

/// The queries, by version where views differ.
std::string sessions_query(int version);
std::string rules_query(int version);
std::string replicas_query(int version);
std::string replication_slots_query(int version);
std::string following_query();
extern const char* const receiver_query;  ///< status, conninfo, pid; no row where none runs

/// Null-safe text of a field; what is not UTF-8 is escaped, because facts are text.
std::string text_of(const Field& field);

}  // namespace server
