// SPDX-License-Identifier: PostgreSQL
// The child of the server's user that asks the server, and reads and writes its files. It is forked
// once and keeps its session between questions (server_duty.h); a session that nobody uses is given
// back after a moment, so that it neither takes a place for long nor holds up a server that is told
// to stop.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "host/worker.h"
#include "server/discovery.h"
#include "server/view.h"

namespace server {

struct Watch;

struct ReloadTask {
  std::string log_file;           ///< "" none
  bool log_by_collector = false;  ///< the log is written by the server's own logger, a moment later
  std::string names;              ///< of the settings to look at after, as an array
};

struct Reloaded {
  std::string before;  ///< when the server had loaded its files, and when now
  std::string after;
  Rows running;     ///< name and value of the settings, as a session shows them then
  std::string log;  ///< what the log grew by
  bool log_read = false;
};

class ServerChild {
 public:
  /// Errors: server_down, server_socket, server_query as Session gives them; those of
  /// `host::Worker`.
  base::Result<ServerView> view(const FoundServer& server, const ViewWanted& wanted);

  /// Reloads, and waits until new connections meet what was loaded. Errors: server_reload, and as
  /// above.
  base::Result<Reloaded> reload(const FoundServer& server, const ReloadTask& task);

  /// Whether a file can be made in `folder`, which `owner` owns: asked as that user, and no link on
  /// the way there is another's.
  base::Result<void> reach(const std::string& folder, const host::OsUser& owner);

  /// Watches a standby's receiver; the answer and its errors as `watch_by` gives them.
  base::Result<std::string> watch(const FoundServer& server, const Watch& task);

  /// Files as `user` meets them, for read_tls_files; they may hold a private key.
  base::Result<std::string> read(const host::OsUser& user, const std::vector<std::string>& paths);

  /// Replaces a file in a folder of `owner`'s, for apply_edit. Errors: file_changed, and as above.
  base::Result<void> replace(const std::string& packed_edit, const host::OsUser& owner);

 private:
  base::Result<std::string> ask_owner(const host::OsUser& owner,
                                      const std::vector<std::string>& question,
                                      std::chrono::seconds limit);
  base::Result<std::string> ask(const host::OsUser& user, const std::vector<std::string>& question,
                                std::chrono::seconds limit);
  base::Result<std::string> ask(const FoundServer& server, std::vector<std::string> question,
                                std::chrono::seconds limit);

  std::unique_ptr<host::Worker> worker_;
};

}  // namespace server
