// SPDX-License-Identifier: PostgreSQL
// Owner of a file descriptor. Whoever makes one asks for close-on-exec at its birth.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

#include "base/result.h"

namespace base {

class Fd {
 public:
  Fd() = default;
  explicit Fd(int number) : number_(number) {}
  Fd(const Fd&) = delete;
  Fd& operator=(const Fd&) = delete;
  Fd(Fd&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
  Fd& operator=(Fd&& other) noexcept {
    if (this != &other) {
      reset();
      number_ = std::exchange(other.number_, -1);
    }
    return *this;
  }
  ~Fd() { reset(); }

  [[nodiscard]] int get() const { return number_; }
  [[nodiscard]] bool open() const { return number_ >= 0; }
  int release() { return std::exchange(number_, -1); }
  void reset();

 private:
  int number_ = -1;
};

/// Both ends of a pipe, close-on-exec: {read, write}.
Result<std::pair<Fd, Fd>> make_pipe();

/// Reads to the end, at most `limit` bytes; more is an error (file_io).
Result<std::string> read_all(int fd, std::size_t limit);

/// Writes everything or gives the error (file_io); repeats after EINTR and short writes.
Result<void> write_all(int fd, std::string_view bytes);

/// A whole file of the controller's own, at most `limit` bytes.
Result<std::string> read_file(const std::string& path, std::size_t limit);

/// Replaces or makes `path` durably: temporary file with `mode`, fsync, rename, fsync of the
/// folder.
Result<void> write_file_durably(const std::string& path, std::string_view bytes, unsigned mode);

/// Replaces a file whose text is known to be `before`, as write_file_durably does: owner, group and
/// mode stay; a symbolic link stays, and what it names is replaced. Errors: file_io; file_changed
/// where the file is no regular one, or holds something else by now.
Result<void> rewrite_file_durably(const std::string& path, std::string_view before,
                                  std::string_view after);

/// For the beginning of main. A ledger or a link that got the number of a closed standard stream
/// would be printed into; what reads or writes that stream meets end of file or EBADF instead.
void fill_standard_streams();

}  // namespace base
