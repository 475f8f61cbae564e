// SPDX-License-Identifier: PostgreSQL
#include "fakes/slot_store.h"

#include <fmt/format.h>

#include <algorithm>

#include "x509/digest.h"

namespace fakes {

using base::Code;
using base::Result;

std::string joined(const std::string& base, const std::vector<std::string>& folders) {
  std::string path = base == "/" ? "" : base;
  for (const std::string& name : folders) path += "/" + name;
  return path;
}

bool may_read(const host::FileState& state, uid_t uid) {
  if (uid == 0) return true;
  if (state.uid == uid) return (state.mode & 0400) != 0;
  return (state.mode & 0004) != 0;
}

namespace {

base::Error unsafe(const std::string& path, host::FileKind kind) {
  return base::error(Code::file_unsafe, fmt::format("\"{}\" {}", path, host::describe(kind)));
}

Result<slots::SeenFile> see_file(const Disk& disk, const std::string& path, uid_t actor) {
  slots::SeenFile file;
  file.state = disk.look(path);
  if (!file.exists()) return file;
  if (file.state.kind != host::FileKind::regular) return unsafe(path, file.state.kind);
  if (may_read(file.state, actor))
    file.bytes = *disk.read(path);
  else
    file.problem = fmt::format("could not open \"{}\": Permission denied", path);
  return file;
}

/// As far as it goes: true where all folders are there.
Result<bool> walk(const Disk& disk, const slots::SlotFiles& files,
                  const std::vector<std::string>& folders) {
  std::string path = files.base;
  for (const std::string& name : folders) {
    path += "/" + name;
    const host::FileState state = disk.look(path);
    if (!state.exists()) return false;
    if (state.kind != host::FileKind::folder) return unsafe(path, state.kind);
    if (state.uid != 0 && state.uid != files.actor.uid)
      return base::error(Code::file_unsafe, fmt::format("\"{}\" belongs to user id {}", path,
                                                        static_cast<unsigned>(state.uid)));
  }
  return true;
}

}  // namespace

Result<slots::SeenSlot> see(const Disk& disk, const slots::SlotFiles& files) {
  slots::SeenSlot seen;
  if (!disk.look(files.base).exists())
    return base::error(
        Code::user_missing,
        fmt::format("the home \"{}\" of user \"{}\" cannot be used", files.base, files.actor.name));
  if (!TRY(walk(disk, files, files.folders))) return seen;
  seen.folder = true;
  const uid_t actor = files.actor.uid;
  seen.key = TRY(see_file(disk, files.path_of(files.key), actor));
  seen.certificate = TRY(see_file(disk, files.path_of(files.certificate), actor));
  seen.trust = TRY(see_file(disk, files.path_of(files.trust), actor));
  seen.pending = TRY(see_file(disk, files.path_of(files.pending), actor));
  return seen;
}

std::string make_below(Disk& disk, const slots::SlotFiles& files,
                       const std::vector<std::string>& folders, slots::FolderModes modes) {
  std::string path = files.base;
  for (std::size_t i = 0; i < folders.size(); ++i) {
    path += "/" + folders[i];
    disk.make_folder(path, i + 1 == folders.size() ? modes.last_mode : modes.mode, files.actor.uid);
  }
  return path;
}

namespace {

void clean_leftovers(Disk& disk, const std::string& folder) {
  for (const std::string& name : disk.list(folder)) {
    if (!is_temporary(name)) continue;
    const std::string path = folder + "/" + name;
    for (const std::string& inner : disk.list(path)) {
      disk.remove(path + "/" + inner);
      disk.sync_folder(path);
    }
    disk.remove(path);
    disk.sync_folder(folder);
  }
}

void put(Disk& disk, const std::string& folder, const std::vector<slots::Wanted>& files) {
  std::vector<std::string> staged;
  for (const slots::Wanted& wanted : files) {
    staged.push_back(folder + "/" + host::Folder::temporary_name(wanted.name));
    disk.create(staged.back(), wanted.bytes, wanted.ownership);
  }
  for (const std::string& temporary : staged) disk.sync(temporary);
  for (std::size_t i = 0; i < files.size(); ++i)
    disk.rename(staged[i], folder + "/" + files[i].name);
  disk.sync_folder(folder);
}

Result<bool> keep(Disk& disk, const slots::SlotFiles& files, const slots::Step& step) {
  const std::string archive =
      make_below(disk, files, files.archive, {files.folder_mode, files.archive_mode});
  const host::Ownership own{files.actor.uid, files.actor.gid, 0600};
  clean_leftovers(disk, archive);
  const std::string digest = step.label.substr(step.label.rfind('-'));
  const auto there = disk.list(archive);
  const auto same = std::find_if(there.begin(), there.end(),
                                 [&](const auto& name) { return name.ends_with(digest); });
  const bool lacked = same == there.end();
  const std::string label = lacked ? step.label : *same;
  const std::string kept = archive + "/" + label;
  if (lacked) {
    const std::string making = archive + "/" + host::Folder::temporary_name("kept");
    disk.make_folder(making, 0700, files.actor.uid);
    for (const std::string& name : step.names) {
      const std::string path = files.path_of(name);
      const std::string* bytes = disk.read(path);
      if (bytes != nullptr && may_read(disk.look(path), files.actor.uid))
        put(disk, making, {{name, *bytes, own}});
    }
    disk.rename(making, kept);
    disk.sync_folder(archive);
  } else {
    disk.sync_folder(archive);
  }
  for (const std::string& name : step.names) {
    if (disk.look(kept + "/" + name).exists() || !disk.look(files.path_of(name)).exists()) continue;
    disk.rename(files.path_of(name), kept + "/" + name);
    disk.sync_folder(kept);
    disk.sync_folder(files.folder());
  }
  const std::string* read = disk.read(archive + "/index");
  std::string index = read == nullptr ? "" : *read;
  if (index.find(label) == std::string::npos)
    put(disk, archive, {{"index", index + label + "\t" + step.text + "\n", own}});
  return lacked;
}

}  // namespace

void archive_text(Disk& disk, const slots::SlotFiles& files, const std::string& name,
                  const std::string& text) {
  const std::string folder = make_below(disk, files, files.archive, {0755, files.archive_mode});
  const std::string kept =
      fmt::format("{}/{}.{}", folder, name, x509::sha256_hex(text).substr(0, 16));
  clean_leftovers(disk, folder);
  if (disk.look(kept).exists())
    disk.sync_folder(folder);
  else
    disk.replace(kept, text, {0, 0, 0600});
}

void apply_edit(Disk& disk, const slots::SlotFiles& files, const server::IncludeEdit& edit) {
  const std::string path = edit.folder + "/" + edit.name;
  if (edit.exists) archive_text(disk, files, edit.name, edit.before);
  clean_leftovers(disk, edit.folder);
  const host::FileState state = disk.look(path);
  const host::FileState folder = disk.look(edit.folder);
  if (state.exists())
    disk.replace(path, edit.after, {state.uid, state.gid, state.mode});
  else
    disk.replace(path, edit.after, {folder.uid, folder.gid, 0644});
}

Result<bool> carry_out(Disk& disk, const slots::SlotFiles& files, const slots::Changes& changes) {
  TRY(walk(disk, files, files.folders));
  make_below(disk, files, files.folders, {files.folder_mode, files.folder_mode});
  for (const slots::Expected& expected : changes.expected)
    if (disk.look(files.path_of(expected.name)) != expected.state)
      return base::error(Code::file_changed, fmt::format("\"{}\" was changed a moment ago",
                                                         files.path_of(expected.name)));
  clean_leftovers(disk, files.folder());
  bool changed = false;
  for (const slots::Step& step : changes.steps) switch (step.kind) {
      case slots::Step::Kind::keep:
        if (TRY(keep(disk, files, step))) changed = true;
        break;
      case slots::Step::Kind::put:
        put(disk, files.folder(), step.files);
        changed = true;
        break;
      case slots::Step::Kind::remove:
        for (const std::string& name : step.names) {
          disk.remove(files.path_of(name));
          disk.sync_folder(files.folder());
        }
        changed = true;
        break;
    }
  return changed;
}

}  // namespace fakes
