// SPDX-License-Identifier: PostgreSQL
#include "link/frame.h"

#include <errno.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <signal.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>

#include "base/text.h"

namespace links {
namespace {

using base::Code;
using base::Result;

void make_non_blocking(int fd) {
  if (fd < 0) return;
  const int flags = ::fcntl(fd, F_GETFL);
  if (flags >= 0 && (flags & O_NONBLOCK) == 0) ::fcntl(fd, F_SETFL, flags | O_NONBLOCK);
}

/// Milliseconds for poll: -1 without a deadline, 0 once it has passed, rounded up in between so
/// that no loop spins through the last millisecond.
int remaining(Deadline until) {
  if (until == no_deadline) return -1;
  const auto left = until - std::chrono::steady_clock::now();
  if (left <= left.zero()) return 0;
  const auto rest = std::chrono::ceil<std::chrono::milliseconds>(left).count();
  return static_cast<int>(std::min<std::int64_t>(rest, 3'600'000));
}

/// A pipe has no MSG_NOSIGNAL: SIGPIPE is held back for this thread while it writes, and the one
/// that the write itself caused is taken away again.
class SigpipeHeld {
 public:
  SigpipeHeld() {
    sigset_t pending;
    ::sigpending(&pending);
    was_pending_ = ::sigismember(&pending, SIGPIPE) == 1;
    ::sigemptyset(&set_);
    ::sigaddset(&set_, SIGPIPE);
    ::pthread_sigmask(SIG_BLOCK, &set_, &former_);
  }
  SigpipeHeld(const SigpipeHeld&) = delete;
  SigpipeHeld& operator=(const SigpipeHeld&) = delete;
  ~SigpipeHeld() {
    const struct timespec at_once = {0, 0};
    if (!was_pending_)
      while (::sigtimedwait(&set_, nullptr, &at_once) < 0 && errno == EINTR) {
      }
    ::pthread_sigmask(SIG_SETMASK, &former_, nullptr);
  }

 private:
  sigset_t set_;
  sigset_t former_;
  bool was_pending_ = false;
};

bool would_block(int errno_value) { return errno_value == EAGAIN || errno_value == EWOULDBLOCK; }

std::uint32_t frame_length(std::string_view head) {
  std::uint32_t length = 0;
  for (const char c : head.substr(0, 4)) length = (length << 8) | static_cast<unsigned char>(c);
  return length;
}

base::Error garbage(std::string message, std::string_view seen) {
  auto made = base::error(Code::protocol_garbage, std::move(message));
  return seen.empty() ? made : std::move(made).with_detail(std::string(seen.substr(0, 512)));
}

}  // namespace

Deadline after(std::chrono::milliseconds span) { return std::chrono::steady_clock::now() + span; }

Channel::Channel(int in, int out, int side) : in_(in), out_(out), side_(side) {
  make_non_blocking(in_);
  make_non_blocking(out_);
  make_non_blocking(side_);
}

void Channel::read_side() {
  char block[4096];
  while (side_ >= 0) {
    const ssize_t got = ::read(side_, block, sizeof block);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0 && would_block(errno)) return;
    if (got <= 0)
      side_ = -1;
    else
      side_text_.append(block,
                        std::min(static_cast<std::size_t>(got), side_limit - side_text_.size()));
  }
}

const std::string& Channel::side_text() {
  read_side();
  return side_text_;
}

Result<void> Channel::wait(int fd, short events, Deadline until) {
  for (;;) {
    struct pollfd watched[2] = {{fd, events, 0}, {side_, POLLIN, 0}};  // poll passes over fd -1
    const int ready = ::poll(watched, 2, remaining(until));
    if (ready < 0 && errno != EINTR)
      return base::system_error(Code::link_lost, "could not wait for the other side", errno);
    if (ready > 0 && watched[1].revents != 0) read_side();
    if (ready > 0 && watched[0].revents != 0) return {};
    if (until != no_deadline && std::chrono::steady_clock::now() >= until)
      return base::error(Code::link_timeout, "the other side did not answer in time");
  }
}

