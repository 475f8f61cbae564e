// SPDX-License-Identifier: PostgreSQL
// Which server, and what is seen of it.
#include "server/server.h"

#include <fmt/format.h>
#include <sys/statvfs.h>

#include "base/fd.h"
#include "base/text.h"
#include "hba/mask.h"
#include "server/edit_place.h"
#include "server/include_edit.h"
#include "server/replication.h"
#include "server/tls_context.h"
#include "server/trial.h"
#include "settings/managed.h"
#include "slots/files.h"
#include "x509/digest.h"

namespace server {
namespace {

constexpr std::size_t ssl_conf_bytes = 64UL * 1024;

base::Finding finding_of(const base::Error& error, const std::string& host) {
  base::Finding finding = base::finding_of(error, base::error_row(error.code).name);
  finding.host = host;
  return finding;
}

void fill_found(const FoundServer& server, fleet::ServerFacts& facts) {
  facts.data_directory = server.shown.data_directory;
  facts.config_file = server.shown.config_file;
  facts.os_user = server.os_user;
  facts.socket_directory = server.socket_directory;
  facts.port = server.shown.port;
  facts.running = server.shown.running;
}

void fill_viewed(const ServerView& view, fleet::ServerFacts& facts) {
  facts.data_directory = view.data_directory;
  facts.config_file = view.config_file;
  facts.hba_file = view.hba_file;
  facts.port = view.port;
  facts.version = view.version;
  facts.version_text = view.version_text;
  facts.system_identifier = view.system_identifier;
  facts.in_recovery = view.in_recovery;
  facts.timeline = view.timeline;
  facts.listen_addresses = view.listen_addresses;
  facts.conf_load_time = view.conf_load_time;
  facts.running_settings = view.running;
  facts.written_settings = view.written;
  facts.roles = view.roles;
  facts.sessions = view.sessions;
  facts.replicas = view.replicas;
  facts.replication_slots = view.replication_slots;
  facts.replication = replication_facts(view);
}

void fill_files(const ServerView& view, const std::string& ssl_conf_path,
                fleet::ServerFacts& facts) {
  if (view.hba.problem.empty()) {
    facts.hba_text = hba::mask_secrets(view.hba.text);
    facts.hba_sha256 = x509::sha256_hex(view.hba.text);
  }
  if (view.config.problem.empty()) {
    facts.config_sha256 = x509::sha256_hex(view.config.text);
    const std::optional<settings::Manager> manager = settings::manager_of(view.config.text);
    if (manager && manager->whole_file) facts.managed_by = manager->name;
  }
  facts.include_in_place = include_in_place(view, ssl_conf_path);
  facts.include_dir = include_folder(view);
}

base::Error not_running(const FoundServer& server) {
  return base::error(base::Code::server_down,
                     fmt::format("the PostgreSQL server of \"{}\" is not running",
                                 server.shown.data_directory))
      .with_hint(
          "Start it. Where it does not start, its log says why: a full disk, a file that it may "
          "not read.");
}

/// Its postmaster lives, so its files are in use: it is no server that somebody stopped.
base::Error runs_silently(const FoundServer& server, const base::Error& why) {
  return base::error(base::Code::server_silent,
                     fmt::format("the PostgreSQL server of \"{}\" runs, and does not answer",
                                 server.shown.data_directory))
      .with_detail(why.detail.empty() ? why.message : why.message + "\n" + why.detail)
      .with_hint(fmt::format(
          "Look at its postmaster, process {}: in state T (ps -o state) a signal has stopped it, "
          "and kill -CONT lets it go on; in state D it waits for a disk. Its log may say more.",
          server.postmaster));
}

/// Which folder of the server has no room left, "" none. A server that cannot write says many
/// things of it, or stops; pg_wal may be a link into a file system of its own.
std::string full_folder(const std::string& data_directory) {
  constexpr unsigned long long room = 1024ULL * 1024;
  for (const char* folder : {"", "/pg_wal"}) {
    struct statvfs disk {};
    if (::statvfs((data_directory + folder).c_str(), &disk) != 0) continue;
    const bool no_bytes = disk.f_blocks != 0 && disk.f_bavail * disk.f_frsize < room;
    if (no_bytes || (disk.f_files != 0 && disk.f_favail == 0)) return data_directory + folder;
  }
  return "";
}

base::Finding disk_full(const std::string& folder, const std::string& said,
                        const std::string& host) {
  base::Finding finding;
  finding.code = "server.disk-full";
  finding.message = fmt::format("the file system of \"{}\" is full", folder);
  finding.detail = said;
  finding.hint =
      "Make room there (df shows how much), but take nothing out of pg_wal; start the server if it "
      "has stopped, and run pgseal apply again.";
  finding.host = host;
  return finding;
}

base::Finding unreadable(const ViewedFile& file, const std::string& host) {
  base::Finding finding;
  finding.code = "server.file-unreadable";
  finding.message = fmt::format("could not read \"{}\" as the server's user", file.path);
  finding.detail = file.problem;
  finding.host = host;
  finding.file = file.path;
  return finding;
}

void note_problems(const ServerView& view, const base::Result<base::Findings>& refused,
                   fleet::HostFacts& facts) {
  if (!refused) facts.findings.push_back(finding_of(refused.error(), facts.host));
  if (refused) facts.findings.insert(facts.findings.end(), refused->begin(), refused->end());
  for (const ViewedFile* file : {&view.config, &view.hba}) {
    if (!file->problem.empty()) facts.findings.push_back(unreadable(*file, facts.host));
  }
  for (const std::string& question : view.unanswered) {
    base::Finding finding;
    finding.severity = base::Severity::warning;
    finding.code = "server.query";
    finding.message = "the server refused a query of pgseal";
    finding.detail = question;
    finding.host = facts.host;
    facts.findings.push_back(std::move(finding));
  }
}

}  // namespace

Server::Server(const fleet::Brief& brief, ServerPlaces places)
    : brief_(brief), places_(std::move(places)) {}

const std::vector<FoundServer>& Server::all_found() {
  if (!found_) found_ = find_servers(brief_, places_.search);
  return *found_;
}

base::Result<FoundServer> Server::found() { return choose_server(all_found(), brief_); }

base::Result<FoundServer> Server::running_server() {
  FoundServer server = TRY(found());
  if (!server.shown.running) return not_running(server);
  return server;
}

base::Result<host::OsUser> Server::os_user() {
  if (!brief_.os_user.empty()) return host::find_user(brief_.os_user);
  const FoundServer server = TRY(found());
  return host::find_user(server.os_user);
}

std::string Server::slot_folder() const { return places_.pgseal + "/server/" + brief_.host; }
std::string Server::ssl_conf_path() const { return slot_folder() + "/ssl.conf"; }

void Server::note_seen(const ServerView& view, const FoundServer& found, fleet::ServerFacts& server,
                       fleet::HostFacts& facts) {
  fill_viewed(view, server);
  fill_files(view, ssl_conf_path(), server);
  if (server.replication) {
    const auto untried = has_untried(view, found);
    server.replication->untried = untried && *untried;
    if (!untried) facts.findings.push_back(finding_of(untried.error(), facts.host));
  }
  const base::Result<base::Findings> refused = [&]() -> base::Result<base::Findings> {
    return refused_once_on(view, TRY(host::find_user(found.os_user)), child_, context_memory_);
  }();
  note_problems(view, refused, facts);
  if (!server.managed_by.empty() || !view.config.problem.empty()) return;
  base::append(facts.findings, obstacles_to_edit(view, ssl_conf_path(), child_));
}

/// What was seen to run may have ended before it was asked: its postmaster is looked for again.
void Server::note_unasked(const FoundServer& asked, const base::Error& error,
                          const std::string& full, fleet::ServerFacts& server,
                          fleet::HostFacts& facts) {
  base::Error why = error;
  if (server.running && why.code == base::Code::server_down) {
    search_anew();
    const auto again = found();
    server.running = again && again->shown.running;
    if (!server.running) why = not_running(asked);
  }
  if (!server.running) {
    server.problem = "the server is not running";
    if (!full.empty()) facts.findings.push_back(disk_full(full, "", facts.host));
    facts.findings.push_back(finding_of(why, facts.host));
    return;
  }
  if (why.code == base::Code::server_down || why.code == base::Code::server_silent)
    why = runs_silently(asked, why);
  server.problem = why.message;
  if (!why.detail.empty()) server.problem += ": " + base::printable_line(why.detail);
  const bool by_itself = why.code == base::Code::server_socket ||
                         why.code == base::Code::server_connections;  // whatever the disk does
  const bool by_disk = !full.empty() && !by_itself;
  facts.findings.push_back(by_disk ? disk_full(full, why.detail, facts.host)
                                   : finding_of(why, facts.host));
}

base::Result<bool> Server::has_untried(const ServerView& view, const FoundServer& found) const {
  const host::OsUser user = TRY(host::find_user(found.os_user));
  const auto ours = TRY(slots::server_files(places_.pgseal, fleet::server_slot(brief_.host), user));
  const auto trial = TRY(noted_trial(ours));
  const auto written = written_conninfo(view);
  return trial && written && on_trial(*trial, *written, view.replication.running);
}

void Server::observe(fleet::HostFacts& facts) {
  const std::vector<FoundServer>& all = all_found();
  for (const FoundServer& server : all) facts.candidates.push_back(server.shown);
  if (!brief_.database) return;
  const base::Result<FoundServer> chosen = choose_server(all, brief_);
  if (!chosen) {
    facts.findings.push_back(finding_of(chosen.error(), facts.host));
    return;
  }
  fleet::ServerFacts server;
  fill_found(*chosen, server);
  if (const base::Result<std::string> text = base::read_file(ssl_conf_path(), ssl_conf_bytes)) {
    server.ssl_conf = *text;
  }
  const std::string full = full_folder(chosen->shown.data_directory);
  const auto view = chosen->shown.running ? child_.view(*chosen, {brief_.roles, true, false, true})
                                          : base::Result<ServerView>(not_running(*chosen));
  if (view && !full.empty()) facts.findings.push_back(disk_full(full, "", facts.host));
  if (view)
    note_seen(*view, *chosen, server, facts);
  else
    note_unasked(*chosen, view.error(), full, server, facts);
  facts.server = std::move(server);
}

}  // namespace server
