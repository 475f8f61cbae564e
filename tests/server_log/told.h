// SPDX-License-Identifier: PostgreSQL
// A log as a text in, what it tells as a text out.
#pragma once

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <string>

#include "server_log/reader.h"

namespace logs {

/// Gives a text in parts of at most `part` bytes, as a pipe would.
inline server_log::Read reading(std::string_view text, std::size_t part = std::string::npos) {
  return [text, part](char* to, std::size_t room) mutable -> base::Result<std::size_t> {
    const std::size_t length = std::min({room, text.size(), part});
    std::memcpy(to, text.data(), length);
    text.remove_prefix(length);
    return length;
  };
}

/// All but how it authenticated.
inline std::string text_of(const server_log::Connection& each) {
  constexpr const char* endings[] = {"authorized", "failed", "failed at start", "abandoned"};
  constexpr const char* encryptions[] = {"plain", "tls", "gss"};
  return fmt::format("{} {}@{} {} {} [{}]{}", endings[static_cast<int>(each.ending)], each.user,
                     each.database, each.host, encryptions[static_cast<int>(each.encryption)],
                     each.application, each.replication ? " replication" : "");
}

inline std::string line_of(const server_log::Connection& each) {
  std::string made = text_of(each);
  if (each.authentication)
    made +=
        fmt::format(" <{}> {} {}:{}", each.authentication->identity, each.authentication->method,
                    each.authentication->file, each.authentication->line);
  return made + "\n";
}

/// A line a connection, in the order in which they are given; or the error.
inline std::string told(std::string_view log, const std::string& prefix = "",
                        server_log::Summary* summary = nullptr) {
  std::string made;
  const auto read = server_log::read_connections(
      reading(log), {"log", prefix},
      [&](const server_log::Connection& each) { made += line_of(each); });
  if (!read) return read.error().message;
  if (summary != nullptr) *summary = *read;
  return made;
}

}  // namespace logs
