// SPDX-License-Identifier: PostgreSQL
// The child's half: queries and files. What comes back is taken apart in view_rows.cpp.
#include "server/view.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <string.h>
#include <sys/stat.h>

#include <algorithm>

#include "base/fd.h"
#include "base/pack.h"
#include "server/view_parts.h"
#include "settings/configuration_file.h"
#include "settings/edit.h"
#include "settings/tls_settings.h"

namespace server {
namespace {

constexpr std::size_t configuration_bytes = 4UL * 1024 * 1024;

// One row. A standby answers the same (pg_control_checkpoint: of its last restart point).
constexpr const char* identity_query =
    "select current_setting('server_version'), current_setting('data_directory'),"
    " current_setting('config_file'), current_setting('hba_file'),"
    " current_setting('listen_addresses'), current_setting('port'),"
    " (select system_identifier from pg_control_system()),"
    " (select timeline_id from pg_control_checkpoint()),"
    " pg_is_in_recovery(), pg_conf_load_time(), pg_current_logfile()";

constexpr const char* roles_query =
    "select rolname, rolcanlogin, rolsuper from pg_roles where rolname = any($1::text[])";

/// The TLS settings of every version, and what decides where connections and files are.
std::vector<std::string> names_to_ask() {
  std::vector<std::string> names = {"config_file",
                                    "data_directory",
                                    "hba_file",
                                    "ident_file",
                                    "lc_messages",
                                    "listen_addresses",
                                    "log_destination",
                                    "logging_collector",
                                    "password_encryption",
                                    "port",
                                    "primary_conninfo",
                                    "primary_slot_name",
                                    "synchronous_standby_names",
                                    "unix_socket_directories",
                                    "wal_keep_segments",
                                    "wal_keep_size"};
  for (const settings::TlsSetting& setting : settings::tls_settings())
    names.emplace_back(setting.name);
  std::sort(names.begin(), names.end());
  names.erase(std::unique(names.begin(), names.end()), names.end());
  return names;
}

// Without parameters: a prepared question that has some is planned anew each time. No name that is
// asked for needs an escape.
const std::string& running_query() {
  static const std::string query = fmt::format(
      "select name, setting, source, sourcefile, sourceline, pending_restart"
      " from pg_settings where name = any('{}'::text[]) order by name",
      array_of(names_to_ask()));
  return query;
}

const std::string& written_query() {
  static const std::string query = fmt::format(
      "select name, setting, sourcefile, sourceline, applied, error from pg_file_settings"
      " where name = any('{}'::text[]) or error is not null order by seqno",
      array_of(names_to_ask()));
  return query;
}

/// A value that only waits for a restart is shown with the error of one that is refused; which it
/// is, pg_settings tells, and to compute that view twice is the dearest part of a look.
const std::string& written_and_refused_query() {
  static const std::string query = fmt::format(
      "select f.name, f.setting, f.sourcefile, f.sourceline, f.applied,"
      " case when s.pending_restart is not true then f.error end"
      " from pg_file_settings f left join pg_settings s using (name)"
      " where f.name = any('{}'::text[])"
      " or f.error is not null and s.pending_restart is not true order by f.seqno",
      array_of(names_to_ask()));
  return query;
}

class View {
 public:
  View(Session& session, const ViewWanted& wanted) : session_(session), wanted_(wanted) {}

  base::Result<std::string> whole() {
    const Rows identity = TRY(session_.ask(identity_query));
    parts_.resize(view_parts);
    parts_[part_version] = std::to_string(session_.version());
    parts_[part_identity] = pack_rows(identity);
    ask(part_running, running_query(), {});
    Rows written = ask(part_written, written_query(), {});
    if (std::any_of(written.begin(), written.end(),
                    [](const Row& row) { return row.at(5).has_value(); }))
      written = ask(part_written, written_and_refused_query(), {});
    if (!wanted_.roles.empty()) ask(part_roles, roles_query, {array_of(wanted_.roles)});
    if (wanted_.sessions) ask(part_sessions, sessions_query(session_.version()), {});
    if (wanted_.rules) ask(part_rules, rules_query(session_.version()), {});
    if (wanted_.replication) replication(text_of(identity.at(0).at(1)), written);
    files(text_of(identity.at(0).at(2)), text_of(identity.at(0).at(3)));
    parts_[part_unanswered] = base::pack(unanswered_);
    return base::pack(parts_);
  }

