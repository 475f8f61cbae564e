// SPDX-License-Identifier: PostgreSQL
#include "fakes/disk.h"

#include <utility>

namespace fakes {

std::string folder_of(const std::string& path) {
  const auto slash = path.rfind('/');
  return slash == 0 ? "/" : path.substr(0, slash);
}

std::string name_of(const std::string& path) { return path.substr(path.rfind('/') + 1); }

bool is_temporary(const std::string& name) {
  static const std::string sample = host::Folder::temporary_name("x");
  static const std::string prefix = sample.substr(0, sample.rfind("x."));
  return name.starts_with(prefix);
}

Disk& Disk::operator=(const Disk& other) {
  if (this == &other) return *this;
  std::map<const Node*, std::shared_ptr<Node>> copies;
  const auto copy = [&](const Names& names) {
    Names made;
    for (const auto& [path, node] : names) {
      auto& one = copies[node.get()];
      if (one == nullptr) one = std::make_shared<Node>(*node);
      made.emplace_hint(made.end(), path, one);
    }
    return made;
  };
  Names names = copy(other.names_);
  Names durable = copy(other.durable_names_);
  names_ = std::move(names);
  durable_names_ = std::move(durable);
  last_inode_ = other.last_inode_;
  last_change_ = other.last_change_;
  done_ = other.done_;
  countdown_ = 0;
  on_loss = nullptr;  // whoever watched the other watches the other
  on_change = nullptr;
  return *this;
}

const Disk::Node* Disk::find(const std::string& path) const {
  const auto found = names_.find(path);
  return found == names_.end() ? nullptr : found->second.get();
}

host::FileState Disk::look(const std::string& path) const {
  const Node* node = find(path);
  return node == nullptr ? host::FileState() : node->state;
}

const std::string* Disk::read(const std::string& path) const {
  const Node* node = find(path);
  if (node == nullptr || node->state.kind != host::FileKind::regular) return nullptr;
  return node->bytes.get();
}

const std::string* Disk::read_durable(const std::string& path) const {
  const auto found = durable_names_.find(path);
  return found == durable_names_.end() ? nullptr : found->second->durable.get();
}

std::vector<std::string> Disk::list(const std::string& folder) const {
  std::vector<std::string> names;
  const std::string prefix = folder + "/";
  for (auto at = names_.lower_bound(prefix); at != names_.end() && at->first.starts_with(prefix);
       ++at)
    if (at->first.find('/', prefix.size()) == std::string::npos)
      names.push_back(at->first.substr(prefix.size()));
  return names;
}

std::vector<std::string> Disk::all_paths() const {
  std::vector<std::string> paths;
  for (const auto& [path, node] : names_)
    if (node->state.kind == host::FileKind::regular) paths.push_back(path);
  return paths;
}

void Disk::tick() {
  ++done_;
  if (countdown_ > 0 && --countdown_ == 0) throw how_;
}

void Disk::changed() {
  if (on_change) on_change();
}

std::shared_ptr<Disk::Node> Disk::make(const std::string& bytes, const host::Ownership& ownership) {
  auto node = std::make_shared<Node>();
  node->state.kind = host::FileKind::regular;
  node->state.mode = ownership.mode;
  node->state.uid = ownership.uid;
  node->state.gid = ownership.gid;
  node->state.inode = ++last_inode_;
  node->state.links = 1;
  node->state.size = static_cast<std::int64_t>(bytes.size());
  node->state.changed = ++last_change_;
  node->bytes = std::make_shared<const std::string>(bytes);
  return node;
}

void Disk::make_folder(const std::string& path, mode_t mode, uid_t uid) {
  if (find(path) != nullptr) return sync_folder(folder_of(path));
  tick();
  auto node = make("", {uid, uid, mode});
  node->state.kind = host::FileKind::folder;
  node->durable = node->bytes;
  node->durable_state = node->state;
  names_[path] = node;
  changed();
  sync_folder(folder_of(path));
}

void Disk::create(const std::string& path, const std::string& bytes,
                  const host::Ownership& ownership) {
  tick();
  names_[path] = make(bytes, ownership);
  changed();
}

void Disk::sync(const std::string& path) {
  tick();
  Node& node = *names_.at(path);
  node.durable = node.bytes;
  node.durable_state = node.state;
}

void Disk::rename(const std::string& from, const std::string& to) {
  tick();
  const auto moved = names_.at(from);
  const auto there = names_.find(to);
  if (there != names_.end() && on_loss) on_loss({to, *there->second->bytes, moved->bytes.get()});
  names_.erase(from);
  names_[to] = moved;
  if (moved->state.kind == host::FileKind::folder) {
    const std::string prefix = from + "/";
    Names inner;
    for (auto at = names_.lower_bound(prefix);
         at != names_.end() && at->first.starts_with(prefix);) {
      inner[to + "/" + at->first.substr(prefix.size())] = at->second;
      at = names_.erase(at);
    }
    // What a folder holds durably moves with it: its entries are its own, not its parent's.
    Names durable;
    for (auto at = durable_names_.lower_bound(prefix);
         at != durable_names_.end() && at->first.starts_with(prefix); ++at)
      durable[to + "/" + at->first.substr(prefix.size())] = at->second;
    names_.merge(inner);
    durable_names_.merge(durable);
  }
  changed();
}

void Disk::remove(const std::string& path) {
  tick();
  const auto there = names_.find(path);
  if (there == names_.end()) return;
  if (on_loss && there->second->state.kind == host::FileKind::regular)
    on_loss({path, *there->second->bytes, nullptr});
  names_.erase(there);
  changed();
}

void Disk::sync_folder(const std::string& path) {
  tick();
  const std::string prefix = path == "/" ? "/" : path + "/";
  const auto own = [&](const std::string& name) {
    return name.starts_with(prefix) && name.find('/', prefix.size()) == std::string::npos;
  };
  for (auto at = durable_names_.lower_bound(prefix);
       at != durable_names_.end() && at->first.starts_with(prefix);)
    at = own(at->first) ? durable_names_.erase(at) : std::next(at);
  for (auto at = names_.lower_bound(prefix); at != names_.end() && at->first.starts_with(prefix);
       ++at)
    if (own(at->first)) durable_names_[at->first] = at->second;
}

void Disk::set_mode(const std::string& path, mode_t mode) {
  tick();
  Node& node = *names_.at(path);
  node.state.mode = mode;
  node.state.changed = ++last_change_;
  changed();
}

void Disk::replace(const std::string& path, const std::string& bytes,
                   const host::Ownership& ownership) {
  const std::string temporary = folder_of(path) + "/" + host::Folder::temporary_name(name_of(path));
  create(temporary, bytes, ownership);
  sync(temporary);
  rename(temporary, path);
  sync_folder(folder_of(path));
}

void Disk::plant(const std::string& path, const std::string& bytes,
                 const host::Ownership& ownership) {
  const std::string folder = folder_of(path);
  if (folder != "/" && find(folder) == nullptr) plant_folder(folder, 0755, 0);
  auto node = make(bytes, ownership);
  node->durable = node->bytes;
  node->durable_state = node->state;
  names_[path] = node;
  durable_names_[path] = node;
}

void Disk::plant_link(const std::string& path, uid_t uid) {
  plant(path, "", {uid, uid, 0777});
  Node& node = *names_.at(path);
  node.state.kind = host::FileKind::link;
  node.durable_state = node.state;
}

void Disk::plant_folder(const std::string& path, mode_t mode, uid_t uid) {
  plant(path, "", {uid, uid, mode});
  Node& node = *names_.at(path);
  node.state.kind = host::FileKind::folder;
  node.durable_state = node.state;
}

void Disk::take_away(const std::string& path) {
  names_.erase(path);
  durable_names_.erase(path);
}

void Disk::power_loss() {
  names_.clear();
  for (const auto& [path, node] : durable_names_)  // a folder that is gone took its names with it
    if (folder_of(path) == "/" || names_.contains(folder_of(path)))
      names_.emplace_hint(names_.end(), path, node);
  durable_names_ = names_;
  static const auto nothing = std::make_shared<const std::string>();
  for (auto& [path, node] : names_) {
    if (node->durable == nullptr) {
      node->durable = nothing;  // a name without its content: what ext4 shows as an empty file
      node->durable_state = node->state;
    }
    node->bytes = node->durable;
    node->state = node->durable_state;
    node->state.size = static_cast<std::int64_t>(node->bytes->size());
  }
}

void Disk::crash_at(int nth, Crash how) {
  countdown_ = nth;
  how_ = how;
}

}  // namespace fakes
