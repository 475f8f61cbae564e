// SPDX-License-Identifier: PostgreSQL
// Frames over two file descriptors: a magic line after any noise (login banners, a chatty .bashrc),
// then messages as `u32 big-endian length + JSON`. The peer is not trusted: every length is checked
// before memory is taken, every wait has a deadline.
//
// The namespace of this folder is `links`: <unistd.h> has a function named `link`.
#pragma once

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace links {

using Deadline = std::chrono::steady_clock::time_point;
inline constexpr Deadline no_deadline = Deadline::max();
/// The moment `span` from now.
Deadline after(std::chrono::milliseconds span);

inline constexpr std::string_view magic = "PGSEAL-NODE/1";  ///< a line of its own
inline constexpr std::size_t noise_limit = std::size_t{64} << 10;
inline constexpr std::size_t frame_limit = std::size_t{16} << 20;
inline constexpr std::size_t side_limit = std::size_t{64} << 10;
inline constexpr int depth_limit = 16;

/// Errors of what waits: link_lost (the peer is gone), link_timeout (the deadline passed). What
/// reads may also give protocol_garbage (not ours, not UTF-8, nested too deeply),
/// protocol_truncated (an end within a frame) and protocol_too_long.
class Channel {
 public:
  /// Owns none of the descriptors and makes all of them non-blocking. What arrives at `side` (a
  /// child's standard error) is read whenever this object waits, so that its writer never blocks;
  /// the first 64 KiB are kept. -1: there is none.
  Channel(int in, int out, int side = -1);

  /// Before the magic: the next line without its newline; null once the magic was read. More than
  /// 64 KiB of them is protocol_garbage.
  base::Result<std::optional<std::string>> preface_line(Deadline until);
  /// Passes over noise to the end of the magic line.
  base::Result<void> skip_to_magic(Deadline until);
  /// All lines of noise so far.
  [[nodiscard]] const std::string& noise() const { return noise_; }

  /// Everything to the end, for a program that does not speak frames; past 64 KiB it is
  /// protocol_too_long.
  base::Result<std::string> read_to_end(Deadline until);

  /// The next frame's text, UTF-8 and not too deep; null where the peer ended between two frames.
  base::Result<std::optional<std::string>> receive(Deadline until);
  /// One frame. Does not raise SIGPIPE.
  base::Result<void> send(std::string_view text, Deadline until);
  /// Bytes as they are.
  base::Result<void> send_bytes(std::string_view bytes, Deadline until);

  /// What came at `side`, as far as it was kept, after reading what is there by now.
  const std::string& side_text();

 private:
  base::Result<bool> fill(Deadline until);
  base::Result<void> wait(int fd, short events, Deadline until);
  void read_side();

  int in_;
  int out_;
  int side_;
  std::string buffer_;
  std::string noise_;
  std::string side_text_;
};

/// UTF-8 whose brackets outside of strings nest at most `depth_limit` deep; else protocol_garbage.
base::Result<void> check_text(std::string_view text);

}  // namespace links
