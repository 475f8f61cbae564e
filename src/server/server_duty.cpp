// SPDX-License-Identifier: PostgreSQL
#include "server/server_duty.h"

#include <errno.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <utility>

#include "base/fd.h"
#include "base/pack.h"
#include "host/folder.h"
#include "server/edit_place.h"
#include "server/knock.h"
#include "server/postmaster.h"
#include "server/receiver_watch.h"
#include "server/tls_files.h"
#include "server/view.h"
#include "server/view_parts.h"

namespace server {
namespace {

using base::Code;
using base::Result;
using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

constexpr milliseconds connect_limit{10000};
constexpr milliseconds short_connect_limit{3000};
constexpr milliseconds end_limit{500};
constexpr std::chrono::seconds reload_limit{5};
constexpr milliseconds log_limit{1000};
constexpr milliseconds amid_limit{1000};
constexpr std::size_t log_bytes = 64UL * 1024;

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

Result<std::string> load_time(Session& session) {
  const Rows rows = TRY(session.ask("select pg_conf_load_time()"));
  return text_of(rows.at(0).at(0));
}

/// The settings as this session shows them. pg_settings would show the same, at ten times the cost
/// in a session that has looked at nothing yet.
Result<Rows> shown_by(Session& session, const std::string& names) {
  return session.ask(
      "select name, current_setting(name, true)"
      " from unnest($1::text[]) as name where current_setting(name, true) is not null",
      {names});
}

/// Returns once the postmaster is over with a reload whose beginning `session` has shown. Asked of
/// the kernel, which costs the server nothing; where that does not tell, of the server by a knock,
/// because it takes no connection amid a reload. Errors as of `knock`.
Result<void> reload_is_over(const Session& session, const SocketAddress& address) {
  const pid_t postmaster = listener_of(session.descriptor());
  const Clock::time_point deadline = Clock::now() + amid_limit;
  for (milliseconds pause{1}; Clock::now() < deadline; pause *= 2) {
    const std::optional<bool> waits = waits_for_connections(postmaster);
    if (!waits) break;
    if (*waits) return {};
    wait_for(session.descriptor(), false, std::min(deadline, Clock::now() + pause));
  }
  return knock(address, short_connect_limit);
}

base::Error broken() { return base::error(Code::internal, "a child was asked in another form"); }

Result<std::string> reach(const std::string& folder, const std::string& owner_name) {
  const host::OsUser owner{owner_name, geteuid(), getegid(), {}};
  TRY(host::Folder::open(folder, owner));
  if (access(folder.c_str(), W_OK | X_OK) != 0)
    return base::system_error(Code::server_settings,
                              fmt::format("could not write in \"{}\"", folder), errno);
  return std::string();
}

}  // namespace

Result<std::string> ServerDuty::answer(std::string_view question) {
  std::vector<std::string> items = TRY(base::unpack(question));
  if (items.empty()) return broken();
  const std::string kind = std::move(items.front());
  items.erase(items.begin());
  if (kind == "reach" && items.size() == 2) return reach(items[0], items[1]);
  if (kind == "read") return read_packed(items);
  if (kind == "edit" && items.size() == 2) return replace_packed(items[0], items[1]);
  if (items.size() < 4) return broken();
  SocketAddress address{items[0], 0, items[2]};
  std::from_chars(items[1].data(), items[1].data() + items[1].size(), address.port);
  if (kind == "watch") return watch(address, items[3]);
  if (items.size() < 6) return broken();
  if (kind == "reload") return reload(address, {items[3], !items[4].empty(), items[5]});
  if (kind != "view") return broken();
  return view(
      address,
      {{items.begin() + 6, items.end()}, !items[3].empty(), !items[4].empty(), !items[5].empty()});
}

/// A session whose server has gone, or was started anew, is no answer: a new one is.
Result<std::string> ServerDuty::view(const SocketAddress& address, const ViewWanted& wanted) {
  if (has(address)) {
    auto seen = view_by(kept_->session, wanted);
    if (seen && kept_->session.alive()) return seen;
  }
  TRY(keep_new(address, connect_limit));
  return view_by(kept_->session, wanted);
}

Result<void> ServerDuty::keep_new(const SocketAddress& address, milliseconds limit) {
  drop_kept();
  kept_ = Kept { address, TRY(Session::open(address, limit)) };
  return {};
}

void ServerDuty::drop_kept() {
  if (kept_) kept_->session.end(end_limit);
  kept_.reset();
}

/// When the kept session had loaded its files; where it is lost, a new one's.
Result<std::string> ServerDuty::loaded(const SocketAddress& address) {
  if (has(address)) {
    auto time = load_time(kept_->session);
    if (time) return time;
  }
  TRY(keep_new(address, short_connect_limit));
  return load_time(kept_->session);
}

Result<std::string> ServerDuty::watch(const SocketAddress& address, std::string_view packed) {
  const Watch task = TRY(unpack_watch(packed));
  TRY(loaded(address));
  return watch_by(kept_->session, task);
}

/// The postmaster signals its sessions amid its reload, and loads its TLS files after that: the
/// kept session shows that it began and the load time that it is another one, not that it is over.
Result<std::string> ServerDuty::reload(const SocketAddress& address, const ReloadTask& task) {
  const std::string before = TRY(loaded(address));
  Session& session = kept_->session;
  const LogTail log(task.log_file);
  const Rows sent = TRY(session.ask("select pg_reload_conf()"));
  if (text_of(sent.at(0).at(0)) != "t") {
    return base::error(Code::server_reload, "the server could not signal its postmaster");
  }
  const Clock::time_point deadline = Clock::now() + reload_limit;
  std::string after = TRY(load_time(session));
  for (milliseconds pause{2}; after == before; pause = std::min(pause * 2, milliseconds(200))) {
    if (Clock::now() >= deadline) {
      return base::error(Code::server_reload, fmt::format("the server did not reload within {} s",
                                                          reload_limit.count()));
    }
    wait_for(session.descriptor(), false, std::min(deadline, Clock::now() + pause));
    after = TRY(load_time(session));
  }
  TRY(reload_is_over(session, address));
  const Rows running = TRY(shown_by(session, task.names));
  if (task.log_by_collector) wait_for_log(log, session.descriptor());
  return base::pack(
      {before, after, pack_rows(running), log.read_grown(), log.open_for_reading() ? "log" : ""});
}

}  // namespace server
