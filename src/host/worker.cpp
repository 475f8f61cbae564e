// SPDX-License-Identifier: PostgreSQL
#include "host/worker.h"

#include <errno.h>
#include <fmt/format.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <optional>

#include "host/fork_as.h"

namespace host {
namespace {

using base::Code;
using base::Result;
using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

constexpr std::uint64_t most_bytes = 64ULL << 20;
constexpr milliseconds ending_limit{500};

/// Before each message; both ends are the same program.
struct Header {
  std::uint64_t length = 0;
  std::uint64_t seconds = 0;  ///< of a question: how long its answer may take
};

/// True: something to read, or the end. A null deadline waits for ever.
bool wait_until(int socket, std::optional<Clock::time_point> end) {
  for (;;) {
    int left = -1;
    if (end) {
      const auto rest = std::chrono::ceil<milliseconds>(*end - Clock::now()).count();
      left = static_cast<int>(std::max<milliseconds::rep>(0, rest));
    }
    pollfd waiting{socket, POLLIN, 0};
    const int ready = ::poll(&waiting, 1, left);
    if (ready > 0) return true;
    if (ready == 0 || errno != EINTR) return false;
  }
}

bool send_all(int socket, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = ::send(socket, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent < 0 && errno == EINTR) continue;
    if (sent < 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
  return true;
}

bool send_message(int socket, std::string_view bytes, std::chrono::seconds limit) {
  const Header header{bytes.size(), static_cast<std::uint64_t>(limit.count())};
  return send_all(socket, {reinterpret_cast<const char*>(&header), sizeof header}) &&
         send_all(socket, bytes);
}

/// Exactly `length` bytes; false at the end, after an error and where `end` came first.
bool receive_all(int socket, char* bytes, std::size_t length,
                 std::optional<Clock::time_point> end) {
  while (length > 0) {
    if (!wait_until(socket, end)) return false;
    const ssize_t got = ::recv(socket, bytes, length, 0);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return false;
    bytes += got;
    length -= static_cast<std::size_t>(got);
  }
  return true;
}

bool receive_message(int socket, Header& header, std::string& bytes,
                     std::optional<Clock::time_point> end) {
  if (!receive_all(socket, reinterpret_cast<char*>(&header), sizeof header, end)) return false;
  if (header.length > most_bytes) return false;
  bytes.resize(static_cast<std::size_t>(header.length));
  return receive_all(socket, bytes.data(), bytes.size(), end);
}

void wipe(std::string& bytes) { ::explicit_bzero(bytes.data(), bytes.size()); }

// ---- in the child -------------------------------------------------------------------------------

bool serve(Worker::Duty& duty, milliseconds idle, const Result<void>& became) {
  Header header;
  std::string bytes;
  for (;;) {
    if (!wait_until(kept_fd, Clock::now() + idle)) duty.rest();
    if (!receive_message(kept_fd, header, bytes, std::nullopt)) {
      duty.rest();
      return true;
    }
    ::alarm(static_cast<unsigned>(header.seconds) + 1);
    auto outcome = became ? duty.answer(bytes) : Result<std::string>(became.error());
    std::string packed = pack_outcome(outcome);
    const bool sent = send_message(kept_fd, packed, std::chrono::seconds(0));
    ::alarm(0);
    wipe(packed);
    wipe(bytes);
    if (outcome) wipe(*outcome);
    if (!sent) return false;
  }
}

}  // namespace

Result<std::unique_ptr<Worker>> Worker::start(const OsUser& user, milliseconds idle, Duty& duty) {
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0)
    return base::system_error(Code::file_io, "could not create a socket", errno);
  base::Fd ours(ends[0]);
  const base::Fd theirs(ends[1]);
  const pid_t child = TRY(fork_as(
      user, theirs.get(), [&](const Result<void>& became) { return serve(duty, idle, became); }));
  return std::unique_ptr<Worker>(new Worker(user, std::move(ours), child));
}

Worker::~Worker() {
  if (!over()) end(false);
}

void Worker::end(bool at_once) {
  ::shutdown(socket_.get(), SHUT_WR);
  // Its own end closes when it exits: that can be waited for, and a child alone cannot.
  if (at_once || !wait_until(socket_.get(), Clock::now() + ending_limit)) ::kill(child_, SIGKILL);
  socket_.reset();
  reap(child_);
}

Result<std::string> Worker::ask(const std::string& question, std::chrono::seconds deadline) {
  if (over()) return base::error(Code::internal, "a child that is over was asked");
  const Clock::time_point end_of_patience = Clock::now() + deadline;
  Header header;
  std::string packed;
  if (send_message(socket_.get(), question, deadline) &&
      receive_message(socket_.get(), header, packed, end_of_patience)) {
    auto outcome = unpack_outcome(packed);
    wipe(packed);
    return outcome;
  }
  const bool late = Clock::now() >= end_of_patience;
  end(true);
  if (!late)
    return base::error(Code::file_io, fmt::format("the child working as user \"{}\" died without "
                                                  "an answer",
                                                  user_.name));
  return base::error(Code::file_io, fmt::format("work as user \"{}\" took longer than {} s",
                                                user_.name, deadline.count()))
      .with_detail("A home on a network file system whose server is away does this.");
}

}  // namespace host
