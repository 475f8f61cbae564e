// SPDX-License-Identifier: PostgreSQL
#include "slots/files.h"

#include <fmt/format.h>

#include <utility>

#include "base/text.h"

namespace slots {

using base::Code;
using base::Result;

std::string SlotFiles::folder() const {
  std::string path = base == "/" ? "" : base;
  for (const std::string& name : folders) path += "/" + name;
  return path;
}

std::string SlotFiles::path_of(const std::string& name) const { return folder() + "/" + name; }

Rooted rooted(const std::string& etc, const std::vector<std::string>& beneath) {
  const auto slash = etc.rfind('/');
  Rooted split{slash == 0 ? "/" : etc.substr(0, slash), {etc.substr(slash + 1)}};
  split.folders.insert(split.folders.end(), beneath.begin(), beneath.end());
  return split;
}

Result<SlotFiles> server_files(const std::string& etc, const fleet::Slot& slot,
                               std::optional<host::OsUser> server_user) {
  TRY(host::check_component("the host's name", slot.name));
  SlotFiles files;
  files.slot = slot;
  files.actor = host::root_user();
  files.key_owner = std::move(server_user);
  Rooted here = rooted(etc, {"server", slot.name});
  files.base = std::move(here.base);
  files.folders = std::move(here.folders);
  files.archive = rooted(etc, {"archive", fleet::to_string(slot)}).folders;
  TRY(host::check_component("the archive's name", files.archive.back()));
  files.folder_mode = 0755;
  files.key = files.certificate = "server.pem";
  files.trust = "clients.crt";
  files.pending = "server.pem.pending";
  return files;
}

Result<SlotFiles> client_files(const std::string& environment, const fleet::Slot& slot,
                               const host::OsUser& user) {
  SlotFiles files;
  files.slot = slot;
  files.actor = user;
  files.key_owner = user;
  files.base = user.home;
  files.folders = {".postgresql"};
  if (slot.place == fleet::SlotPlace::environment) {
    TRY(host::check_component("the environment's name", environment));
    TRY(host::check_component("the identity's name", slot.name));
    // Archives lie beside the environments: that name is taken.
    if (environment == "archive")
      return base::error(Code::file_unsafe, "an environment cannot be named \"archive\"");
    files.folders.insert(files.folders.end(), {"pgseal", environment, slot.name});
  }
  files.archive = {".postgresql", "pgseal", "archive"};
  files.key = fleet::client_key_file;
  files.certificate = fleet::client_certificate_file;
  files.trust = fleet::client_trust_file;
  files.pending = "postgresql.key.pending";
  return files;
}

Result<std::optional<host::Folder>> open_below(const std::string& base,
                                               const std::vector<std::string>& folders,
                                               const host::OsUser& owner) {
  std::optional<host::Folder> here = TRY(host::Folder::open(base, owner));
  for (const std::string& name : folders) {
    here = TRY(here->enter(name));
    if (!here) break;
  }
  return here;
}

Result<bool> admit_below(const std::string& base, const std::vector<std::string>& folders,
                         const host::OsUser& owner, mode_t mode) {
  std::optional<host::Folder> here = TRY(host::Folder::open(base, owner));
  bool changed = false;
  for (const std::string& name : folders) {
    here = TRY(here->enter(name));
    if (!here) break;
    if (TRY(here->admit(mode))) changed = true;
  }
  return changed;
}

Result<host::Folder> make_below(const std::string& base, const std::vector<std::string>& folders,
                                const host::OsUser& owner, FolderModes modes) {
  std::optional<host::Folder> here = TRY(host::Folder::open(base, owner));
  for (std::size_t i = 0; i < folders.size(); ++i)
    here =
        TRY(here->make_folder(folders[i], i + 1 == folders.size() ? modes.last_mode : modes.mode));
  return std::move(*here);
}

}  // namespace slots
