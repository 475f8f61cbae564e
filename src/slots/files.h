// SPDX-License-Identifier: PostgreSQL
// Where a slot lies: the only place where a name from the configuration becomes a path.
//
//   server:HOST                       /etc/pgseal/server/HOST/
//     server.pem          key and chain; 0600, of the server's OS user: PostgreSQL refuses a key
//     that
//                         a group can read unless root owns it (manual, "Secure TCP/IP Connections
//                         with SSL"), and a group would let in whoever else is its member
//     server.pem.pending  a key without certificate, with its request; 0600 root: the server has no
//                         use for it yet
//     clients.crt         whom the server trusts; root 0644, so that a server that was taken over
//                         through SQL cannot widen its own trust
//     ssl.conf            the server's TLS settings; root 0644, for the same reason
//   The folders are root's, 0755: their names are no secret, and the server must come through.
//
//   client:IDENTITY@USER, place home         ~USER/.postgresql/
//   client:IDENTITY@USER, place environment  ~USER/.postgresql/pgseal/ENVIRONMENT/IDENTITY/
//     postgresql.key 0600, postgresql.key.pending 0600, postgresql.crt 0644, root.crt 0644, all the
//     user's own; folders are made 0700, as libpq's manual shows it.
//
//   Archives: /etc/pgseal/archive/server:HOST/ (root, 0700: old keys lie there) and
//   ~USER/.postgresql/pgseal/archive/.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "fleet/slot.h"
#include "host/child.h"
#include "host/folder.h"

namespace slots {

struct SlotFiles {
  fleet::Slot slot;
  host::OsUser actor;                     ///< who owns the folders, and touches them
  std::optional<host::OsUser> key_owner;  ///< null: the server's OS user is not known
  std::string base;                       ///< a folder that must be there: "/etc", or the home
  std::vector<std::string> folders;       ///< from `base` to the slot
  std::vector<std::string> archive;       ///< from `base` to the archive
  mode_t folder_mode = 0700;
  mode_t archive_mode = 0700;
  std::string key;  ///< the same name as `certificate` where one file holds both
  std::string certificate;
  std::string trust;
  std::string pending;

  [[nodiscard]] bool one_file() const { return key == certificate; }
  [[nodiscard]] std::string folder() const;  ///< for messages and settings
  [[nodiscard]] std::string path_of(const std::string& name) const;
};

/// `etc` is /etc/pgseal but in tests. Errors file_unsafe: a name that cannot be a component.
base::Result<SlotFiles> server_files(const std::string& etc, const fleet::Slot& slot,
                                     std::optional<host::OsUser> server_user);
base::Result<SlotFiles> client_files(const std::string& environment, const fleet::Slot& slot,
                                     const host::OsUser& user);

/// "/etc/pgseal" as the folder that must be there and those beneath it.
struct Rooted {
  std::string base;
  std::vector<std::string> folders;
};
Rooted rooted(const std::string& etc, const std::vector<std::string>& beneath);

/// Adds the bits of `mode` to each folder from `base` down that lacks them; whether one did.
base::Result<bool> admit_below(const std::string& base, const std::vector<std::string>& folders,
                               const host::OsUser& owner, mode_t mode);

/// Opens `folders` below `base` as `owner`, null where one is missing.
base::Result<std::optional<host::Folder>> open_below(const std::string& base,
                                                     const std::vector<std::string>& folders,
                                                     const host::OsUser& owner);
/// The same, made where missing: the last with `last_mode`, those before with `mode`.
struct FolderModes {
  mode_t mode = 0755;
  mode_t last_mode = 0755;
};
base::Result<host::Folder> make_below(const std::string& base,
                                      const std::vector<std::string>& folders,
                                      const host::OsUser& owner, FolderModes modes);

}  // namespace slots