/// False at the end of the input.
Result<bool> Channel::fill(Deadline until) {
  char block[65536];
  for (;;) {
    const ssize_t got = ::read(in_, block, sizeof block);
    if (got > 0) {
      buffer_.append(block, static_cast<std::size_t>(got));
      return true;
    }
    if (got == 0) return false;
    if (would_block(errno))
      TRY(wait(in_, POLLIN, until));
    else if (errno == ECONNRESET || errno == EPIPE)
      return false;
    else if (errno != EINTR)
      return base::system_error(Code::link_lost, "could not read from the other side", errno);
  }
}

Result<std::optional<std::string>> Channel::preface_line(Deadline until) {
  for (;;) {
    const auto newline = buffer_.find('\n');
    if (newline != std::string::npos && noise_.size() + newline <= noise_limit) {
      std::string line = buffer_.substr(0, newline);
      buffer_.erase(0, newline + 1);
      // Noise may lack its last newline, so the magic is looked for at the end of a line.
      if (line.ends_with(magic)) {
        noise_.append(line, 0, line.size() - magic.size());
        return std::optional<std::string>();
      }
      noise_.append(line).append("\n");
      return std::optional<std::string>(std::move(line));
    }
    if (noise_.size() + std::min(buffer_.size(), newline) > noise_limit)
      return garbage("the other side is not pgseal-node: too much text before its first word",
                     noise_.empty() ? buffer_ : noise_);
    if (!TRY(fill(until))) {
      noise_.append(buffer_);
      buffer_.clear();
      return base::error(Code::link_lost, "the other side ended before its first word");
    }
  }
}

Result<void> Channel::skip_to_magic(Deadline until) {
  while (TRY(preface_line(until))) {
  }
  return {};
}

Result<std::string> Channel::read_to_end(Deadline until) {
  while (TRY(fill(until)))
    if (buffer_.size() > noise_limit)
      return base::error(Code::protocol_too_long, "a program's output is longer than expected");
  return std::exchange(buffer_, {});
}

Result<std::optional<std::string>> Channel::receive(Deadline until) {
  for (;;) {
    if (buffer_.size() >= 4) {
      const std::size_t length = frame_length(buffer_);
      if (length > frame_limit)
        return base::error(Code::protocol_too_long,
                           fmt::format("a message of {} bytes is longer than allowed", length));
      if (buffer_.size() >= 4 + length) {
        std::string text = buffer_.substr(4, length);
        buffer_.erase(0, 4 + length);
        TRY(check_text(text));
        return std::optional<std::string>(std::move(text));
      }
    }
    if (!TRY(fill(until))) {
      if (buffer_.empty()) return std::optional<std::string>();
      return base::error(Code::protocol_truncated, "a message ended early");
    }
  }
}

Result<void> Channel::send(std::string_view text, Deadline until) {
  if (text.size() > frame_limit)
    return base::error(Code::protocol_too_long,
                       fmt::format("a message of {} bytes is longer than allowed", text.size()));
  std::string frame;
  frame.reserve(4 + text.size());
  for (int shift = 24; shift >= 0; shift -= 8)
    frame += static_cast<char>((text.size() >> shift) & 0xff);
  frame += text;
  return send_bytes(frame, until);
}

Result<void> Channel::send_bytes(std::string_view bytes, Deadline until) {
  const SigpipeHeld held;
  while (!bytes.empty()) {
    const ssize_t put = ::write(out_, bytes.data(), bytes.size());
    if (put > 0)
      bytes.remove_prefix(static_cast<std::size_t>(put));
    else if (put < 0 && would_block(errno))
      TRY(wait(out_, POLLOUT, until));
    else if (put < 0 && errno != EINTR)
      return base::system_error(Code::link_lost, "the other side is gone", errno);
  }
  return {};
}

Result<void> check_text(std::string_view text) {
  if (!base::valid_utf8(text)) return garbage("a message is not UTF-8", "");
  int depth = 0;
  bool in_string = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (in_string) {
      if (c == '\\')
        ++i;
      else if (c == '"')
        in_string = false;
    } else if (c == '"') {
      in_string = true;
    } else if (c == '[' || c == '{') {
      if (++depth > depth_limit) return garbage("a message is nested too deeply", "");
    } else if (c == ']' || c == '}') {
      --depth;
    }
  }
  return {};
}

}  // namespace links
