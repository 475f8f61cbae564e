// SPDX-License-Identifier: PostgreSQL
// A TCP connection whose every wait ends at one deadline: resolving, connecting, sending,
// receiving.
#pragma once

#include <chrono>
#include <cstddef>
#include <string>
#include <string_view>

#include "base/fd.h"
#include "base/result.h"

namespace probe {

using Deadline = std::chrono::steady_clock::time_point;

/// All errors are Code::server_probe.
class Connection {
 public:
  /// The first of the host's addresses that takes the connection; one that is silent takes no more
  /// than its share of the time from those after it.
  static base::Result<Connection> open(const std::string& host, int port, Deadline until);

  base::Result<void> send(std::string_view bytes);
  /// Up to `limit` bytes as soon as there are any; "" at the end of the stream.
  base::Result<std::string> receive(std::size_t limit);
  /// Whether bytes wait that nobody asked for.
  [[nodiscard]] bool more_waiting() const;

 private:
  Connection(base::Fd fd, Deadline until) : fd_(std::move(fd)), until_(until) {}
  base::Fd fd_;
  Deadline until_;
};

}  // namespace probe
