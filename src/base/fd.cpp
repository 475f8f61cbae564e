// SPDX-License-Identifier: PostgreSQL
#include "base/fd.h"

#include <errno.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <functional>
#include <memory>

namespace base {

void Fd::reset() {
  if (number_ >= 0) ::close(number_);
  number_ = -1;
}

Result<std::pair<Fd, Fd>> make_pipe() {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0)
    return system_error(Code::file_io, "could not create a pipe", errno);
  return std::pair<Fd, Fd>{Fd(ends[0]), Fd(ends[1])};
}

Result<std::string> read_all(int fd, std::size_t limit) {
  std::string bytes;
  struct stat status {};
  if (::fstat(fd, &status) == 0 && S_ISREG(status.st_mode) && status.st_size > 0)
    bytes.reserve(std::min(static_cast<std::size_t>(status.st_size), limit));
  char block[16384];
  for (;;) {
    const ssize_t got = ::read(fd, block, sizeof block);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return system_error(Code::file_io, "could not read", errno);
    if (got == 0) return bytes;
    bytes.append(block, static_cast<std::size_t>(got));
    if (bytes.size() > limit)
      return error(Code::file_io, fmt::format("cannot read more than {} bytes", limit));
  }
}

Result<void> write_all(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t put = ::write(fd, bytes.data(), bytes.size());
    if (put < 0 && errno == EINTR) continue;
    if (put < 0) return system_error(Code::file_io, "could not write", errno);
    bytes.remove_prefix(static_cast<std::size_t>(put));
  }
  return {};
}

Result<std::string> read_file(const std::string& path, std::size_t limit) {
  const Fd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file.open())
    return system_error(Code::file_io, fmt::format("could not open \"{}\"", path), errno);
  auto bytes = read_all(file.get(), limit);
  if (!bytes) return std::move(bytes).error().during(fmt::format("reading \"{}\"", path));
  return bytes;
}

namespace {

std::string folder_of(const std::string& path) {
  const auto slash = path.rfind('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

Result<void> fill_temporary(int fd, const std::string& path, std::string_view bytes,
                            unsigned mode) {
  if (::fchmod(fd, mode) != 0)
    return system_error(Code::file_io, fmt::format("could not set mode of \"{}\"", path), errno);
  auto written = write_all(fd, bytes);
  if (!written) return std::move(written).error().during(fmt::format("writing \"{}\"", path));
  if (::fsync(fd) != 0)
    return system_error(Code::file_io, fmt::format("could not fsync \"{}\"", path), errno);
  return {};
}

/// `fill` makes of the temporary file what `path` shall be.
Result<void> put_in_place(const std::string& path, const std::function<Result<void>(int)>& fill) {
  std::string temporary = path + ".XXXXXX";
  const Fd file(::mkostemp(temporary.data(), O_CLOEXEC));
  if (!file.open())
    return system_error(Code::file_io, fmt::format("could not create \"{}\"", temporary), errno);
  auto filled = fill(file.get());
  if (filled && ::rename(temporary.c_str(), path.c_str()) != 0)
    filled = system_error(Code::file_io, fmt::format("could not rename to \"{}\"", path), errno);
  if (!filled) {
    ::unlink(temporary.c_str());
    return filled;
  }
  const Fd folder(::open(folder_of(path).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!folder.open() || ::fsync(folder.get()) != 0)
    return system_error(Code::file_io, fmt::format("could not fsync the folder of \"{}\"", path),
                        errno);
  return {};
}

}  // namespace

Result<void> write_file_durably(const std::string& path, std::string_view bytes, unsigned mode) {
  return put_in_place(path, [&](int fd) { return fill_temporary(fd, path, bytes, mode); });
}

Result<void> rewrite_file_durably(const std::string& path, std::string_view before,
                                  std::string_view after) {
  const std::unique_ptr<char, decltype(&::free)> real(::realpath(path.c_str(), nullptr), &::free);
  if (real == nullptr)
    return system_error(Code::file_io, fmt::format("could not find \"{}\"", path), errno);
  const std::string target = real.get();
  return put_in_place(target, [&](int fd) -> Result<void> {
    const Fd file(::open(target.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
    struct stat seen {};
    if (!file.open() || ::fstat(file.get(), &seen) != 0)
      return system_error(Code::file_io, fmt::format("could not open \"{}\"", path), errno);
    if (!S_ISREG(seen.st_mode))
      return error(Code::file_changed, fmt::format("\"{}\" is no regular file", path));
    const auto now = read_all(file.get(), before.size() + 1);
    if (!now || *now != before)
      return error(Code::file_changed, fmt::format("\"{}\" is not what was read", path))
          .with_hint("Somebody else has written it meanwhile. Run the command again.");
    if (::fchown(fd, seen.st_uid, seen.st_gid) != 0)
      return system_error(Code::file_io, fmt::format("could not keep the owner of \"{}\"", path),
                          errno);
    return fill_temporary(fd, path, after, seen.st_mode & 07777U);
  });
}

void fill_standard_streams() {
  for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; ++fd)
    if (::fcntl(fd, F_GETFD) == -1)
      (void)::open("/dev/null", fd == STDERR_FILENO ? O_WRONLY : O_RDONLY);
}

}  // namespace base
