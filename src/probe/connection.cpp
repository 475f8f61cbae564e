// SPDX-License-Identifier: PostgreSQL
#include "probe/connection.h"

#include <errno.h>
#include <fmt/format.h>
#include <netdb.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

namespace probe {
namespace {

using base::Code;
using base::Fd;
using base::Result;
using std::chrono::milliseconds;
using std::chrono::steady_clock;

base::Error failed(std::string message, int errno_value) {
  return base::system_error(Code::server_probe, std::move(message), errno_value);
}

Result<void> wait_for(int fd, short events, Deadline until) {
  for (;;) {
    const auto left = std::chrono::ceil<milliseconds>(until - steady_clock::now()).count();
    if (left <= 0) return base::error(Code::server_probe, "no answer in time");
    struct pollfd waiting = {fd, events, 0};
    const int ready = ::poll(&waiting, 1, static_cast<int>(left));
    if (ready > 0) return {};
    if (ready < 0 && errno != EINTR) return failed("could not wait", errno);
  }
}

// ---- names --------------------------------------------------------------------------------------

struct Address {
  int family = 0;
  sockaddr_storage bytes{};
  socklen_t length = 0;
};

struct Resolved {
  int status = EAI_AGAIN;
  std::vector<Address> addresses;
};

Resolved resolve_now(const std::string& host, int port, int flags) {
  struct addrinfo hints {};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = flags | AI_NUMERICSERV;
  struct addrinfo* list = nullptr;
  Resolved resolved;
  resolved.status = ::getaddrinfo(host.c_str(), fmt::to_string(port).c_str(), &hints, &list);
  if (resolved.status != 0) return resolved;
  for (const struct addrinfo* each = list; each != nullptr; each = each->ai_next) {
    Address address;
    address.family = each->ai_family;
    address.length = std::min<socklen_t>(each->ai_addrlen, sizeof address.bytes);
    std::copy_n(reinterpret_cast<const char*>(each->ai_addr), address.length,
                reinterpret_cast<char*>(&address.bytes));
    resolved.addresses.push_back(address);
  }
  ::freeaddrinfo(list);
  return resolved;
}

struct Waiting {
  std::mutex mutex;
  std::condition_variable done;
  std::optional<Resolved> resolved;
};

// getaddrinfo(3) knows no deadline, and resolv.conf(5) may hold it for half a minute. It asks in a
// thread of its own that keeps what it touches alive, and is left behind when it is too slow.
Resolved resolve_in_time(const std::string& host, int port, Deadline until) {
  const auto waiting = std::make_shared<Waiting>();
  std::thread([waiting, host, port] {
    Resolved resolved = resolve_now(host, port, AI_ADDRCONFIG);
    const std::lock_guard lock(waiting->mutex);
    waiting->resolved = std::move(resolved);
    waiting->done.notify_all();
  }).detach();
  std::unique_lock lock(waiting->mutex);
  waiting->done.wait_until(lock, until, [&] { return waiting->resolved.has_value(); });
  return waiting->resolved ? std::move(*waiting->resolved) : Resolved{};
}

Result<std::vector<Address>> resolve(const std::string& host, int port, Deadline until) {
  Resolved resolved = resolve_now(host, port, AI_NUMERICHOST);  // asks nobody
  if (resolved.status == EAI_NONAME) resolved = resolve_in_time(host, port, until);
  if (resolved.status == 0 && !resolved.addresses.empty()) return std::move(resolved.addresses);
  return base::error(Code::server_probe, fmt::format("could not resolve \"{}\"", host))
      .with_detail(fmt::format("{}.", ::gai_strerror(resolved.status)));
}

// ---- connecting ---------------------------------------------------------------------------------

Result<Fd> connect_to(const Address& address, Deadline until) {
  Fd fd(::socket(address.family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!fd.open()) return failed("could not create a socket", errno);
  const auto* peer = reinterpret_cast<const sockaddr*>(&address.bytes);
  if (::connect(fd.get(), peer, address.length) == 0) return fd;
  if (errno != EINPROGRESS) return failed("could not connect", errno);
  TRY(wait_for(fd.get(), POLLOUT, until));
  int status = 0;
  socklen_t size = sizeof status;
  if (::getsockopt(fd.get(), SOL_SOCKET, SO_ERROR, &status, &size) != 0) status = errno;
  if (status != 0) return failed("could not connect", status);
  return fd;
}

}  // namespace

Result<Connection> Connection::open(const std::string& host, int port, Deadline until) {
  const std::vector<Address> addresses = TRY(resolve(host, port, until));
  base::Error last = base::error(Code::server_probe, "could not connect");
  for (std::size_t index = 0; index < addresses.size(); ++index) {
    const auto now = steady_clock::now();
    const auto share = (until - now) / static_cast<int>(addresses.size() - index);
    auto fd = connect_to(addresses[index], std::min(until, now + share));
    if (fd) return Connection(std::move(fd).value(), until);
    last = std::move(fd).error();
  }
  return last;
}

Result<void> Connection::send(std::string_view bytes) {
  while (!bytes.empty()) {
    // MSG_NOSIGNAL: a peer that is gone is an error here and no SIGPIPE.
    const ssize_t sent = ::send(fd_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent >= 0) {
      bytes.remove_prefix(static_cast<std::size_t>(sent));
    } else if (errno == EAGAIN) {
      TRY(wait_for(fd_.get(), POLLOUT, until_));
    } else if (errno != EINTR) {
      return failed("could not send", errno);
    }
  }
  return {};
}

Result<std::string> Connection::receive(std::size_t limit) {
  std::string bytes(limit, '\0');
  for (;;) {
    // Before every look, so that a peer that always has something to say ends in time as well.
    TRY(wait_for(fd_.get(), POLLIN, until_));
    const ssize_t received = ::recv(fd_.get(), bytes.data(), bytes.size(), 0);
    if (received >= 0) {
      bytes.resize(static_cast<std::size_t>(received));
      return bytes;
    }
    if (errno != EAGAIN && errno != EINTR) return failed("could not receive", errno);
  }
}

bool Connection::more_waiting() const {
  char byte = 0;
  return ::recv(fd_.get(), &byte, 1, MSG_PEEK | MSG_DONTWAIT) > 0;
}

}  // namespace probe
