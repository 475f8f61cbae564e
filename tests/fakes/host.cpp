// SPDX-License-Identifier: PostgreSQL
#include "fakes/host.h"

#include <fmt/format.h>

#include <algorithm>
#include <unordered_map>

#include "fakes/slot_store.h"
#include "hba/mask.h"
#include "server/include_edit.h"
#include "server/replication.h"
#include "server/tls_files.h"
#include "settings/edit.h"
#include "settings/tls_settings.h"
#include "slots/changes.h"
#include "slots/mark.h"
#include "slots/service_file.h"
#include "x509/digest.h"
#include "x509/request.h"

namespace fakes {

using base::Code;
using base::Result;
using fleet::Act;
using fleet::ActKind;
using fleet::Answer;

namespace {

constexpr const char* etc = "/etc/pgseal";

std::string settings_path(const std::string& host) {
  return fmt::format("{}/server/{}/ssl.conf", etc, host);
}

base::Finding finding_of(const base::Error& error, const std::string& host) {
  base::Finding finding;
  finding.code = base::error_row(error.code).name;
  finding.message = error.message;
  finding.detail = error.detail;
  finding.hint = error.hint;
  finding.host = host;
  return finding;
}

base::Error not_running(const Postgres& postgres) {
  return base::error(
             Code::server_down,
             fmt::format("the PostgreSQL server of \"{}\" is not running", postgres.data_directory))
      .with_hint(
          "Start it. Where it does not start, its log says why: a full disk, a file that it may "
          "not read.");
}

/// What a slot shows follows from its files alone, and many hosts are looked at many times.
fleet::SlotFacts described(const slots::SlotFiles& files, const slots::SeenSlot& seen) {
  static thread_local std::unordered_map<std::string, fleet::SlotFacts> known;
  std::string key = files.folder() + fleet::to_string(files.slot);
  for (const slots::SeenFile* file : {&seen.key, &seen.certificate, &seen.trust, &seen.pending})
    key += fmt::format("|{}.{:o}.{}.{}{}", static_cast<int>(file->state.kind), file->state.mode,
                       file->state.uid, file->bytes, file->problem);
  const auto found = known.find(key);
  if (found != known.end()) return found->second;
  if (known.size() > 50000) known.clear();
  return known.emplace(std::move(key), slots::describe_slot(files, seen)).first->second;
}

}  // namespace

void Host::add_user(const std::string& user, uid_t uid) {
  const std::string home = "/home/" + user;
  users[user] = {user, uid, uid, home};
  disk.plant_folder(home, 0700, uid);
}

Result<host::OsUser> Host::find_user(const std::string& user) const {
  if (postgres && user == postgres->os_user)
    return host::OsUser{user, postgres->uid, postgres->uid, Postgres::home()};
  const auto found = users.find(user);
  if (found != users.end()) return found->second;
  return base::error(Code::user_missing, fmt::format("OS user \"{}\" does not exist", user));
}

Result<slots::SlotFiles> Host::files_of(const std::string& environment,
                                        const fleet::Slot& slot) const {
  if (slot.kind == fleet::SlotKind::client)
    return slots::client_files(environment, slot, TRY(find_user(slot.os_user)));
  if (!postgres) return slots::server_files(etc, slot, std::nullopt);
  return slots::server_files(etc, slot, TRY(find_user(postgres->os_user)));
}

// ---- observing ----------------------------------------------------------------------------------

Result<fleet::SlotFacts> Host::look(const std::string& environment, const fleet::Slot& slot) const {
  const auto files = files_of(environment, slot);
  const auto seen = files ? see(disk, *files) : Result<slots::SeenSlot>(files.error());
  if (seen) return described(*files, *seen);
  fleet::SlotFacts facts;
  facts.slot = slot;
  facts.folder = files ? files->folder() : "";
  if (seen.error().code == Code::user_missing) {
    facts.user_exists = false;
    if (files) facts.unsafe = seen.error().message;
  } else if (seen.error().code == Code::file_unsafe) {
    facts.unsafe = seen.error().message;
  } else {
    return seen.error();
  }
  return facts;
}

void Host::observe_server(const fleet::Brief& brief, fleet::HostFacts& facts) const {
  if (postgres)
    facts.candidates.push_back({postgres->data_directory, postgres->config_file, postgres->port,
                                postgres->running,
                                postgres->running ? "running postmaster" : "/etc/postgresql"});
  if (!brief.database || !postgres) return;
  fleet::ServerFacts server;
  server.data_directory = postgres->data_directory;
  server.config_file = postgres->config_file;
  server.os_user = postgres->os_user;
  server.socket_directory = postgres->socket_directory;
  server.port = postgres->port;
  server.running = postgres->running;
  const std::string ssl_conf = settings_path(brief.host);
  if (const std::string* text = disk.read(ssl_conf)) server.ssl_conf = *text;
  if (!postgres->running) {
    server.problem = "the server is not running";
    facts.findings.push_back(finding_of(not_running(*postgres), facts.host));
    facts.server = std::move(server);
    return;
  }
  const server::ServerView view = view_server();
  server.hba_file = view.hba_file;
  server.hba_text = hba::mask_secrets(view.hba.text);
  server.hba_sha256 = x509::sha256_hex(view.hba.text);
  server.version = view.version;
  server.version_text = view.version_text;
  server.system_identifier = view.system_identifier;
  server.in_recovery = view.in_recovery;
  server.timeline = view.timeline;
  server.listen_addresses = view.listen_addresses;
  server.conf_load_time = view.conf_load_time;
  server.running_settings = view.running;
  server.written_settings = view.written;
  for (const fleet::RoleFact& role : postgres->roles)
    if (std::find(brief.roles.begin(), brief.roles.end(), role.name) != brief.roles.end())
      server.roles.push_back(role);
  server.config_sha256 = x509::sha256_hex(view.config.text);
  server.include_in_place = server::include_in_place(view, ssl_conf);
  server.include_dir = server::include_folder(view);
  server.sessions = view.sessions;
  server.replicas = view.replicas;
  server.replication_slots = view.replication_slots;
  server.replication = server::replication_facts(view);
  facts.server = std::move(server);
}

Result<fleet::HostFacts> Host::observe(const fleet::Brief& brief, base::Time at) const {
  fleet::HostFacts facts;
  facts.host = brief.host;
  facts.clock = at.time_since_epoch().count() + clock_off;
  facts.machine_id = machine_id;
  facts.running_machine = machine_id;
  facts.addresses = addresses;
  facts.hostname = name_;
  facts.operating_system = "Debian GNU/Linux 12 (bookworm)";
  facts.architecture = "x86_64";
  facts.node_version = PGSEAL_VERSION;
  if (const std::string* text = disk.read(fmt::format("{}/mark/{}", etc, brief.environment))) {
    auto mark = slots::parse_mark(*text);
    if (mark)
      facts.mark = std::move(*mark);
    else
      facts.findings.push_back(finding_of(mark.error(), brief.host));
  }
  for (const fleet::Slot& slot : brief.client_slots)
    facts.client_slots.push_back(TRY(look(brief.environment, slot)));
  if (brief.database)
    facts.server_slot = TRY(look(brief.environment, fleet::server_slot(brief.host)));
  observe_server(brief, facts);
  for (base::Finding& finding : facts.findings) finding.host = brief.host;
  return facts;
}

// ---- acts ---------------------------------------------------------------------------------------

Result<Answer> Host::perform(const fleet::Brief& brief, const Act& act, base::Time at) {
  const bool of_standby =
      act.kind == ActKind::write_replication_settings || act.kind == ActKind::reconnect_walreceiver;
  const bool of_server = act.kind == ActKind::write_server_settings || act.kind == ActKind::reload;
  const bool own = act.slot.kind == fleet::SlotKind::server
                       ? brief.database && act.slot.name == brief.host
                       : std::find(brief.client_slots.begin(), brief.client_slots.end(),
                                   act.slot) != brief.client_slots.end();
  if (!of_server && act.kind != ActKind::mark_host && !own)
    return base::error(Code::protocol_value, fmt::format("{} is no slot of host \"{}\"",
                                                         fleet::to_string(act.slot), brief.host));
  if ((of_server || of_standby) && !brief.database)
    return base::error(Code::protocol_value,
                       fmt::format("host \"{}\" is no database host", brief.host));
  auto answer = carry_out_act(brief, act, at);
  if (!answer) return std::move(answer).error().during(fleet::to_string(act.kind));
  return answer;
}

Result<Answer> Host::carry_out_act(const fleet::Brief& brief, const Act& act, base::Time at) {
  const bool of_slot = act.kind == ActKind::mark_host || act.kind == ActKind::make_key ||
                       act.kind == ActKind::install_certificate ||
                       act.kind == ActKind::install_trust || act.kind == ActKind::archive_slot;
  if (!of_slot && !postgres->running) return not_running(*postgres);
  switch (act.kind) {
    case ActKind::mark_host:
      return mark(brief, act, at);
    case ActKind::make_key:
    case ActKind::install_certificate:
    case ActKind::install_trust:
    case ActKind::archive_slot:
      return change_slot(brief, act, at);
    case ActKind::write_server_settings:
      return write_settings(brief, act);
    case ActKind::reload:
      return reload(at);
    case ActKind::write_replication_settings:
      return write_replication(brief, act, at);
    case ActKind::reconnect_walreceiver:
      return reconnect_walreceiver();
  }
  return base::error(Code::protocol_unknown, "the act is not one of the list");
}

Result<Answer> Host::change_slot(const fleet::Brief& brief, const Act& act, base::Time at) {
  const slots::SlotFiles files = TRY(files_of(brief.environment, act.slot));
  const slots::SeenSlot seen = TRY(see(disk, files));
  const slots::Situation now{files, seen, at};
  Answer answer;
  answer.before = slots::in_words(described(files, seen));
  auto decide = [&]() -> Result<slots::Decision> {
    if (act.kind == ActKind::make_key) return slots::decide_key(now, act);
    if (act.kind == ActKind::install_certificate) return slots::decide_certificate(now, act);
    if (act.kind == ActKind::install_trust) return slots::decide_trust(now, act);
    return slots::decide_archive(now);
  };
  slots::Decision decision = TRY(decide());
  answer.request = std::move(decision.request);
  if (!decision.changes.steps.empty())
    answer.changed = TRY(carry_out(disk, files, decision.changes));
  const slots::SeenSlot after = TRY(see(disk, files));
  answer.after = slots::in_words(described(files, after));
  if (act.kind == ActKind::install_certificate && act.slot.place == fleet::SlotPlace::environment)
    TRY(write_service_entry(files, brief.environment, answer.changed));
  if (act.kind == ActKind::make_key && !request_subject.empty()) {
    auto key = x509::PrivateKey::from_pem(after.pending.readable() ? after.pending.bytes
                                                                   : after.key.bytes);
    if (key) answer.request = TRY(x509::make_request(*key, request_subject));
  }
  return answer;
}

Result<void> Host::write_service_entry(const slots::SlotFiles& files,
                                       const std::string& environment, bool& changed) {
  const std::string path = files.base + "/.pg_service.conf";
  const std::string* there = disk.read(path);
  const slots::ServiceEntry entry{"pgseal-" + environment + "-" + files.slot.name, files.slot.name,
                                  files.path_of(files.certificate), files.path_of(files.key),
                                  files.path_of(files.trust)};
  const std::string text = there == nullptr ? "" : *there;
  const std::string wanted = TRY(slots::with_entry(text, entry));
  if (wanted == text) return {};
  disk.replace(path, wanted, {files.actor.uid, files.actor.gid, 0600});
  changed = true;
  return {};
}

namespace {

std::string mark_in_words(const std::optional<fleet::Mark>& mark) {
  if (!mark) return "no mark";
  return fmt::format("{}ledger {}, generation {}",
                     mark->host.empty() ? "" : "host " + mark->host + ", ", mark->ledger_id,
                     mark->generation);
}

/// slots/mark.cpp keeps this to itself; written again from its contract.
std::string why_mark_refuses(const fleet::Mark& there, const Act& act, const std::string& host) {
  if (act.take_over) return "";
  if (there.environment_id != act.mark.environment_id) return "It belongs to another environment.";
  if (there.ledger_id != act.mark.ledger_id) return "It belongs to another ledger.";
  if (there.generation > act.mark.generation) return "It has seen a newer state of this ledger.";
  const bool another = !there.host.empty() && there.host != host;
  return another ? fmt::format("It names this host \"{}\".", there.host) : "";
}

}  // namespace

Result<Answer> Host::mark(const fleet::Brief& brief, const Act& act, base::Time at) {
  slots::SlotFiles files = TRY(slots::server_files(etc, fleet::server_slot("mark"), std::nullopt));
  files.folders = {"pgseal", "mark"};
  files.archive = {"pgseal", "archive", "mark:" + brief.environment};
  files.key = files.certificate = files.trust = files.pending = brief.environment;
  std::optional<fleet::Mark> there;
  if (const std::string* text = disk.read(files.path_of(brief.environment)))
    there = TRY(slots::parse_mark(*text));
  Answer answer;
  answer.before = mark_in_words(there);
  fleet::Mark wanted = act.mark;
  wanted.host = brief.host;
  answer.after = mark_in_words(wanted);
  if (there && *there == wanted) return answer;
  const std::string refusal = there ? why_mark_refuses(*there, act, brief.host) : "";
  if (!refusal.empty())
    return base::error(Code::refused_mark, "the mark of this host refuses this ledger")
        .with_detail(refusal)
        .with_hint("If that is meant, say --take-over.");
  slots::Changes changes;
  const bool same_ledger = there && there->ledger_id == act.mark.ledger_id;
  if (!same_ledger)
    changes.steps.push_back(slots::keep_step("mark", {brief.environment}, answer.before, at));
  slots::Step put;
  put.files = {{brief.environment, slots::format_mark(wanted), {0, 0, 0644}}};
  changes.steps.push_back(std::move(put));
  TRY(carry_out(disk, files, changes));
  answer.changed = true;
  return answer;
}

// ---- the server ---------------------------------------------------------------------------------

namespace {

server::TlsFile tls_file(const Disk& disk, const std::string& path, uid_t server) {
  server::TlsFile file;
  const std::string* text = disk.read(path);
  const host::FileState state = disk.look(path);
  if (text == nullptr) {
    file.problem = "No such file or directory";
  } else if (!may_read(state, server)) {
    file.problem = "Permission denied";
  } else {
    file.text = base::Secret(std::string(*text));
  }
  file.uid = state.uid;
  file.mode = state.mode;
  return file;
}

/// What the node looks at before it dares a reload.
std::vector<std::string> problems_of(const Disk& disk, const server::TlsPlan& plan, uid_t server) {
  if (!plan.on) return {};
  static thread_local std::unordered_map<std::string, std::vector<std::string>> known;
  std::string key = fmt::format("{}|{}|{}|{}|{}", server, plan.client_ca, plan.crl,
                                plan.min_protocol, plan.max_protocol);
  for (const std::string& path : {plan.certificate, plan.key, plan.client_ca}) {
    const host::FileState state = disk.look(path);
    const std::string* bytes = disk.read(path);
    key +=
        fmt::format("|{} {:o} {} {}", path, state.mode, state.uid, bytes == nullptr ? "-" : *bytes);
  }
  const auto found = known.find(key);
  if (found != known.end()) return found->second;
  server::TlsVerdict verdict;
  server::judge_pair(plan, tls_file(disk, plan.certificate, server),
                     tls_file(disk, plan.key, server), server, verdict);
  if (!plan.client_ca.empty())
    server::judge_trust(plan.client_ca, tls_file(disk, plan.client_ca, server), verdict);
  return known.emplace(std::move(key), std::move(verdict.problems)).first->second;
}

std::string conf_in_words(const std::string* text, bool included) {
  if (text == nullptr) return "no ssl.conf";
  return fmt::format("ssl.conf {}{}", x509::sha256_hex(*text).substr(0, 16),
                     included ? "" : ", not included");
}

}  // namespace

Result<Answer> Host::write_settings(const fleet::Brief& brief, const Act& act) {
  const slots::SlotFiles files = TRY(files_of(brief.environment, fleet::server_slot(brief.host)));
  const server::ServerView view = postgres->view(disk);
  settings::SslConf wanted;
  wanted.key_and_chain_path = files.path_of(files.certificate);
  if (act.settings.client_trust) wanted.client_ca_path = files.path_of(files.trust);
  wanted.min_protocol = act.settings.min_protocol;
  const std::string text = TRY(settings::ssl_conf_text(view.major(), wanted));
  server::TlsPlan plan = server::plan_after_reload(view);
  plan.on = true;
  plan.certificate = plan.key = wanted.key_and_chain_path;
  if (wanted.client_ca_path) plan.client_ca = *wanted.client_ca_path;
  const auto problems = problems_of(disk, plan, postgres->uid);
  if (!problems.empty())
    return base::error(Code::server_settings,
                       "the server could not load the TLS files of these settings")
        .with_detail(server::lines_of(problems))
        .with_hint("Nothing was written. Run pgseal apply again: it puts the pair in place first.");
  const std::string conf_path = files.path_of("ssl.conf");
  const std::string* ours = disk.read(conf_path);
  const auto edit = TRY(server::include_edit(view, conf_path));
  Answer answer;
  answer.before = conf_in_words(ours, server::include_in_place(view, conf_path));
  answer.after = conf_in_words(&text, true);
  if (edit) {
    if (x509::sha256_hex(view.config.text) != act.expected_sha256)
      return base::error(Code::file_changed,
                         fmt::format("\"{}\" is not the file that was observed", view.config_file))
          .with_hint("Run the command again: it observes anew.");
    apply_edit(disk, files, *edit);
    answer.changed = true;
  }
  if (ours == nullptr || *ours != text) {
    if (ours != nullptr) archive_text(disk, files, "ssl.conf", *ours);
    disk.replace(conf_path, text, {0, 0, 0644});
    answer.changed = true;
  }
  for (base::Finding& finding : server::overrides_of(postgres->view(disk), {}, conf_path))
    answer.findings.push_back(std::move(finding));
  for (base::Finding& finding : server::written_errors(postgres->view(disk)))
    answer.findings.push_back(std::move(finding));
  for (base::Finding& finding : answer.findings) finding.host = brief.host;
  return answer;
}

Result<Answer> Host::reload(base::Time at) {
  const server::ServerView view = postgres->view(disk);
  std::vector<std::string> problems;
  for (const base::Finding& finding : server::written_errors(view))
    problems.push_back(fmt::format("{}:{}: {}", finding.file, finding.line, finding.message));
  for (std::string& problem : problems_of(disk, server::plan_after_reload(view), postgres->uid))
    problems.push_back(std::move(problem));
  if (!problems.empty())
    return base::error(Code::server_reload,
                       "the server would not take its new settings, so nothing was reloaded")
        .with_detail(server::lines_of(problems))
        .with_hint(
            "Put right what the detail names: with it the server would also refuse to start.");
  const std::string log = postgres->reload(disk, at);
  if (log.find("SSL configuration was not reloaded") != std::string::npos)
    return base::error(Code::server_reload,
                       "the server refused its TLS files and serves the old ones")
        .with_detail(log);
  Answer answer;
  answer.changed = true;
  answer.before = "loaded " + view.conf_load_time;
  answer.after = "loaded " + postgres->view(disk).conf_load_time;
  answer.log = log;
  for (base::Finding& finding : server::overrides_of(view, {}, settings_path(name_)))
    answer.findings.push_back(std::move(finding));
  for (base::Finding& finding : answer.findings) finding.host = name_;
  return answer;
}

void Host::power_cycle(base::Time at) {
  disk.power_loss();
  if (postgres && postgres->running) postgres->start(disk, at);
}

}  // namespace fakes