 private:
  Rows ask(ViewPart part, const std::string& sql, const std::vector<std::string>& parameters) {
    base::Result<Rows> rows = session_.ask(sql, parameters);
    if (!rows) {
      unanswered_.push_back(fmt::format("{}: {}", to_string(part), rows.error().detail));
      return {};
    }
    parts_[part] = pack_rows(*rows);
    return std::move(rows).value();
  }

  /// Whom this server sends WAL to, and how it follows another itself.
  void replication(const std::string& data_directory, const Rows& written) {
    ask(part_replicas, replicas_query(session_.version()), {});
    ask(part_replication_slots, replication_slots_query(session_.version()), {});
    base::Result<Rows> rows = session_.ask(following_query());
    if (!rows || rows->size() != 1) {
      if (!rows)
        unanswered_.push_back(
            fmt::format("{}: {}", to_string(part_following), rows.error().detail));
      return;
    }
    // The file that counts is that of the last line that sets it.
    for (const Row& row : written) {
      if (text_of(row.at(0)) != "primary_conninfo") continue;
      rows->front().at(1) = row.at(2);
      rows->front().at(2) = row.at(3);
    }
    parts_[part_following] = pack_rows(*rows);
    // Before 12 it was no setting but a line of a file of its own (recovery-config).
    std::string path = session_.version() >= 120000 ? text_of(rows->front().at(1))
                                                    : data_directory + "/recovery.conf";
    if (path.empty()) return;
    const ViewedFile file = view_file(path, configuration_bytes);
    if (session_.version() < 120000 && !file.problem.empty()) return;
    parts_[part_conninfo_file] = base::pack({file.path, file.text, file.problem});
  }

  void files(const std::string& config_path, const std::string& hba_path) {
    const ViewedFile config = view_file(config_path, configuration_bytes);
    const ViewedFile hba = view_file(hba_path, configuration_bytes);
    parts_[part_config] = base::pack({config.path, config.text, config.problem});
    parts_[part_hba] = base::pack({hba.path, hba.text, hba.problem});
    drop_in(config);
  }

  /// The last include_dir of the configuration file itself: files of a folder that another include
  /// names may come earlier than what the configuration file says.
  void drop_in(const ViewedFile& config) {
    const settings::ConfigurationFile file = settings::parse(config.text, config.path);
    const auto last = std::find_if(
        file.includes.rbegin(), file.includes.rend(),
        [](const auto& include) { return include.kind == settings::IncludeKind::directory; });
    if (last == file.includes.rend() || last->path.empty()) return;
    const std::string folder = last->path.front() == '/'
                                   ? last->path
                                   : config.path.substr(0, config.path.rfind('/') + 1) + last->path;
    DIR* stream = opendir(folder.c_str());
    if (stream == nullptr) return;
    const base::Result<settings::DropIn> ours = settings::drop_in("/");
    std::vector<std::string> packed = {folder, ""};
    while (const dirent* entry = readdir(stream)) {
      const std::string name = entry->d_name;
      if (ours && name == ours->file_name) {
        packed[1] = view_file(folder + "/" + name, configuration_bytes).text;
      } else if (name.ends_with(".conf") && name.front() != '.') {
        packed.push_back(name);
      }
    }
    closedir(stream);
    parts_[part_drop_in] = base::pack(packed);
  }

