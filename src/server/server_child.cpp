// SPDX-License-Identifier: PostgreSQL
#include "server/server_child.h"

#include "base/pack.h"
#include "server/receiver_watch.h"
#include "server/server_duty.h"
#include "server/view_parts.h"

namespace server {
namespace {

using base::Code;
using base::Result;
using std::chrono::milliseconds;

constexpr std::chrono::seconds view_limit{20};
constexpr std::chrono::seconds reload_child_limit{15};
constexpr std::chrono::seconds watch_child_limit{50};
constexpr std::chrono::seconds file_limit{10};
constexpr std::chrono::seconds edit_limit{20};
constexpr milliseconds idle_limit{2000};

std::string flag(bool set) { return set ? "1" : ""; }

}  // namespace

Result<std::string> ServerChild::ask(const host::OsUser& user,
                                     const std::vector<std::string>& question,
                                     std::chrono::seconds limit) {
  if (worker_ == nullptr || worker_->over() || worker_->user() != user) {
    ServerDuty duty;
    worker_.reset();
    worker_ = TRY(host::Worker::start(user, idle_limit, duty));
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

Result<std::string> ServerChild::watch(const FoundServer& server, const Watch& task) {
  return ask(server, {"watch", pack_watch(task)}, watch_child_limit);
}

Result<std::string> ServerChild::ask_owner(const host::OsUser& owner,
                                           const std::vector<std::string>& question,
                                           std::chrono::seconds limit) {
  if (worker_ != nullptr && !worker_->over() && worker_->user().uid == owner.uid)
    return ask(worker_->user(), question, limit);
  ServerChild of_the_owner;
  return of_the_owner.ask(owner, question, limit);
}

Result<void> ServerChild::reach(const std::string& folder, const host::OsUser& owner) {
  TRY(ask_owner(owner, {"reach", folder, owner.name}, file_limit));
  return {};
}

Result<std::string> ServerChild::read(const host::OsUser& user,
                                      const std::vector<std::string>& paths) {
  std::vector<std::string> question = {"read"};
  question.insert(question.end(), paths.begin(), paths.end());
  return ask_owner(user, question, file_limit);
}

Result<void> ServerChild::replace(const std::string& packed_edit, const host::OsUser& owner) {
  TRY(ask_owner(owner, {"edit", packed_edit, owner.name}, edit_limit));
  return {};
}

}  // namespace server
