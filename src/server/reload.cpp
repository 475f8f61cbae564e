// SPDX-License-Identifier: PostgreSQL
// The reload, and what proves it. Three things are asked, because each alone can lie: the files
// before (a bad one is refused by the server in silence), the settings in a session after (which
// is told of the reload before the postmaster has loaded its TLS files; it accepts a new connection
// only after), and the log (the only place on this host where a refused TLS context shows).
#include <fmt/format.h>
#include <unistd.h>

#include <array>

#include "base/text.h"
#include "server/include_edit.h"
#include "server/reload_log.h"
#include "server/server.h"
#include "server/tls_files.h"
#include "settings/tls_settings.h"

namespace server {
namespace {

using base::Code;
using base::Result;

/// The server's log: its own, or where its standard error goes if that is a file.
std::string log_of(const ServerView& view, const FoundServer& server,
                   const std::string& processes) {
  if (!view.log_file.empty()) return view.log_file;
  std::array<char, 4096> room{};
  const std::string link = fmt::format("{}/{}/fd/2", processes, server.postmaster);
  const ssize_t length = readlink(link.c_str(), room.data(), room.size());
  std::string path(room.data(), length > 0 ? static_cast<std::size_t>(length) : 0);
  return path.starts_with('/') && path != "/dev/null" ? path : std::string();
}

Result<void> check_before(const ServerView& view, const host::OsUser& user, ServerChild& child) {
  std::vector<std::string> problems;
  for (const base::Finding& finding : written_errors(view)) {
    problems.push_back(fmt::format("{}:{}: {}", finding.file, finding.line, finding.message));
  }
  const TlsVerdict verdict = TRY(check_tls_files(plan_after_reload(view), user, child));
  problems.insert(problems.end(), verdict.problems.begin(), verdict.problems.end());
  if (problems.empty()) return {};
  return base::error(Code::server_reload,
                     "the server would not take its new settings, so nothing was reloaded")
      .with_detail(lines_of(problems))
      .with_hint("Put right what the detail names: with it the server would also refuse to start.");
}

base::Finding bad_rules(const ServerView& view) {
  base::Finding finding;
  finding.severity = base::Severity::warning;
  finding.code = "server.rules-refused";
  finding.message = "pg_hba.conf has lines that the server refuses, so it keeps its old rules";
  finding.detail = lines_of(view.bad_rules);
  finding.hint = "Correct them: with them the server does not start again.";
  finding.clause = "postgresql auth-pg-hba-conf";
  finding.file = view.hba_file;
  return finding;
}

base::Finding no_log() {
  base::Finding finding;
  finding.severity = base::Severity::note;
  finding.code = "server.log-unreadable";
  finding.message = "the server's log is no file that its user can read";
  finding.detail =
      "A refused TLS context shows only there: the proof is the handshake from outside.";
  return finding;
}

std::vector<std::string> our_names(int major) {
  std::vector<std::string> names;
  for (const settings::TlsSetting& setting : settings::tls_settings()) {
    if (setting.ours && settings::tls_setting(major, setting.name) != nullptr)
      names.emplace_back(setting.name);
  }
  return names;
}

/// What the new connections show against what the files say.
Result<void> compare(const ServerView& view, const Rows& running) {
  std::string differing;
  for (const Row& row : running) {
    const std::string name = text_of(row.at(0));
    const std::string wanted = view.after_reload(name);
    if (same_value(wanted, text_of(row.at(1)))) continue;
    differing += fmt::format("{}\"{}\" shows \"{}\" instead of \"{}\".",
                             differing.empty() ? "" : "\n", name, text_of(row.at(1)), wanted);
  }
  if (differing.empty()) return {};
  return base::error(Code::server_reload,
                     "the server reloaded, but does not show the settings that its files say")
      .with_detail(std::move(differing));
}

}  // namespace

Result<fleet::Answer> Server::reload(const fleet::Act&) {
  const FoundServer server = TRY(running_server());
  const host::OsUser user = TRY(host::find_user(server.os_user));
  const ServerView view = TRY(child_.view(server, {{}, false, true}));
  TRY(check_before(view, user, child_));
  ReloadTask task;
  task.log_file = log_of(view, server, places_.search.processes);
  task.log_by_collector = !view.log_file.empty();
  task.names = array_of(our_names(view.major()));
  const Reloaded reloaded = TRY(child_.reload(server, task));
  const ReloadLog log = read_reload_log(reloaded.log);
  if (log.tls_refused) {
    return base::error(Code::server_reload,
                       "the server refused its TLS files and serves the old ones")
        .with_detail(log.lines)
        .with_hint(
            "The log is the server's; what it names must be put right before its next start.");
  }
  TRY(compare(view, reloaded.running));
  fleet::Answer answer;
  answer.changed = true;
  answer.before = "loaded " + reloaded.before;
  answer.after = "loaded " + reloaded.after;
  answer.log = log.lines;
  if (!view.bad_rules.empty() || log.rules_refused) answer.findings.push_back(bad_rules(view));
  if (!reloaded.log_read) answer.findings.push_back(no_log());
  for (base::Finding& finding : overrides_of(view, server, ssl_conf_path())) {
    answer.findings.push_back(std::move(finding));
  }
  for (base::Finding& finding : answer.findings) finding.host = brief_.host;
  return answer;
}

}  // namespace server