  Session& session_;
  const ViewWanted& wanted_;
  std::vector<std::string> parts_;
  std::vector<std::string> unanswered_;
};

/// Of pg_stat_ssl as s. 10 and 11 have neither the serial number nor the issuer (their clientdn
/// alone tells too little).
const char* certificate_columns(int version) {
  return version >= 120000 ? "s.client_serial, s.issuer_dn" : "null, null";
}

}  // namespace

const char* to_string(ViewPart part) {
  switch (part) {
    case part_running:
      return "pg_settings";
    case part_written:
      return "pg_file_settings";
    case part_roles:
      return "pg_roles";
    case part_sessions:
      return "pg_stat_ssl";
    case part_rules:
      return "pg_hba_file_rules";
    case part_replicas:
      return "pg_stat_replication";
    case part_replication_slots:
      return "pg_replication_slots";
    case part_following:
      return "pg_stat_wal_receiver";
    default:
      return "server";
  }
}

std::string sessions_query(int version) {
  // Of 14's lost column "compression" nothing is asked.
  return fmt::format(
      "select a.usename, a.datname, host(a.client_addr), a.application_name, a.backend_type,"
      " s.ssl, s.version, {} from pg_stat_activity a left join pg_stat_ssl s on s.pid = a.pid"
      " where a.backend_type in ('client backend', 'walsender') and a.pid <> pg_backend_pid()",
      certificate_columns(version));
}

std::string replicas_query(int version) {
  return fmt::format(
      "select r.usename, r.application_name, host(r.client_addr), r.state, r.sync_state, s.ssl, {},"
      " pg_wal_lsn_diff(r.sent_lsn, r.flush_lsn)"
      " from pg_stat_replication r left join pg_stat_ssl s on s.pid = r.pid",
      certificate_columns(version));
}

std::string replication_slots_query(int version) {
  return fmt::format(
      "select slot_name, active, {} from pg_replication_slots where slot_type = 'physical'",
      version >= 130000 ? "wal_status" : "null");
}

// A receiver calls itself "streaming" from its start on (WalReceiverMain in walreceiver.c of the
// server's source), before it has a connection, and until a missing slot or timeline ends it. It
// does stream once a message came, or where it waits for one: its three times are one till then.
const char* const receiver_query =
    "select case when r.status = 'streaming' and a.wait_event is distinct from 'WalReceiverMain'"
    " and r.last_msg_send_time is not distinct from r.last_msg_receipt_time"
    " then 'connecting' else r.status end as status, r.conninfo, r.pid"
    " from pg_stat_wal_receiver r left join pg_stat_activity a on a.pid = r.pid";

/// The startup process asks for a new receiver where replay has reached the end of what was
/// received (xlogrecovery.c, WaitForWALToBecomeAvailable); paused or delayed, it does not get
/// there.
const char* const held_expression =
    "case when pg_is_wal_replay_paused() then 'its replay is paused'"
    " when coalesce(current_setting('recovery_min_apply_delay', true), '0') <> '0'"
    " then 'its replay is delayed by recovery_min_apply_delay = '"
    " || current_setting('recovery_min_apply_delay', true) else '' end";

/// One row. Its second and third column are file and line, which the child takes from
/// pg_file_settings: to read that view makes the server parse its files. A server that was never
/// told shows none.
std::string following_query() {
  return fmt::format(
      "select current_setting('primary_conninfo', true), null, null,"
      " w.status, w.conninfo, w.pid, current_setting('primary_slot_name', true),"
      " coalesce(current_setting('restore_command', true), '') <> '',"
      " case when not pg_is_in_recovery() then '' else {} end"
      " from (select 1) as one left join ({}) w on true",
      held_expression, receiver_query);
}

std::string rules_query(int version) {
  // A row without a type is a line that a reload refuses, with or without an error text; an error
  // beside a type is a warning, and the line loads.
  return fmt::format("select {}, line_number, error from pg_hba_file_rules where type is null",
                     version >= 160000 ? "file_name" : "null::text");
}

ViewedFile view_file(const std::string& path, std::size_t limit) {
  ViewedFile file{path, {}, {}};
  const base::Fd opened(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  struct stat state {};
  if (!opened.open() || fstat(opened.get(), &state) != 0) {
    file.problem = strerror(errno);
  } else if (!S_ISREG(state.st_mode)) {
    file.problem = "is not a regular file";
  } else if (base::Result<std::string> text = base::read_all(opened.get(), limit)) {
    file.text = std::move(text).value();
  } else {
    file.problem = text.error().message;
  }
  return file;
}

base::Result<std::string> view_by(Session& session, const ViewWanted& wanted) {
  return View(session, wanted).whole();
}

}  // namespace server
