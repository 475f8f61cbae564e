// SPDX-License-Identifier: PostgreSQL
#include "server/server_child.h"

#include <errno.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <optional>

#include "base/fd.h"
#include "base/pack.h"
#include "host/folder.h"
#include "server/view_parts.h"

namespace server {
namespace {

using base::Code;
using base::Result;
using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

constexpr std::chrono::seconds view_limit{20};
constexpr std::chrono::seconds reload_child_limit{15};
constexpr std::chrono::seconds reach_limit{10};
constexpr milliseconds idle_limit{2000};

// ---- in the child -------------------------------------------------------------------------------

constexpr milliseconds connect_limit{10000};
constexpr milliseconds reload_connect_limit{3000};
constexpr std::chrono::seconds reload_limit{5};
constexpr milliseconds log_limit{1000};
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

/// A session and when its server had loaded its files when it began. Later it tells of itself: each
/// backend loads them for its own and notes its own time.
struct Opened {
  SocketAddress address;
  Session session;
  std::string loaded;
};

Result<std::string> load_time(Session& session) {
  const Rows rows = TRY(session.ask("select pg_conf_load_time()"));
  return text_of(rows.at(0).at(0));
}

Result<Opened> open_session(const SocketAddress& address, milliseconds limit) {
  Opened opened {
    address, TRY(Session::open(address, limit))
    , {}
  };
  opened.loaded = TRY(load_time(opened.session));
  return opened;
}

class Deeds : public host::Worker::Duty {
 public:
  Result<std::string> answer(std::string_view question) override {
    const std::vector<std::string> items = TRY(base::unpack(question));
    if (items.size() == 3 && items[0] == "reach") return reach(items[1], items[2]);
    if (items.size() < 7) return broken();
    SocketAddress address{items[1], 0, items[3]};
    std::from_chars(items[2].data(), items[2].data() + items[2].size(), address.port);
    if (items[0] == "reload") return reload(address, {items[4], !items[5].empty(), items[6]});
    if (items[0] != "view") return broken();
    return view(address, {{items.begin() + 7, items.end()},
                          !items[4].empty(),
                          !items[5].empty(),
                          !items[6].empty()});
  }

  void rest() override { kept_.reset(); }

 private:
  static base::Error broken() {
    return base::error(Code::internal, "a child was asked in another form");
  }

  bool has(const SocketAddress& address) const { return kept_ && kept_->address == address; }

  /// A session whose server has gone, or was started anew, is no answer: a new one is.
  Result<std::string> view(const SocketAddress& address, const ViewWanted& wanted) {
    if (has(address)) {
      auto seen = view_by(kept_->session, wanted);
      if (seen && kept_->session.alive()) return seen;
    }
    kept_.reset();
    kept_ = TRY(open_session(address, connect_limit));
    return view_by(kept_->session, wanted);
  }

  /// Keeps a session that has loaded nothing since it began, so that its time is the postmaster's.
  Result<void> keep_unchanged(const SocketAddress& address) {
    if (has(address)) {
      const auto time = load_time(kept_->session);
      if (time && *time == kept_->loaded) return {};
    }
    kept_.reset();
    kept_ = TRY(open_session(address, reload_connect_limit));
    return {};
  }

  Result<std::string> reload(const SocketAddress& address, const ReloadTask& task) {
    TRY(keep_unchanged(address));
    const LogTail log(task.log_file);
    const Rows sent = TRY(kept_->session.ask("select pg_reload_conf()"));
    if (text_of(sent.at(0).at(0)) != "t") {
      return base::error(Code::server_reload, "the server could not signal its postmaster");
    }
    const Clock::time_point deadline = Clock::now() + reload_limit;
    Opened fresh = TRY(open_session(address, reload_connect_limit));
    milliseconds pause{2};
    while (fresh.loaded == kept_->loaded) {
      if (Clock::now() >= deadline) {
        return base::error(Code::server_reload, fmt::format("the server did not reload within {} s",
                                                            reload_limit.count()));
      }
      wait_for(kept_->session.descriptor(), false, std::min(deadline, Clock::now() + pause));
      pause = std::min(pause * 2, milliseconds(200));
      fresh = TRY(open_session(address, reload_connect_limit));
    }
    const Rows running = TRY(fresh.session.ask(
        "select name, setting from pg_settings where name = any($1::text[])", {task.names}));
    if (task.log_by_collector) wait_for_log(log, fresh.session.descriptor());
    const std::string before = std::exchange(kept_, std::move(fresh))->loaded;
    return base::pack({before, kept_->loaded, pack_rows(running), log.read_grown(),
                       log.open_for_reading() ? "log" : ""});
  }

  static Result<std::string> reach(const std::string& folder, const std::string& owner_name) {
    const host::OsUser owner{owner_name, geteuid(), getegid(), {}};
    TRY(host::Folder::open(folder, owner));
    if (access(folder.c_str(), W_OK | X_OK) != 0)
      return base::system_error(Code::server_settings,
                                fmt::format("could not write in \"{}\"", folder), errno);
    return std::string();
  }

  std::optional<Opened> kept_;
};

// ---- in the parent ------------------------------------------------------------------------------

std::string flag(bool set) { return set ? "1" : ""; }

}  // namespace

Result<std::string> ServerChild::ask(const host::OsUser& user,
                                     const std::vector<std::string>& question,
                                     std::chrono::seconds limit) {
  if (worker_ == nullptr || worker_->over() || worker_->user() != user) {
    Deeds deeds;
    worker_.reset();
    worker_ = TRY(host::Worker::start(user, idle_limit, deeds));
  }
  return worker_->ask(base::pack(question), limit);
}

Result<std::string> ServerChild::ask(const FoundServer& server, std::vector<std::string> question,
                                     std::chrono::seconds limit) {
  const host::OsUser user = TRY(host::find_user(server.os_user));
  const std::vector<std::string> address = {server.socket_directory,
                                            std::to_string(server.shown.port), server.os_user};
  question.insert(question.begin() + 1, address.begin(), address.end());
  return ask(user, question, limit);
}

Result<ServerView> ServerChild::view(const FoundServer& server, const ViewWanted& wanted) {
  std::vector<std::string> question = {"view", flag(wanted.sessions), flag(wanted.rules),
                                       flag(wanted.replication)};
  question.insert(question.end(), wanted.roles.begin(), wanted.roles.end());
  return unpack_view(TRY(ask(server, std::move(question), view_limit)));
}

Result<Reloaded> ServerChild::reload(const FoundServer& server, const ReloadTask& task) {
  const std::string packed =
      TRY(ask(server, {"reload", task.log_file, flag(task.log_by_collector), task.names},
              reload_child_limit));
  std::vector<std::string> items = TRY(base::unpack(packed));
  if (items.size() != 5) return base::error(Code::internal, "a child's reload cannot be read");
  return Reloaded {
    std::move(items[0]), std::move(items[1]), TRY(unpack_rows(items[2]))
    , std::move(items[3]), !items[4].empty()
  };
}

Result<void> ServerChild::reach(const std::string& folder, const host::OsUser& owner) {
  if (worker_ != nullptr && !worker_->over() && worker_->user().uid == owner.uid) {
    TRY(ask(worker_->user(), {"reach", folder, owner.name}, reach_limit));
    return {};
  }
  ServerChild of_the_owner;
  TRY(of_the_owner.ask(owner, {"reach", folder, owner.name}, reach_limit));
  return {};
}

}  // namespace server
