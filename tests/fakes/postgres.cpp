// SPDX-License-Identifier: PostgreSQL
#include "fakes/postgres.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <unordered_map>

#include "base/text.h"
#include "fakes/slot_store.h"
#include "settings/configuration_file.h"
#include "settings/mask.h"
#include "settings/tls_settings.h"
#include "x509/bundle.h"
#include "x509/pair.h"

namespace fakes {
namespace {

using Settings = std::map<std::string, fleet::SettingFact>;

/// As the server prints a switch, "" where it is none.
std::string switch_of(const std::string& value) {
  const std::string word = base::lower(value);
  for (const auto* yes : {"on", "true", "yes", "1", "t", "y"})
    if (word == yes) return "on";
  for (const auto* no : {"off", "false", "no", "0", "f", "n"})
    if (word == no) return "off";
  return "";
}

bool is_switch(const std::string& name) {
  return name == "ssl" || name == "ssl_prefer_server_ciphers" ||
         name == "ssl_passphrase_command_supports_reload";
}

/// The value that the server refuses alone: the others are applied all the same.
bool bad_value(const fleet::SettingFact& fact) {
  if (is_switch(fact.name)) return switch_of(fact.value).empty();
  if (fact.name != "ssl_min_protocol_version" && fact.name != "ssl_max_protocol_version")
    return false;
  return !fact.value.empty() && !settings::compare_protocols(fact.value, "TLSv1.2");
}

constexpr const char* value_error = "setting could not be applied";

/// Those that a node asks for beside the TLS ones, as a server of 15 shows them untold.
const std::map<std::string, std::string>& other_settings() {
  static const std::map<std::string, std::string> settings = {
      {"config_file", ""},
      {"data_directory", ""},
      {"hba_file", ""},
      {"ident_file", ""},
      {"lc_messages", "C.UTF-8"},
      {"listen_addresses", "localhost"},
      {"log_destination", "stderr"},
      {"logging_collector", "off"},
      {"password_encryption", "scram-sha-256"},
      {"port", "5432"},
      {"primary_conninfo", ""},
      {"primary_slot_name", ""},
      {"synchronous_standby_names", ""},
      {"unix_socket_directories", "/var/run/postgresql"},
      {"wal_keep_size", "0"}};
  return settings;
}

}  // namespace

void Postgres::install(Disk& disk, const std::string& extra_settings) const {
  if (!disk.look(home()).exists()) disk.plant_folder(home(), 0755, uid);
  disk.plant_folder(folder_of(config_file), 0755, uid);
  disk.plant_folder(data_directory, 0700, uid);
  const host::Ownership own{uid, uid, 0644};
  disk.plant(config_file,
             fmt::format("data_directory = '{}'\nhba_file = '{}'\nlisten_addresses = '*'\n"
                         "port = {}\n{}",
                         data_directory, hba_file, port, extra_settings),
             own);
  disk.plant(hba_file, "local all all peer\nhost all all all scram-sha-256\n", {uid, uid, 0640});
}

void Postgres::read_into(const Disk& disk, const std::string& path, Written& rows) const {
  const std::string* text = disk.read(path);
  if (text == nullptr || !may_read(disk.look(path), uid)) return;
  const settings::ConfigurationFile file = settings::parse(*text, path);
  std::size_t include = 0;
  std::size_t bad = 0;
  const auto include_before = [&](int line) {
    for (; include < file.includes.size() && file.includes[include].line < line; ++include) {
      const settings::Include& one = file.includes[include];
      const bool there = disk.read(one.path) != nullptr && may_read(disk.look(one.path), uid);
      if (one.kind == settings::IncludeKind::file && !there)
        rows.push_back({"", "", "", path, one.line, false, "could not open file"});
      read_into(disk, one.path, rows);
    }
  };
  const auto bad_before = [&](int line) {
    for (; bad < file.findings.size() && file.findings[bad].line < line; ++bad) {
      include_before(file.findings[bad].line);
      rows.push_back({"", "", "", path, file.findings[bad].line, false, "syntax error"});
    }
  };
  for (const settings::Assignment& one : file.assignments) {
    bad_before(one.line);
    include_before(one.line);
    fleet::SettingFact fact{one.name, one.value, "", path, one.line, false, ""};
    if (bad_value(fact)) fact.error = value_error;
    rows.push_back(std::move(fact));
  }
  bad_before(static_cast<int>(file.lines.size()) + 2);
  include_before(static_cast<int>(file.lines.size()) + 2);
}

Postgres::Written Postgres::written(const Disk& disk) const {
  Written rows;
  read_into(disk, config_file, rows);
  read_into(disk, auto_conf(), rows);
  return rows;
}

bool Postgres::applicable(const Written& rows) {
  return std::all_of(rows.begin(), rows.end(), [](const fleet::SettingFact& row) {
    return row.error.empty() || settings::value_refused(row.error);
  });
}

Settings Postgres::effective(const Written& rows) {
  Settings settings;
  for (const fleet::SettingFact& row : rows)
    if (row.error.empty()) settings[row.name] = row;
  return settings;
}

std::string Postgres::value(const Settings& settings, const std::string& name) const {
  const auto found = settings.find(name);
  if (found != settings.end())
    return is_switch(name) ? switch_of(found->second.value) : found->second.value;
  const settings::TlsSetting* row = settings::tls_setting(settings::major_of(version), name);
  return row == nullptr ? std::string()
                        : std::string(settings::default_of(settings::major_of(version), *row));
}

std::string Postgres::file_of(const std::string& written_value) const {
  if (written_value.empty() || written_value.front() == '/') return written_value;
  return data_directory + "/" + written_value;
}

/// What is made of the files follows from them, and a simulation loads the same ones many times.
Postgres::Context Postgres::load_tls(const Disk& disk, const Settings& settings) const {
  static thread_local std::unordered_map<std::string, Context> known;
  std::string key = std::to_string(uid);
  for (const auto* name : {"ssl_cert_file", "ssl_key_file", "ssl_ca_file"}) {
    const std::string path = file_of(value(settings, name));
    const host::FileState state = disk.look(path);
    const std::string* bytes = disk.read(path);
    key +=
        fmt::format("|{} {:o} {} {}", path, state.mode, state.uid, bytes == nullptr ? "-" : *bytes);
  }
  for (const auto* name : {"ssl_min_protocol_version", "ssl_max_protocol_version"})
    key += "|" + value(settings, name);
  const auto found = known.find(key);
  if (found != known.end()) return found->second;
  return known.emplace(std::move(key), load_anew(disk, settings)).first->second;
}

Postgres::Context Postgres::load_anew(const Disk& disk, const Settings& settings) const {
  Context made;
  const std::string certificate_path = file_of(value(settings, "ssl_cert_file"));
  const std::string key_path = file_of(value(settings, "ssl_key_file"));
  const std::string trust_path = file_of(value(settings, "ssl_ca_file"));
  const auto readable = [&](const std::string& path) {
    return disk.read(path) != nullptr && may_read(disk.look(path), uid);
  };
  const auto fails = [&](std::string why) {
    made.problem = std::move(why);
    return made;
  };
  if (!readable(certificate_path))
    return fails("could not load server certificate file \"" + certificate_path + "\"");
  if (!readable(key_path)) return fails("could not access private key file \"" + key_path + "\"");
  const host::FileState key = disk.look(key_path);
  if (key.uid != uid && key.uid != 0)
    return fails("private key file must be owned by the database user or root");
  if ((key.mode & (key.uid == uid ? 077U : 037U)) != 0)
    return fails("private key file has group or world access");
  const auto pair = x509::parse_pair(*disk.read(certificate_path), *disk.read(key_path));
  if (!pair || !pair->leaf) return fails("could not load server certificate file");
  if (!pair->has_key || pair->key_encrypted) return fails("could not load private key file");
  if (!pair->key_matches) return fails("check of private key failed: key values mismatch");
  const auto oldest = value(settings, "ssl_min_protocol_version");
  const auto newest = value(settings, "ssl_max_protocol_version");
  if (!oldest.empty() && settings::compare_protocols(newest, oldest).value_or(0) < 0)
    return fails("could not set SSL protocol version range");
  made.certificate = pair->leaf->to_pem();
  if (trust_path.empty()) return made;
  if (!readable(trust_path)) return fails("could not load root certificate file");
  const auto bundle = x509::Bundle::from_pem(*disk.read(trust_path));
  if (!bundle || bundle->empty()) return fails("could not load root certificate file");
  made.trust = bundle->to_pem();
  return made;
}

std::string Postgres::why_no_start(const Disk& disk) const {
  const Written rows = written(disk);
  for (const fleet::SettingFact& row : rows)
    if (!row.error.empty()) return row.file + ": " + row.error;
  if (rows.empty()) return "could not access the server configuration file";
  const Settings settings = effective(rows);
  if (value(settings, "ssl") != "on") return "";
  return load_tls(disk, settings).problem;
}

bool Postgres::start(const Disk& disk, base::Time at) {
  receiver = {};
  ++starts;
  running = why_no_start(disk).empty();
  if (!running) return false;
  loaded = Loaded();
  loaded.settings = effective(written(disk));
  loaded.tls = value(loaded.settings, "ssl") == "on";
  if (loaded.tls) {
    Context made = load_tls(disk, loaded.settings);
    loaded.certificate = std::move(made.certificate);
    loaded.trust = std::move(made.trust);
  }
  loaded.at = at;
  return true;
}

void Postgres::follow_from_start(Disk& disk, const std::string& primary,
                                 const std::string& slot) const {
  std::string text = fmt::format(
      "# Do not edit this file manually!\nprimary_conninfo = 'user=replicator password=opensesame "
      "host={} port={} sslmode=prefer'\n",
      primary, port);
  if (!slot.empty()) text += fmt::format("primary_slot_name = '{}'\n", slot);
  disk.plant(auto_conf(), text, {uid, uid, 0600});
}

void Postgres::stop() {
  running = false;
  receiver = {};
}

std::string Postgres::setting(const std::string& name) const {
  const auto other = other_settings().find(name);
  const bool told = loaded.settings.contains(name);
  return !told && other != other_settings().end() ? other->second : value(loaded.settings, name);
}

std::string Postgres::reload(const Disk& disk, base::Time at) {
  const Written rows = written(disk);
  ++loaded.loads;
  loaded.at = at;
  if (!applicable(rows))
    return "LOG:  configuration file \"" + config_file +
           "\" contains errors; no changes were applied\n";
  const Settings before = loaded.settings;
  loaded.settings = effective(rows);
  if (value(loaded.settings, "ssl") != "on") {
    loaded.tls = false;
    loaded.certificate.clear();
    loaded.trust.clear();
    return "";
  }
  Context made = load_tls(disk, loaded.settings);
  if (!made.problem.empty())
    return "LOG:  " + made.problem + "\nLOG:  SSL configuration was not reloaded\n";
  loaded.tls = true;
  loaded.certificate = std::move(made.certificate);
  loaded.trust = std::move(made.trust);
  return "";
}

server::ServerView Postgres::view(const Disk& disk) const {
  server::ServerView view;
  view.version = version;
  view.version_text = version_text;
  view.data_directory = data_directory;
  view.config_file = config_file;
  view.hba_file = hba_file;
  view.listen_addresses = "*";
  view.port = port;
  view.system_identifier = system_identifier;
  view.timeline = std::to_string(timeline);
  view.in_recovery = in_recovery;
  view.conf_load_time = fmt::format("{}.{:06}+00", base::format_time(loaded.at), loaded.loads);
  view.roles = roles;
  const auto file = [&](const std::string& path) {
    const std::string* text = disk.read(path);
    return text == nullptr ? server::ViewedFile{path, "", "No such file or directory"}
                           : server::ViewedFile{path, *text, ""};
  };
  view_settings(disk, view);
  view.config = file(config_file);
  view.hba = file(hba_file);
  for (const std::string& slot : slots) view.replication_slots.push_back({slot, false, "reserved"});
  view.replication.running = setting("primary_conninfo");
  view.replication.slot = setting("primary_slot_name");
  const auto written_there =
      std::find_if(view.written.rbegin(), view.written.rend(),
                   [](const auto& row) { return row.name == "primary_conninfo"; });
  if (written_there != view.written.rend()) {
    view.replication.file = file(written_there->file);
    view.replication.line = written_there->line;
  }
  if (receiver.streaming)
    view.replication.receiver = {"streaming", receiver.conninfo, receiver.pid};
  return view;
}

/// Of those that the server resolves at its start; null for any other.
std::optional<std::string> Postgres::path_setting(const std::string& name) const {
  if (name == "config_file") return config_file;
  if (name == "data_directory") return data_directory;
  if (name == "hba_file") return hba_file;
  if (name == "ident_file") return folder_of(config_file) + "/pg_ident.conf";
  return std::nullopt;
}

void Postgres::view_settings(const Disk& disk, server::ServerView& view) const {
  const int major = settings::major_of(version);
  std::vector<std::string> names;
  for (const auto& [name, untold] : other_settings()) names.push_back(name);
  for (const settings::TlsSetting& setting : settings::tls_settings()) {
    const std::string name(setting.name);
    const bool hidden = name == "ssl_renegotiation_limit";  // GUC_NO_SHOW_ALL
    if (!hidden && settings::tls_setting(major, name) != nullptr) names.push_back(name);
  }
  std::sort(names.begin(), names.end());
  for (const std::string& name : names) {
    fleet::SettingFact fact;
    const auto found = loaded.settings.find(name);
    if (found != loaded.settings.end()) fact = found->second;
    fact.name = name;
    fact.value = settings::mask_setting(name, setting(name));
    fact.source = found == loaded.settings.end() ? "default" : "configuration file";
    if (const auto path = path_setting(name)) fact = {name, *path, "override", "", 0, false, ""};
    if (name == "lc_messages") fact = {name, "C", "client", "", 0, false, ""};  // the node's own
    view.running.push_back(std::move(fact));
  }
  const Written rows = written(disk);
  const bool any = applicable(rows);
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const bool shown = std::binary_search(names.begin(), names.end(), rows[i].name);
    if (!shown && rows[i].error.empty()) continue;
    const bool last = std::none_of(rows.begin() + static_cast<std::ptrdiff_t>(i) + 1, rows.end(),
                                   [&](const auto& later) { return later.name == rows[i].name; });
    view.written.push_back(rows[i]);
    view.written.back().value = settings::mask_setting(rows[i].name, rows[i].value);
    view.applied.push_back(any && last && rows[i].error.empty());
  }
}

fleet::ServedFacts Postgres::served() const {
  fleet::ServedFacts facts;
  facts.answered = running;
  if (!running) {
    facts.problem = "Connection refused";
    return facts;
  }
  if (!loaded.tls) {
    facts.problem = "the server does not take TLS";
    return facts;
  }
  facts.tls = true;
  facts.certificate = loaded.certificate;
  facts.protocol = "TLSv1.3";
  facts.cipher = "TLS_AES_256_GCM_SHA384";
  facts.asks_client_certificate = !loaded.trust.empty();
  if (const auto bundle = x509::Bundle::from_pem(loaded.trust))
    for (const x509::Certificate& one : bundle->certificates())
      facts.client_authorities.push_back(one.subject);
  return facts;
}

}  // namespace fakes
