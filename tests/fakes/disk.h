// SPDX-License-Identifier: PostgreSQL
// A host's file system in memory that forgets at a power loss what was not fsynced: the content of
// files and the names in folders, each for itself (fsync(2): "Calling fsync() does not necessarily
// ensure that the entry in the directory containing the file has also reached disk"). It offers
// the primitives of host/folder.h and nothing kinder; each can be where the node or the host dies.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "host/folder.h"

namespace fakes {

/// Thrown by the primitive at which the act ends for good.
struct Crash {
  bool power = false;  ///< the host loses its power; else the node alone is killed
};

class Disk {
 public:
  /// A name that is about to lose what it stands for: replaced, or removed (`next` null).
  struct Loss {
    std::string path;
    std::string bytes;
    const std::string* next = nullptr;
  };

  Disk() = default;
  Disk(const Disk& other) { *this = other; }
  Disk& operator=(const Disk& other);
  ~Disk() = default;

  // ---- looking ---------------------------------------------------------------------------------
  [[nodiscard]] host::FileState look(const std::string& path) const;
  /// Null where there is no regular file.
  [[nodiscard]] const std::string* read(const std::string& path) const;
  /// The same of what a power loss would leave.
  [[nodiscard]] const std::string* read_durable(const std::string& path) const;
  /// Names within, sorted.
  [[nodiscard]] std::vector<std::string> list(const std::string& folder) const;
  [[nodiscard]] std::vector<std::string> all_paths() const;

  // ---- primitives: each may be the last --------------------------------------------------------
  void make_folder(const std::string& path, mode_t mode, uid_t uid);
  /// A new file with content that nothing has made durable yet.
  void create(const std::string& path, const std::string& bytes, const host::Ownership& ownership);
  void sync(const std::string& path);
  void rename(const std::string& from, const std::string& to);
  void remove(const std::string& path);
  void sync_folder(const std::string& path);
  void set_mode(const std::string& path, mode_t mode);

  /// How host::Replacement does it: create, fsync, rename, fsync of the folder.
  void replace(const std::string& path, const std::string& bytes, const host::Ownership& ownership);

  // ---- what is not the node's doing ------------------------------------------------------------
  /// As a person puts it there: durable at once, watched by nobody.
  void plant(const std::string& path, const std::string& bytes, const host::Ownership& ownership);
  void plant_link(const std::string& path, uid_t uid);
  void plant_folder(const std::string& path, mode_t mode, uid_t uid);
  void take_away(const std::string& path);
  void power_loss();

  /// Dies at the `nth` primitive from now (1: the next), before it is done.
  void crash_at(int nth, Crash how);
  void crash_nowhere() { countdown_ = 0; }
  [[nodiscard]] int primitives() const { return done_; }  ///< since it was made

  std::function<void(const Loss&)> on_loss;
  std::function<void()> on_change;  ///< after each primitive that changed something

 private:
  struct Node {
    host::FileState state;
    std::shared_ptr<const std::string> bytes;
    std::shared_ptr<const std::string> durable;  ///< null: never synced
    host::FileState durable_state;
  };
  using Names = std::map<std::string, std::shared_ptr<Node>>;

  void tick();
  void changed();
  [[nodiscard]] const Node* find(const std::string& path) const;
  std::shared_ptr<Node> make(const std::string& bytes, const host::Ownership& ownership);

  Names names_;
  Names durable_names_;
  ino_t last_inode_ = 100;
  std::int64_t last_change_ = 1;
  int done_ = 0;
  int countdown_ = 0;
  Crash how_;
};

std::string folder_of(const std::string& path);
std::string name_of(const std::string& path);
/// A name of a temporary file or folder of host::Folder's.
bool is_temporary(const std::string& name);

}  // namespace fakes
