// SPDX-License-Identifier: PostgreSQL
#include "host/folder.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include <algorithm>
#include <memory>

#include "base/text.h"

namespace host {
namespace {

using base::Code;
using base::Error;
using base::Result;

constexpr std::string_view temporary_prefix = ".pgseal-tmp.";

std::string quoted(const std::string& path) {
  return fmt::format("\"{}\"", base::printable_line(path));
}

Error unsafe(const std::string& path, std::string_view why) {
  return base::error(Code::file_unsafe, fmt::format("{} {}", quoted(path), why));
}

Error failed(std::string_view what, const std::string& path, int number) {
  return base::system_error(Code::file_io, fmt::format("could not {} {}", what, quoted(path)),
                            number);
}

FileKind kind_of(mode_t mode) {
  switch (mode & S_IFMT) {
    case S_IFREG:
      return FileKind::regular;
    case S_IFDIR:
      return FileKind::folder;
    case S_IFLNK:
      return FileKind::link;
    case S_IFIFO:
      return FileKind::fifo;
    case S_IFSOCK:
      return FileKind::socket;
    default:
      return FileKind::device;
  }
}

FileState state_of(const struct stat& seen) {
  FileState state;
  state.kind = kind_of(seen.st_mode);
  state.mode = seen.st_mode & 07777;
  state.uid = seen.st_uid;
  state.gid = seen.st_gid;
  state.inode = seen.st_ino;
  state.links = seen.st_nlink;
  state.size = seen.st_size;
  state.changed = seen.st_ctim.tv_sec * 1'000'000'000LL + seen.st_ctim.tv_nsec;
  return state;
}

/// Whether somebody else than root and `owner` can change what is in a folder.
bool others_write(const struct stat& folder, const OsUser& owner) {
  if ((folder.st_mode & S_ISVTX) != 0) return false;
  if ((folder.st_mode & S_IWOTH) != 0) return true;
  return (folder.st_mode & S_IWGRP) != 0 && folder.st_gid != 0 && folder.st_gid != owner.gid;
}

bool only_root_writes(const struct stat& folder) {
  return folder.st_uid == 0 && (folder.st_mode & (S_IWGRP | S_IWOTH)) == 0;
}

/// The walk from / to a folder.
class Walk {
 public:
  explicit Walk(const OsUser& owner) : owner_(owner) {}

  Result<base::Fd> go(const std::string& path) {
    if (path.empty() || path.front() != '/')
      return unsafe(path, "is not a path from the root folder");
    TRY(start_anew());
    push(path);
    while (!ahead_.empty()) {
      const std::string name = std::move(ahead_.back());
      ahead_.pop_back();
      TRY(step(name));
    }
    return std::move(here_);
  }

  [[nodiscard]] const struct stat& seen() const { return seen_; }
  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  Result<void> start_anew() {
    here_ = base::Fd(::open("/", O_PATH | O_DIRECTORY | O_CLOEXEC));
    path_ = "/";
    if (!here_.open() || ::fstat(here_.get(), &seen_) != 0) return failed("open", path_, errno);
    return check();
  }

  /// Components of `path`, the first on top.
  void push(std::string_view path) {
    auto names = base::split(path, '/');
    std::reverse(names.begin(), names.end());
    for (const std::string_view name : names)
      if (!name.empty() && name != ".") ahead_.emplace_back(name);
  }

  Result<void> step(const std::string& name) {
    const std::string next = (path_ == "/" ? "/" : path_ + "/") + name;
    // ".." only comes from a home entry or root's own links, and leaves the written path: plain
    // "..".
    base::Fd fd(::openat(here_.get(), name.c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC));
    if (!fd.open()) return failed("open", next, errno);
    struct stat found {};
    if (::fstat(fd.get(), &found) != 0) return failed("look at", next, errno);
    if (S_ISLNK(found.st_mode)) return follow(fd.get(), found, next);
    if (!S_ISDIR(found.st_mode)) return unsafe(next, "is not a folder");
    here_ = std::move(fd);
    path_ = next;
    seen_ = found;
    return check();
  }

