// SPDX-License-Identifier: PostgreSQL
#include "slots/store.h"

#include <errno.h>
#include <fmt/format.h>
#include <string.h>
#include <unistd.h>

#include <algorithm>
#include <functional>
#include <map>
#include <type_traits>
#include <utility>

#include "base/pack.h"
#include "base/text.h"

namespace slots {
namespace {

using base::Code;
using base::Result;

constexpr std::chrono::seconds limit{20};
constexpr const char* index_name = "index";

// ---- seeing -------------------------------------------------------------------------------------

static_assert(std::is_trivially_copyable_v<host::FileState>);

std::string pack_file(const SeenFile& file) {
  std::string state(sizeof(host::FileState), '\0');
  ::memcpy(state.data(), &file.state, sizeof(host::FileState));
  return base::pack({state, file.bytes, file.problem});
}

Result<SeenFile> unpack_file(const std::string& bytes) {
  auto items = TRY(base::unpack(bytes));
  SeenFile file;
  if (items.size() != 3 || items[0].size() != sizeof(host::FileState))
    return base::error(Code::internal, "a child described a file in another form");
  ::memcpy(&file.state, items[0].data(), sizeof(host::FileState));
  file.bytes = std::move(items[1]);
  file.problem = std::move(items[2]);
  return file;
}

/// Error file_unsafe for what is no regular file; one that cannot be read is a fact.
Result<SeenFile> see_file(const host::Folder& folder, const std::string& name) {
  SeenFile file;
  file.state = TRY(folder.look(name));
  if (!file.exists()) return file;
  auto bytes = folder.read(name, slot_file_bytes);
  if (bytes) {
    file.bytes = std::move(*bytes);
  } else if (bytes.error().code == Code::file_unsafe) {
    return std::move(bytes).error();
  } else {
    file.problem = bytes.error().message;
    if (!bytes.error().detail.empty()) file.problem += ": " + bytes.error().detail;
  }
  return file;
}

/// What is complete needs no writing, whatever its folder's mode.
Result<void> check_writable(const SlotFiles& files, const std::string& path) {
  if (files.slot.place != fleet::SlotPlace::home || files.slot.kind != fleet::SlotKind::client ||
      access(path.c_str(), W_OK | X_OK) == 0)
    return {};
  return base::error(Code::file_unsafe,
                     fmt::format("user \"{}\" cannot write in \"{}\": {}", files.actor.name,
                                 base::printable_line(path), strerror(errno)));
}

Result<std::string> see_one_packed(const SlotFiles& files) {
  const auto base = host::Folder::open(files.base, files.actor);
  const bool client = files.slot.kind == fleet::SlotKind::client;
  if (!base && client && (base.error().code == Code::file_io || files.base.empty()))
    return base::error(Code::user_missing,
                       fmt::format("the home \"{}\" of user \"{}\" cannot be used", files.base,
                                   files.actor.name))
        .with_detail(base.error().message + ": " + base.error().detail);
  if (!base) return base.error();
  const auto folder = TRY(open_below(files.base, files.folders, files.actor));
  if (!folder) {
    TRY(check_writable(files, files.base));
    return base::pack({});
  }
  std::vector<std::string> packed;
  bool complete = true;
  for (const std::string& name : {files.key, files.certificate, files.trust, files.pending}) {
    const SeenFile file = TRY(see_file(*folder, name));
    complete = complete && (file.exists() || name == files.pending);
    packed.push_back(pack_file(file));
  }
  if (!complete) TRY(check_writable(files, folder->path()));
  return base::pack(packed);
}

// ---- changing -----------------------------------------------------------------------------------

/// The archive's folder that holds the content of `label` already: labels end in its digest.
std::string kept_before(const std::vector<std::string>& names, const std::string& label) {
  const std::string digest = label.substr(label.rfind('-'));
  const auto same = std::find_if(names.begin(), names.end(),
                                 [&](const std::string& name) { return name.ends_with(digest); });
  return same == names.end() ? std::string() : *same;
}

Result<void> put(const host::Folder& folder, const std::vector<Wanted>& files) {
  std::vector<host::Replacement> staged;
  staged.reserve(files.size());
  for (const Wanted& wanted : files) {
    staged.push_back(TRY(folder.stage(wanted.name, wanted.ownership)));
    TRY(staged.back().write(wanted.bytes));
  }
  return folder.commit_in_order(std::move(staged));
}

/// The index is for people and for `archive list`; each line names a folder that is complete.
Result<void> add_to_index(const host::Folder& archive, const std::string& label,
                          const std::string& text) {
  std::string index;
  if (TRY(archive.look(index_name)).exists())
    index = TRY(archive.read(index_name, slot_file_bytes));
  if (index.find(label) != std::string::npos) return {};
  index += label + "\t" + text + "\n";
  return put(archive, {{index_name, index, {archive.owner().uid, archive.owner().gid, 0600}}});
}

/// Copies what can be read; the folder appears whole, by one rename.
Result<void> copy_into(const host::Folder& archive, const host::Folder& slot, const Step& step) {
  const std::string making = host::Folder::temporary_name("kept");
  const host::Folder copies = TRY(archive.make_folder(making, 0700));
  for (const std::string& name : step.names) {
    const auto bytes = slot.read(name, slot_file_bytes);
    if (!bytes && bytes.error().code == Code::file_unsafe) return bytes.error();
    if (!bytes) continue;
    TRY(put(copies, {{name, *bytes, {archive.owner().uid, archive.owner().gid, 0600}}}));
  }
  return archive.move(making, archive, step.label);
}

/// What its folder's owner cannot read is moved instead of copied: the archive holds it, and
/// nothing is missed meanwhile, because whoever used the slot could not read it either.
Result<void> move_unreadable(const host::Folder& copies, const host::Folder& slot,
                             const Step& step) {
  for (const std::string& name : step.names) {
    if (TRY(copies.look(name)).exists() || !TRY(slot.look(name)).exists()) continue;
    TRY(slot.move(name, copies, name));
  }
  return {};
}

/// Whether the archive had to be given anything.
Result<bool> keep(const SlotFiles& files, const host::Folder& slot, const Step& step) {
  const host::Folder archive = TRY(
      make_below(files.base, files.archive, files.actor, {files.folder_mode, files.archive_mode}));
  TRY(archive.clean_leftovers());
  std::string label = kept_before(TRY(archive.list()), step.label);
  const bool lacked = label.empty();
  if (lacked) {
    TRY(copy_into(archive, slot, step));
    label = step.label;
  } else {
    TRY(archive.sync());  // the name may be a killed run's, not yet durable
  }
  const auto copies = TRY(archive.enter(label));
  if (!copies) return base::error(Code::file_changed, "the archive's folder vanished");
  TRY(move_unreadable(*copies, slot, step));
  TRY(add_to_index(archive, label, step.text));
  return lacked;
}

Result<bool> carry_out_step(const SlotFiles& files, const host::Folder& slot, const Step& step) {
  switch (step.kind) {
    case Step::Kind::keep:
      return keep(files, slot, step);
    case Step::Kind::put:
      TRY(put(slot, step.files));
      break;
    case Step::Kind::remove:
      for (const std::string& name : step.names) TRY(slot.remove(name));
      break;
  }
  return true;
}

}  // namespace

// ---- what a child does --------------------------------------------------------------------------

std::string see_packed(const std::vector<SlotFiles>& group) {
  std::vector<std::string> outcomes;
  outcomes.reserve(group.size());
  for (const SlotFiles& files : group)
    outcomes.push_back(host::pack_outcome(see_one_packed(files)));
  return base::pack(outcomes);
}

Result<std::string> carry_out_here(const SlotFiles& files, const Changes& changes) {
  const host::Folder slot = TRY(
      make_below(files.base, files.folders, files.actor, {files.folder_mode, files.folder_mode}));
  for (const Expected& expected : changes.expected)
    if (TRY(slot.look(expected.name)) != expected.state)
      return base::error(Code::file_changed,
                         fmt::format("\"{}\" was changed a moment ago",
                                     base::printable_line(slot.path_of(expected.name))));
  TRY(slot.clean_leftovers());
  bool changed = false;
  for (const Step& step : changes.steps) {
    const bool did = TRY(carry_out_step(files, slot, step));
    changed = changed || did;
  }
  return std::string(changed ? "changed" : "");
}

// ---- who does it --------------------------------------------------------------------------------

Result<std::string> as_actor(const SlotFiles& files,
                             const std::function<Result<std::string>()>& work) {
  if (files.slot.kind == fleet::SlotKind::server) return work();
  return host::as_user(files.actor, limit, work);
}

namespace {

Result<SeenSlot> unpack_slot(std::string_view packed) {
  const auto items = TRY(base::unpack(packed));
  SeenSlot seen;
  if (items.empty()) return seen;
  if (items.size() != 4)
    return base::error(Code::internal, "a child described a slot in another form");
  seen.folder = true;
  seen.key = TRY(unpack_file(items[0]));
  seen.certificate = TRY(unpack_file(items[1]));
  seen.trust = TRY(unpack_file(items[2]));
  seen.pending = TRY(unpack_file(items[3]));
  return seen;
}

Result<std::vector<std::string>> outcomes_of(const Result<std::string>& packed, std::size_t count) {
  if (!packed) return packed.error();
  auto outcomes = TRY(base::unpack(*packed));
  if (outcomes.size() != count)
    return base::error(Code::internal, "a child described other slots than it was asked for");
  return outcomes;
}

}  // namespace

std::vector<Result<SeenSlot>> see_by(const std::vector<SlotFiles>& all, const SeeGroup& ask) {
  // Who works on them: root in this very process for the server's, else a user.
  using Actor = std::pair<bool, uid_t>;
  std::map<Actor, std::vector<std::size_t>> groups;
  for (std::size_t i = 0; i < all.size(); ++i)
    groups[{all[i].slot.kind == fleet::SlotKind::server, all[i].actor.uid}].push_back(i);
  std::map<std::size_t, Result<SeenSlot>> seen;
  for (const auto& [actor, group] : groups) {
    std::vector<SlotFiles> theirs;
    for (const std::size_t i : group) theirs.push_back(all[i]);
    const auto outcomes = outcomes_of(ask(theirs), group.size());
    for (std::size_t i = 0; i < group.size(); ++i) {
      const auto packed =
          outcomes ? host::unpack_outcome((*outcomes)[i]) : Result<std::string>(outcomes.error());
      seen.emplace(group[i], packed ? unpack_slot(*packed) : Result<SeenSlot>(packed.error()));
    }
  }
  std::vector<Result<SeenSlot>> in_order;
  in_order.reserve(all.size());
  for (auto& [index, slot] : seen) in_order.push_back(std::move(slot));
  return in_order;
}

Result<bool> carry_out(const SlotFiles& files, const Changes& changes) {
  return changed_by(files, as_actor(files, [&] { return carry_out_here(files, changes); }));
}

Result<bool> changed_by(const SlotFiles& files, Result<std::string> done) {
  if (!done) return std::move(done).error().during("changing " + fleet::to_string(files.slot));
  return !done->empty();
}

}  // namespace slots
