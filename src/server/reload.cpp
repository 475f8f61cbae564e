// SPDX-License-Identifier: PostgreSQL
// The reload, and what proves it. Three things are asked, because each alone can lie: the files
// before (a bad one is refused by the server in silence), new connections after (the postmaster
// tells its old backends of the reload before it has loaded its TLS files; it accepts a new one
// only after), and the log (the only place on this host where a refused TLS context shows).
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>

#include "base/fd.h"
#include "base/pack.h"
#include "base/text.h"
#include "server/include_edit.h"
#include "server/reload_log.h"
#include "server/server.h"
#include "server/tls_files.h"
#include "server/view_parts.h"
#include "settings/tls_settings.h"

namespace server {
namespace {

using base::Code;
using base::Result;
using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

constexpr std::chrono::seconds reload_limit{5};
constexpr std::chrono::seconds child_limit{15};
constexpr milliseconds connect_limit{3000};
constexpr milliseconds log_limit{1000};
constexpr std::size_t log_bytes = 64UL * 1024;

// ---- in the child -------------------------------------------------------------------------------

/// The server's log from where it ended before, the last 64 KiB of it.
class LogTail {
 public:
  explicit LogTail(const std::string& path) {
    if (path.empty()) return;
    file_ = base::Fd(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
    struct stat state {};
    if (file_.open() && (fstat(file_.get(), &state) != 0 || !S_ISREG(state.st_mode))) file_.reset();
    start_ = state.st_size;
  }
  [[nodiscard]] bool open_for_reading() const { return file_.open(); }
  [[nodiscard]] off_t grown() const {
    struct stat state {};
    return file_.open() && fstat(file_.get(), &state) == 0 ? state.st_size - start_ : 0;
  }
  [[nodiscard]] std::string read_grown() const {
    const off_t size = std::min<off_t>(std::max<off_t>(grown(), 0), log_bytes);
    std::string text(static_cast<std::size_t>(size), '\0');
    const ssize_t got =
        size == 0 ? 0 : pread(file_.get(), text.data(), text.size(), start_ + grown() - size);
    text.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
    return text;
  }

 private:
  base::Fd file_;
  off_t start_ = 0;
};

struct Seen {
  std::string load_time;
  Rows running;
};

Result<Seen> ask_anew(const SocketAddress& address, const std::string& names) {
  Session session = TRY(Session::open(address, connect_limit));
  const Rows time = TRY(session.ask("select pg_conf_load_time()"));
  Rows running = TRY(
      session.ask("select name, setting from pg_settings where name = any($1::text[])", {names}));
  return Seen{text_of(time.at(0).at(0)), std::move(running)};
}

/// Its own logger writes the log a moment after the postmaster said it, in order: once it has
/// grown, two looks that find the same length.
void wait_for_log(const LogTail& log, int idle_descriptor) {
  if (!log.open_for_reading()) return;
  const Clock::time_point deadline = Clock::now() + log_limit;
  off_t before = 0;
  while (Clock::now() < deadline) {
    const off_t now = log.grown();
    if (now > 0 && now == before) return;
    before = now;
    wait_for(idle_descriptor, false, std::min(deadline, Clock::now() + milliseconds(10)));
  }
}

struct ReloadTask {
  SocketAddress address;
  std::string log_file;
  bool log_by_collector = false;
  std::string names;  ///< of the settings to look at after, as an array
};

Result<std::string> reload_within(const ReloadTask& task) {
  Session session = TRY(Session::open(task.address, connect_limit));
  const LogTail log(task.log_file);
  const Rows before = TRY(session.ask("select pg_conf_load_time()"));
  const Rows sent = TRY(session.ask("select pg_reload_conf()"));
  if (text_of(sent.at(0).at(0)) != "t") {
    return base::error(Code::server_reload, "the server could not signal its postmaster");
  }
  const Clock::time_point deadline = Clock::now() + reload_limit;
  Seen seen = TRY(ask_anew(task.address, task.names));
  milliseconds pause{2};
  while (seen.load_time == text_of(before.at(0).at(0))) {
    if (Clock::now() >= deadline) {
      return base::error(Code::server_reload, fmt::format("the server did not reload within {} s",
                                                          reload_limit.count()));
    }
    wait_for(session.descriptor(), false, std::min(deadline, Clock::now() + pause));
    pause = std::min(pause * 2, milliseconds(200));
    seen = TRY(ask_anew(task.address, task.names));
  }
  if (task.log_by_collector) wait_for_log(log, session.descriptor());
  return base::pack({text_of(before.at(0).at(0)), seen.load_time, pack_rows(seen.running),
                     log.read_grown(), log.open_for_reading() ? "log" : ""});
}

// ---- in the parent ------------------------------------------------------------------------------

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

Result<void> check_before(const ServerView& view, const host::OsUser& user) {
  std::vector<std::string> problems;
  for (const base::Finding& finding : written_errors(view)) {
    problems.push_back(fmt::format("{}:{}: {}", finding.file, finding.line, finding.message));
  }
  const TlsVerdict verdict = TRY(check_tls_files(plan_after_reload(view), user));
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
  const ServerView view = TRY(view_server(server, {{}, false, true}));
  TRY(check_before(view, user));
  ReloadTask task;
  task.address = {server.socket_directory, server.shown.port, server.os_user};
  task.log_file = log_of(view, server, places_.search.processes);
  task.log_by_collector = !view.log_file.empty();
  task.names = array_of(our_names(view.major()));
  const std::string packed =
      TRY(host::as_user(user, child_limit, [&] { return reload_within(task); }));
  const std::vector<std::string> items = TRY(base::unpack(packed));
  if (items.size() != 5) return base::error(Code::internal, "a child's reload cannot be read");

  const ReloadLog log = read_reload_log(items[3]);
  if (log.tls_refused) {
    return base::error(Code::server_reload,
                       "the server refused its TLS files and serves the old ones")
        .with_detail(log.lines)
        .with_hint(
            "The log is the server's; what it names must be put right before its next start.");
  }
  const Rows running = TRY(unpack_rows(items[2]));
  TRY(compare(view, running));
  fleet::Answer answer;
  answer.changed = true;
  answer.before = "loaded " + items[0];
  answer.after = "loaded " + items[1];
  answer.log = log.lines;
  if (!view.bad_rules.empty() || log.rules_refused) answer.findings.push_back(bad_rules(view));
  if (items[4].empty()) answer.findings.push_back(no_log());
  for (base::Finding& finding : overrides_of(view, server, ssl_conf_path())) {
    answer.findings.push_back(std::move(finding));
  }
  for (base::Finding& finding : answer.findings) finding.host = brief_.host;
  return answer;
}

}  // namespace server