  Result<void> follow(int link, const struct stat& found, const std::string& path) {
    if (found.st_uid != 0 || !only_root_writes(seen_)) return unsafe(path, "is a symbolic link");
    if (++links_ > 16) return unsafe(path, "is one of too many symbolic links");
    std::string target(4096, '\0');
    const ssize_t size = ::readlinkat(link, "", target.data(), target.size());
    if (size <= 0 || static_cast<std::size_t>(size) == target.size())
      return failed("read the link", path, errno);
    target.resize(static_cast<std::size_t>(size));
    push(target);
    if (target.front() == '/') return start_anew();
    return {};
  }

  [[nodiscard]] Result<void> check() const {
    if (seen_.st_uid != 0 && seen_.st_uid != owner_.uid)
      return unsafe(path_, fmt::format("belongs to user id {}, neither to root nor to \"{}\"",
                                       seen_.st_uid, owner_.name));
    if (others_write(seen_, owner_))
      return unsafe(path_, fmt::format("may be written by others (mode {:04o})",
                                       static_cast<unsigned>(seen_.st_mode & 07777)));
    return {};
  }

  const OsUser& owner_;
  base::Fd here_;
  struct stat seen_ {};
  std::string path_;
  std::vector<std::string> ahead_;  ///< last one first
  int links_ = 0;
};

/// The folder at the end of the way: its owner's own, and nobody else writes there, sticky or not.
Result<void> check_last(const struct stat& seen, const std::string& path, const OsUser& owner) {
  if (seen.st_uid != owner.uid)
    return unsafe(path,
                  fmt::format("belongs to user id {}, not to \"{}\"", seen.st_uid, owner.name));
  if ((seen.st_mode & S_IWOTH) != 0 || others_write(seen, owner))
    return unsafe(path, fmt::format("may be written by others (mode {:04o})",
                                    static_cast<unsigned>(seen.st_mode & 07777)));
  return {};
}

bool is_temporary(const std::string& name) {
  return name.size() > temporary_prefix.size() && name.starts_with(temporary_prefix);
}

struct CloseFolder {
  void operator()(DIR* folder) const { ::closedir(folder); }
};

}  // namespace

const char* describe(FileKind kind) {
  switch (kind) {
    case FileKind::absent:
      return "does not exist";
    case FileKind::regular:
      return "is a regular file";
    case FileKind::folder:
      return "is a folder";
    case FileKind::link:
      return "is a symbolic link";
    case FileKind::fifo:
      return "is a FIFO";
    case FileKind::device:
      return "is a device";
    case FileKind::socket:
      return "is a socket";
  }
  return "is no regular file";
}

// ---- Replacement --------------------------------------------------------------------------------

Replacement::Replacement(int folder, std::string path, std::string name, std::string temporary,
                         base::Fd file)
    : folder_(folder),
      path_(std::move(path)),
      name_(std::move(name)),
      temporary_(std::move(temporary)),
      file_(std::move(file)) {}

Replacement::Replacement(Replacement&& other) noexcept
    : folder_(other.folder_),
      path_(std::move(other.path_)),
      name_(std::move(other.name_)),
      temporary_(std::exchange(other.temporary_, std::string())),
      file_(std::move(other.file_)) {}

Replacement::~Replacement() {
  if (!temporary_.empty()) ::unlinkat(folder_, temporary_.c_str(), 0);
}

Result<void> Replacement::write(std::string_view bytes) {
  auto written = base::write_all(file_.get(), bytes);
  if (written) return {};
  Error why = std::move(written).error();
  why.message = "could not write " + quoted(path_ + "/" + name_);
  return why;
}

Result<void> Replacement::settle() {
  if (::fsync(file_.get()) != 0) return failed("fsync", path_ + "/" + temporary_, errno);
  return {};
}

Result<void> Replacement::rename() {
  if (::renameat(folder_, temporary_.c_str(), folder_, name_.c_str()) != 0)
    return failed("rename a new file to", path_ + "/" + name_, errno);
  temporary_.clear();
  return {};
}

Result<void> Replacement::commit() && {
  TRY(settle());
  TRY(rename());
  if (::fsync(folder_) != 0) return failed("fsync", path_, errno);
  return {};
}

// ---- Folder -------------------------------------------------------------------------------------

Result<Folder> Folder::open(const std::string& path, const OsUser& owner) {
  Walk walk(owner);
  const base::Fd found = TRY(walk.go(path));
  TRY(check_last(walk.seen(), walk.path(), owner));
  // O_PATH cannot be listed or synced; "." of it is the very folder that was checked.
  base::Fd fd(::openat(found.get(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd.open()) return failed("open", path, errno);
  return Folder(std::move(fd), path, owner);
}

Result<std::optional<Folder>> Folder::enter(const std::string& name) const {
  TRY(check_component("a folder's name", name));
  const std::string path = path_of(name);
  const FileState state = TRY(look(name));
  if (!state.exists()) return std::optional<Folder>();
  if (state.kind != FileKind::folder) return unsafe(path, describe(state.kind));
  base::Fd fd(::openat(fd_.get(), name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (!fd.open()) return failed("open", path, errno);
  struct stat seen {};
  if (::fstat(fd.get(), &seen) != 0) return failed("look at", path, errno);
  TRY(check_last(seen, path, owner_));
  return std::optional<Folder>(Folder(std::move(fd), path, owner_));
}

Result<Folder> Folder::make_folder(const std::string& name, mode_t mode) const {
  auto there = TRY(enter(name));
  if (there) {
    TRY(sync());  // who made it may have been killed before it was durable
    return std::move(*there);
  }
  if (::mkdirat(fd_.get(), name.c_str(), 0700) != 0 && errno != EEXIST)
    return failed("make folder", path_of(name), errno);
  auto made = TRY(enter(name));
  if (!made) return failed("make folder", path_of(name), ENOENT);
  // The mode that mkdir sets is cut by the umask, this one is not.
  if (::fchmod(made->fd_.get(), mode) != 0) return failed("set the mode of", path_of(name), errno);
  TRY(sync());
  return std::move(*made);
}

Result<bool> Folder::admit(mode_t mode) const {
  struct stat seen {};
  if (::fstat(fd_.get(), &seen) != 0) return failed("look at", path_, errno);
  if ((seen.st_mode & mode) == mode) return false;
  if (::fchmod(fd_.get(), (seen.st_mode & 07777) | mode) != 0)
    return failed("set the mode of", path_, errno);
  TRY(sync());
  return true;
}

Result<FileState> Folder::look(const std::string& name) const {
  struct stat seen {};
  if (::fstatat(fd_.get(), name.c_str(), &seen, AT_SYMLINK_NOFOLLOW) == 0) return state_of(seen);
  if (errno == ENOENT) return FileState();
  return failed("look at", path_of(name), errno);
}

Result<std::string> Folder::read(const std::string& name, std::size_t limit) const {
  TRY(check_component("a file's name", name));
  const FileState state = TRY(look(name));
  if (!state.exists()) return failed("open", path_of(name), ENOENT);
  if (state.kind != FileKind::regular) return unsafe(path_of(name), describe(state.kind));
  const base::Fd file(
      ::openat(fd_.get(), name.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC));
  if (!file.open()) return failed("open", path_of(name), errno);
  struct stat seen {};
  if (::fstat(file.get(), &seen) != 0) return failed("look at", path_of(name), errno);
  if (!S_ISREG(seen.st_mode)) return unsafe(path_of(name), describe(kind_of(seen.st_mode)));
  auto bytes = base::read_all(file.get(), limit);
  if (!bytes)
    return std::move(bytes).error().during(fmt::format("reading {}", quoted(path_of(name))));
  return bytes;
}

Result<Replacement> Folder::stage(const std::string& name, const Ownership& ownership) const {
  TRY(check_component("a file's name", name));
  const std::string temporary = temporary_name(name);
  base::Fd file(::openat(fd_.get(), temporary.c_str(),
                         O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
  if (!file.open()) return failed("create", path_of(temporary), errno);
  Replacement made(fd_.get(), path_, name, temporary, std::move(file));
  struct stat seen {};
  if (::fstat(made.file_.get(), &seen) != 0) return failed("look at", path_of(temporary), errno);
  // An ordinary user may not even name its own ids to chown on every file system.
  if ((seen.st_uid != ownership.uid || seen.st_gid != ownership.gid) &&
      ::fchown(made.file_.get(), ownership.uid, ownership.gid) != 0)
    return failed("set the owner of", path_of(temporary), errno);
  if (::fchmod(made.file_.get(), ownership.mode) != 0)
    return failed("set the mode of", path_of(temporary), errno);
  return made;
}

Result<void> Folder::commit_in_order(std::vector<Replacement> replacements) const {
  for (Replacement& one : replacements) TRY(one.settle());
  for (Replacement& one : replacements) TRY(one.rename());
  return sync();
}

Result<void> Folder::move(const std::string& name, const Folder& to,
                          const std::string& new_name) const {
  TRY(check_component("a file's name", name));
  TRY(check_component("a file's name", new_name));
  if (TRY(to.look(new_name)).exists()) return failed("rename to", to.path_of(new_name), EEXIST);
  if (::renameat(fd_.get(), name.c_str(), to.fd_.get(), new_name.c_str()) != 0)
    return failed("rename", path_of(name), errno);
  TRY(to.sync());
  return sync();
}

Result<void> Folder::remove(const std::string& name) const {
  TRY(check_component("a file's name", name));
  if (::unlinkat(fd_.get(), name.c_str(), 0) != 0 && errno != ENOENT)
    return failed("remove", path_of(name), errno);
  return sync();
}

Result<std::vector<std::string>> Folder::list() const {
  base::Fd copy(::openat(fd_.get(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!copy.open()) return failed("open", path_, errno);
  const std::unique_ptr<DIR, CloseFolder> folder(::fdopendir(copy.get()));
  if (folder == nullptr) return failed("list", path_, errno);
  (void)copy.release();
  std::vector<std::string> names;
  while (const dirent* entry = ::readdir(folder.get())) {
    const std::string_view name = entry->d_name;
    if (name != "." && name != "..") names.emplace_back(name);
  }
  std::sort(names.begin(), names.end());
  return names;
}

Result<int> Folder::clean_leftovers() const {
  int removed = 0;
  for (const std::string& name : TRY(list())) {
    if (!is_temporary(name)) continue;
    const FileState state = TRY(look(name));
    if (state.kind == FileKind::folder) {
      const auto within = TRY(enter(name));
      if (!within) continue;
      for (const std::string& inner : TRY(within->list())) TRY(within->remove(inner));
      if (::unlinkat(fd_.get(), name.c_str(), AT_REMOVEDIR) != 0)
        return failed("remove", path_of(name), errno);
    } else {
      TRY(remove(name));
    }
    ++removed;
  }
  return removed;
}

std::string Folder::temporary_name(const std::string& name) {
  unsigned char random[8] = {};
  // The name need not be secret, only new: O_EXCL refuses one that is there.
  if (::getrandom(random, sizeof random, GRND_NONBLOCK) < 0) {
    const auto pid = ::getpid();
    memcpy(random, &pid, sizeof pid);
  }
  const std::string_view bytes(reinterpret_cast<const char*>(random), sizeof random);
  return fmt::format("{}{}.{}", temporary_prefix, name.substr(0, 200), base::hex(bytes));
}

Result<void> Folder::sync() const {
  if (::fsync(fd_.get()) != 0) return failed("fsync", path_, errno);
  return {};
}

std::string Folder::path_of(const std::string& name) const {
  return path_ == "/" ? "/" + name : path_ + "/" + name;
}

bool valid_component(std::string_view name) {
  if (name.empty() || name == "." || name == ".." || name.size() > 255) return false;
  return std::none_of(name.begin(), name.end(), [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte < 0x20 || byte == 0x7f || byte == '/';
  });
}

Result<void> check_component(std::string_view what, std::string_view name) {
  if (valid_component(name)) return {};
  return base::error(Code::file_unsafe, fmt::format("{} cannot be a file's name: \"{}\"", what,
                                                    base::printable_line(name)))
      .with_detail(
          "It is empty, \".\", \"..\", longer than 255 bytes, or has a slash or control character "
          "in it.");
}

}  // namespace host
