// SPDX-License-Identifier: PostgreSQL
#include "ledger/state_folder.h"

#include <errno.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/text.h"
#include "ledger/filesystem.h"

namespace ledger {
namespace {

using base::Code;

constexpr std::size_t holder_limit = 4096;

Code code_of(int errno_value) {
  switch (errno_value) {
    case EROFS:
    case EACCES:
    case EPERM:
      return Code::ledger_read_only;
    case ENOSPC:
    case EDQUOT:
      return Code::ledger_full;
    default:
      return Code::ledger_open;
  }
}

base::Error refused(const std::string& path, const char* why, const char* hint) {
  return base::error(Code::ledger_open, fmt::format("\"{}\" {}", path, why)).with_hint(hint);
}

std::string read_holder(int fd) {
  char text[holder_limit];
  const ssize_t count = ::pread(fd, text, sizeof text, 0);
  const std::string_view words(text, count > 0 ? static_cast<std::size_t>(count) : 0);
  const std::string holder = base::printable_line(base::trim(words));
  return holder.empty() ? "Its holder has not written down who it is." : holder;
}

}  // namespace

std::string ledger_path(const std::string& folder) { return folder + "/ledger.sqlite"; }

base::Result<void> prepare_folder(const std::string& folder) {
  const bool made = ::mkdir(folder.c_str(), 0700) == 0;
  if (!made && errno != EEXIST)
    return base::system_error(code_of(errno), fmt::format("could not create folder \"{}\"", folder),
                              errno);
  const base::Fd opened(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  struct stat status {};
  if (!opened.open() || ::fstat(opened.get(), &status) != 0)
    return base::system_error(Code::ledger_open,
                              fmt::format("could not open folder \"{}\"", folder), errno);
  if (status.st_uid != ::geteuid())
    return refused(folder, "belongs to another user", "The state folder is pgseal's own.");
  // Before anything is changed there; what was made for nothing goes again.
  if (auto local = refuse_network_filesystem(folder); !local) {
    if (made) ::rmdir(folder.c_str());
    return local;
  }
  if (::fchmod(opened.get(), 0700) != 0)
    return base::system_error(code_of(errno), fmt::format("could not set mode of \"{}\"", folder),
                              errno);
  return {};
}

base::Result<void> check_folder(const std::string& folder) {
  struct stat status {};
  const std::string path = ledger_path(folder);
  if (::lstat(folder.c_str(), &status) != 0) {
    const int why = errno;
    if (why != ENOENT && why != ENOTDIR)
      return base::system_error(Code::ledger_open, fmt::format("could not look at \"{}\"", folder),
                                why);
    return base::error(Code::ledger_missing, fmt::format("there is no ledger in \"{}\"", folder))
        .with_detail("The folder does not exist.")
        .with_hint("The first pgseal apply makes it.");
  }
  if (!S_ISDIR(status.st_mode)) return refused(folder, "is not a folder", "");
  if ((status.st_mode & 0022) != 0)
    return refused(folder, "can be written by others", "The state folder has mode 0700.");
  if (::lstat(path.c_str(), &status) != 0) {
    if (errno == ENOENT)
      return base::error(Code::ledger_missing, fmt::format("there is no ledger in \"{}\"", folder));
    return base::system_error(Code::ledger_open, fmt::format("could not look at \"{}\"", path),
                              errno);
  }
  if (!S_ISREG(status.st_mode)) return refused(path, "is not a regular file", "");
  return refuse_network_filesystem(folder);
}

base::Result<base::Fd> take_lock(const std::string& folder, const std::string& holder_text) {
  const std::string path = folder + "/lock";
  base::Fd lock(::open(path.c_str(), O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600));
  if (!lock.open())
    return base::system_error(code_of(errno), fmt::format("could not open \"{}\"", path), errno);
  if (::flock(lock.get(), LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK)
      return base::system_error(Code::ledger_open, fmt::format("could not lock \"{}\"", path),
                                errno);
    return base::error(Code::locked, "another pgseal holds the ledger")
        .with_detail(read_holder(lock.get()))
        .with_hint("Wait for it to end; what it leaves undone the next apply does.");
  }
  // The text is for people; without it the lock holds as well. A disk without room for a line has
  // none for the ledger.
  const std::string text = holder_text + "\n";
  if (::ftruncate(lock.get(), 0) == 0 &&
      ::pwrite(lock.get(), text.data(), text.size(), 0) != static_cast<ssize_t>(text.size()))
    return base::system_error(code_of(errno), fmt::format("could not write \"{}\"", path), errno);
  return lock;
}

base::Result<void> sync_folder(const std::string& folder) {
  const base::Fd opened(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!opened.open() || ::fsync(opened.get()) != 0)
    return base::system_error(Code::ledger_open, fmt::format("could not fsync \"{}\"", folder),
                              errno);
  return {};
}

}  // namespace ledger
