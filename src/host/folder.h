// SPDX-License-Identifier: PostgreSQL
// A folder reached component by component, so that no link leads astray, and files in it that are
// replaced whole or not at all. Used as root in folders that root owns, and inside `as_user` in all
// others. Needs no OpenSSL, no name service: fit for a forked child.
//
// The way to a folder is safe where each component is a folder of root or of the expected owner,
// and nobody else can write to it (a sticky folder such as /tmp counts as safe: there nobody can
// rename what is another's; the owner's primary group may write: user-private groups). A symbolic
// link on the way is followed only where root made it in a folder that only root can write:
// /home -> /srv/home is the administrator's choice; in a home it is somebody else's.
#pragma once

#include <sys/stat.h>
#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/fd.h"
#include "base/result.h"
#include "host/child.h"

namespace host {

enum class FileKind : std::uint8_t { absent, regular, folder, link, fifo, device, socket };
/// "is a symbolic link", "is a FIFO", …
const char* describe(FileKind kind);

/// What lstat(2) says.
struct FileState {
  FileKind kind = FileKind::absent;
  mode_t mode = 0;  ///< permission bits, 07777
  uid_t uid = 0;
  gid_t gid = 0;
  ino_t inode = 0;
  nlink_t links = 0;
  std::int64_t size = 0;
  std::int64_t changed = 0;  ///< ctime in nanoseconds
  bool operator==(const FileState&) const = default;
  [[nodiscard]] bool exists() const { return kind != FileKind::absent; }
};

/// Who shall own a file and how, before it has content or a name.
struct Ownership {
  uid_t uid = 0;
  gid_t gid = 0;
  mode_t mode = 0600;
};

class Folder;

/// A file's next content. Destroyed without commit(), nothing has happened.
class Replacement {
 public:
  Replacement(Replacement&& other) noexcept;
  Replacement& operator=(Replacement&&) = delete;
  Replacement(const Replacement&) = delete;
  Replacement& operator=(const Replacement&) = delete;
  ~Replacement();

  base::Result<void> write(std::string_view bytes);
  /// fsync of the file, rename, fsync of the folder.
  base::Result<void> commit() &&;

 private:
  friend class Folder;
  Replacement(int folder, std::string path, std::string name, std::string temporary, base::Fd file);
  base::Result<void> settle();  ///< fsync of the file
  base::Result<void> rename();

  int folder_;        ///< the Folder's, which outlives this
  std::string path_;  ///< of the folder, for messages
  std::string name_;
  std::string temporary_;  ///< "" once renamed
  base::Fd file_;
};

class Folder {
 public:
  /// Error file_unsafe names the component and what is wrong with it; file_io where it is missing.
  static base::Result<Folder> open(const std::string& path, const OsUser& owner);

  /// A folder within, by the same rules, no link followed; null where there is none.
  [[nodiscard]] base::Result<std::optional<Folder>> enter(const std::string& name) const;
  /// The same, made with `mode` where it is missing. The mode of one that exists is left. Durable
  /// in either case: whoever made it may have been killed before it was.
  [[nodiscard]] base::Result<Folder> make_folder(const std::string& name, mode_t mode) const;

  /// Adds the bits of `mode` that this folder lacks; whether there were any.
  [[nodiscard]] base::Result<bool> admit(mode_t mode) const;

  [[nodiscard]] base::Result<FileState> look(const std::string& name) const;
  /// The content of a regular file; anything else is file_unsafe and is not even opened, so a FIFO
  /// never blocks and a device never acts. A missing file, or a longer one than `limit`, is
  /// file_io.
  [[nodiscard]] base::Result<std::string> read(const std::string& name, std::size_t limit) const;

  /// A temporary file in this folder, which must outlive it.
  [[nodiscard]] base::Result<Replacement> stage(const std::string& name,
                                                const Ownership& ownership) const;
  /// Several at once: every content is on disk before the first rename, the renames follow each
  /// other without anything between them, in the order given.
  [[nodiscard]] base::Result<void> commit_in_order(std::vector<Replacement> replacements) const;

  /// Renames within one file system, durable on both sides. An existing target is file_io.
  [[nodiscard]] base::Result<void> move(const std::string& name, const Folder& to,
                                        const std::string& new_name) const;
  /// Removes a file (never a folder), durable. A missing one is no error.
  [[nodiscard]] base::Result<void> remove(const std::string& name) const;

  /// Names within, sorted, without "." and "..".
  [[nodiscard]] base::Result<std::vector<std::string>> list() const;
  /// Temporary files, and temporary folders of files, that an earlier run left when it was killed;
  /// how many were removed. Only where no other node can be at work.
  [[nodiscard]] base::Result<int> clean_leftovers() const;
  /// A name that clean_leftovers knows.
  static std::string temporary_name(const std::string& name);

  [[nodiscard]] base::Result<void> sync() const;
  [[nodiscard]] const std::string& path() const { return path_; }
  [[nodiscard]] std::string path_of(const std::string& name) const;
  [[nodiscard]] const OsUser& owner() const { return owner_; }

 private:
  Folder(base::Fd fd, std::string path, OsUser owner)
      : fd_(std::move(fd)), path_(std::move(path)), owner_(std::move(owner)) {}

  base::Fd fd_;
  std::string path_;
  OsUser owner_;
};

/// Whether `name` can be one component of a path: not empty, ".", "..", over 255 bytes, and without
/// '/' or control characters. What comes from the configuration passes here before it names a file.
bool valid_component(std::string_view name);
/// The same as an Error file_unsafe that says what `what` is.
base::Result<void> check_component(std::string_view what, std::string_view name);

}  // namespace host
