// SPDX-License-Identifier: PostgreSQL
#include "server/edit_place.h"

#include <errno.h>
#include <fmt/format.h>
#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>

#include "base/pack.h"
#include "host/folder.h"
#include "x509/digest.h"

namespace server {

using base::Code;
using base::Result;

namespace {

constexpr std::size_t edited_bytes = 4UL * 1024 * 1024;

Result<void> try_place(const ServerView& view, const std::string& ssl_conf_path,
                       ServerChild& child) {
  const std::optional<IncludeEdit> edit = TRY(include_edit(view, ssl_conf_path));
  if (!edit) return {};
  const host::OsUser owner = TRY(owner_of_folder(edit->folder));
  TRY(check_place(*edit, owner));
  return child.reach(edit->folder, owner);
}

/// The child's work: as the folder's owner, no link followed, owner and mode as they were.
Result<std::string> replace_within(const IncludeEdit& edit, const host::OsUser& owner) {
  const host::Folder folder = TRY(host::Folder::open(edit.folder, owner));
  const host::FileState state = TRY(folder.look(edit.name));
  host::Ownership ownership{owner.uid, owner.gid, 0644};
  if (state.exists()) {
    if (state.kind != host::FileKind::regular) return refused_place(edit, describe(state.kind));
    if (TRY(folder.read(edit.name, edited_bytes)) != edit.before) {
      return base::error(Code::file_changed,
                         fmt::format("\"{}\" was changed meanwhile", folder.path_of(edit.name)));
    }
    ownership = {state.uid, state.gid, state.mode};
  } else if (edit.exists) {
    return base::error(Code::file_changed,
                       fmt::format("\"{}\" is gone", folder.path_of(edit.name)));
  }
  TRY(folder.clean_leftovers());  // of a node that was killed here: it may hold passwords
  host::Replacement replacement = TRY(folder.stage(edit.name, ownership));
  TRY(replacement.write(edit.after));
  TRY(std::move(replacement).commit());
  return std::string();
}

std::string pack_edit(const IncludeEdit& edit) {
  return base::pack({edit.folder, edit.name, edit.before, edit.exists ? "1" : "", edit.after});
}

}  // namespace

Result<host::OsUser> owner_of_folder(const std::string& path) {
  struct stat state {};
  if (stat(path.c_str(), &state) != 0) {
    return base::system_error(Code::server_settings, fmt::format("could not look at \"{}\"", path),
                              errno);
  }
  if (state.st_uid == 0) return host::root_user();
  passwd entry{};
  passwd* found = nullptr;
  std::array<char, 16384> room{};
  if (getpwuid_r(state.st_uid, &entry, room.data(), room.size(), &found) != 0 || found == nullptr) {
    return base::error(
        Code::server_settings,
        fmt::format("\"{}\" belongs to user {}, who does not exist", path, state.st_uid));
  }
  return host::OsUser{entry.pw_name, entry.pw_uid, entry.pw_gid, entry.pw_dir};
}

base::Error refused_place(const IncludeEdit& edit, std::string_view why) {
  return base::error(Code::server_settings,
                     fmt::format("\"{}/{}\" {}, and pgseal does not replace it", edit.folder,
                                 edit.name, why))
      .with_hint(
          "Make it a plain file of the server's user, or add the include_if_exists line yourself.");
}

Result<void> check_place(const IncludeEdit& edit, const host::OsUser& owner) {
  struct stat state {};
  const std::string path = edit.folder + "/" + edit.name;
  if (lstat(path.c_str(), &state) != 0) {
    if (!edit.exists && errno == ENOENT) return {};
    return base::system_error(Code::server_settings, fmt::format("could not look at \"{}\"", path),
                              errno);
  }
  if (S_ISLNK(state.st_mode)) return refused_place(edit, "is a symbolic link");
  if (!S_ISREG(state.st_mode)) return refused_place(edit, "is not a regular file");
  if (state.st_nlink > 1) return refused_place(edit, "has several names (hard links)");
  if (owner.uid != 0 && state.st_uid != owner.uid) {
    return refused_place(edit, "does not belong to the owner of its folder");
  }
  return {};
}

base::Findings obstacles_to_edit(const ServerView& view, const std::string& ssl_conf_path,
                                 ServerChild& child) {
  const Result<void> possible = try_place(view, ssl_conf_path, child);
  if (possible) return {};
  base::Finding found;
  found.code = "server.config-unwritable";
  found.message = possible.error().message;
  found.detail = possible.error().detail;
  found.hint = fmt::format(
      "Put that right, or add this line at the end of the configuration yourself: "
      "include_if_exists = '{}'",
      ssl_conf_path);
  found.file = view.config_file;
  return {std::move(found)};
}

Result<void> archive_text(const slots::SlotFiles& files, const std::string& name,
                          const std::string& text) {
  const host::Folder folder = TRY(
      slots::make_below(files.base, files.archive, host::root_user(), {0755, files.archive_mode}));
  const std::string kept = fmt::format("{}.{}", name, x509::sha256_hex(text).substr(0, 16));
  TRY(folder.clean_leftovers());
  const host::FileState state = TRY(folder.look(kept));
  if (state.exists()) return folder.sync();  // its name may be a killed run's, not yet durable
  host::Replacement replacement = TRY(folder.stage(kept, {0, 0, 0600}));
  TRY(replacement.write(text));
  return std::move(replacement).commit();
}

Result<std::string> replace_packed(std::string_view packed, const std::string& owner_name) {
  std::vector<std::string> items = TRY(base::unpack(packed));
  if (items.size() != 5) return base::error(Code::internal, "an edit cannot be read");
  IncludeEdit edit;
  edit.folder = std::move(items[0]);
  edit.name = std::move(items[1]);
  edit.before = std::move(items[2]);
  edit.exists = !items[3].empty();
  edit.after = std::move(items[4]);
  return replace_within(edit, {owner_name, geteuid(), getegid(), {}});
}

Result<void> apply_edit(const IncludeEdit& edit, const slots::SlotFiles& files,
                        ServerChild& child) {
  const host::OsUser owner = TRY(owner_of_folder(edit.folder));
  TRY(check_place(edit, owner));
  if (edit.exists) TRY(archive_text(files, edit.name, edit.before));
  return child.replace(pack_edit(edit), owner);
}

}  // namespace server
