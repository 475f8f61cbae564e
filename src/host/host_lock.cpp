// SPDX-License-Identifier: PostgreSQL
#include "host/host_lock.h"

#include <errno.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/text.h"
#include "host/folder.h"

namespace host {

using base::Code;
using base::Result;

namespace {

constexpr std::size_t holder_bytes = 4096;

Result<void> check_folder(const std::string& path) {
  const auto slash = path.rfind('/');
  TRY(Folder::open(slash == 0 ? "/" : path.substr(0, slash), root_user()));
  return {};
}

/// The text is for people; a stale one is nobody's harm, the lock itself went with its holder.
Result<void> name_holder(int fd, base::Time at) {
  const std::string holder =
      fmt::format("process {} since {}\n", ::getpid(), base::format_time(at));
  if (::ftruncate(fd, 0) != 0 || ::lseek(fd, 0, SEEK_SET) != 0)
    return base::system_error(Code::file_io, "could not write the lock file", errno);
  return base::write_all(fd, holder);
}

}  // namespace

Result<HostLock> HostLock::take(const std::string& path, base::Time at) {
  TRY(check_folder(path));
  base::Fd file(::open(path.c_str(), O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0644));
  if (!file.open())
    return base::system_error(Code::file_io, fmt::format("could not open \"{}\"", path), errno);
  struct stat seen {};
  if (::fstat(file.get(), &seen) != 0 || !S_ISREG(seen.st_mode) || seen.st_uid != 0)
    return base::error(Code::file_unsafe, fmt::format("\"{}\" is no regular file of root", path));
  if (::flock(file.get(), LOCK_EX | LOCK_NB) == 0) {
    TRY(name_holder(file.get(), at));
    return HostLock(std::move(file));
  }
  if (errno != EWOULDBLOCK)
    return base::system_error(Code::file_io, fmt::format("could not lock \"{}\"", path), errno);
  auto holder = base::read_all(file.get(), holder_bytes);
  return base::error(Code::host_locked, "another pgseal-node is at work on this host")
      .with_detail(holder && !holder->empty()
                       ? fmt::format("It is {}.", base::printable_line(base::trim(*holder)))
                       : "It has not said yet which process it is.")
      .with_hint("Wait until it has ended; an interrupted one finishes its act first.");
}

}  // namespace host
