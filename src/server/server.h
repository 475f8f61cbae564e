// SPDX-License-Identifier: PostgreSQL
// The PostgreSQL half of the engine on one host: sees the server, writes what pgseal sets, reloads
// it. It executes no program; whatever lies in folders of the server's user is read and written as
// that user.
#pragma once

#include <optional>
#include <string>

#include "base/result.h"
#include "fleet/act.h"
#include "fleet/facts.h"
#include "host/child.h"
#include "server/discovery.h"
#include "server/server_child.h"
#include "server/tls_context.h"

namespace server {

/// Where things lie on this host; a test gives folders of its own.
struct ServerPlaces {
  std::string pgseal = "/etc/pgseal";
  SearchPlaces search;
};

class Server {
 public:
  explicit Server(const fleet::Brief& brief, ServerPlaces places = {});

  /// Fills `server`, `candidates` and adds to `findings`. A host without the database role gets
  /// candidates only. What keeps the server from being asked is a finding with the error's name
  /// ("server.down") and `server->problem`.
  void observe(fleet::HostFacts& facts);

  /// ssl.conf, and the line that includes it. Nothing is touched where nothing changes. Refused
  /// before anything is written: a pair that the server could not load (server_settings), a
  /// configuration file that is not the one observed (file_changed), one that another tool writes
  /// or that is a link (server_settings). The answer's findings name what overrides ours.
  base::Result<fleet::Answer> write_settings(const fleet::Act& act);

  /// Checks all that would make the server keep its old TLS files or die at its next start, then
  /// reloads and waits until new connections meet the new settings. Errors: server_reload.
  base::Result<fleet::Answer> reload(const fleet::Act& act);

  /// primary_conninfo of a standby: sslmode=verify-full and the act's pair, nothing else in it
  /// touched. The new string is tried before it is written, by a real replication connection with
  /// the server's own surroundings; then it is loaded, and taken back unless the standby streams by
  /// it within 30 seconds. Before 13 it only waits for the next start, and a finding says so. A
  /// string that a killed node left untried is tried once more, and taken back to the one before
  /// it. A server that is no standby (any more) is left alone. Errors: server_replication,
  /// file_changed.
  base::Result<fleet::Answer> write_replication(const fleet::Act& act);

  /// Ends the receiver's connection; the standby makes another with the files of now. Error
  /// server_replication where it does not stream again within 30 seconds.
  base::Result<fleet::Answer> reconnect_walreceiver(const fleet::Act& act);

  /// The user that the server runs as.
  base::Result<host::OsUser> os_user();

  /// What was found on the host holds for one request: before the next it is searched anew.
  void search_anew() { found_.reset(); }

 private:
  const std::vector<FoundServer>& all_found();
  base::Result<FoundServer> found();           ///< the one that is meant
  base::Result<FoundServer> running_server();  ///< the same, server_down where it does not run
  void note_seen(const ServerView& view, const FoundServer& found, fleet::ServerFacts& server,
                 fleet::HostFacts& facts);
  void note_unasked(const FoundServer& asked, const base::Error& error, const std::string& full,
                    fleet::ServerFacts& server, fleet::HostFacts& facts);
  /// Whether a string of a killed node's waits to be judged (trial.h).
  [[nodiscard]] base::Result<bool> has_untried(const ServerView& view,
                                               const FoundServer& found) const;
  [[nodiscard]] std::string slot_folder() const;
  [[nodiscard]] std::string ssl_conf_path() const;

  fleet::Brief brief_;
  ServerPlaces places_;
  std::optional<std::vector<FoundServer>> found_;
  ServerChild child_;
  ContextMemory context_memory_;
};

}  // namespace server
