// SPDX-License-Identifier: PostgreSQL
// The controller's only connection to a server: one that a libpq connection string names, in one
// read-only transaction. What it answers is foreign, and no more of it is taken than a real server
// sends.
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"
#include "server/sql.h"
#include "survey/cluster.h"

namespace survey {

/// How long and how much.
struct Limits {
  std::chrono::milliseconds connect{10000};  ///< for each host that the string names
  std::chrono::milliseconds answer{15000};   ///< for all questions together
  std::size_t rows = 10000;                  ///< of each list
  std::size_t bytes = 64UL * 1024 * 1024;    ///< of everything that the server sends
};

/// A connection string, and the option that it came by, which messages name.
struct Dsn {
  std::string text;
  std::string option;
};

/// Whether `dsn` is one for the command line: well-formed, and without a password, because every
/// user of the machine sees the arguments of its processes. The error (usage) repeats nothing of
/// it. Error server_library where there is no libpq to ask for its keywords.
base::Result<void> check_dsn(const Dsn& dsn);

class Conversation {
 public:
  /// Connects as libpq does, with the environment, services and password files of who calls, and
  /// begins the transaction. `dsn` must have passed check_dsn. A connection attempt may take longer
  /// than its limit by as long as name resolution does, which has no deadline of its own.
  /// Errors: server_connection; server_version, older than any that pgseal knows; server_query for
  /// what else it refuses.
  static base::Result<Conversation> open(const Dsn& dsn, const Limits& limits);

  Conversation(Conversation&& other) noexcept;
  Conversation& operator=(Conversation&& other) noexcept;
  Conversation(const Conversation&) = delete;
  Conversation& operator=(const Conversation&) = delete;
  ~Conversation();

  /// Rows of `width` columns, at most one more than the limit: who asks for a list asks for one row
  /// more than he takes. Error server_query.
  base::Result<server::Rows> ask(const std::string& sql, std::size_t width);
  /// Error server_query where it is not one row.
  base::Result<server::Row> one(const std::string& sql, std::size_t width);

  /// How the server was reached, by libpq's word.
  [[nodiscard]] Reached reached() const;
  /// server_version_num, 150020.
  [[nodiscard]] int version() const;
  [[nodiscard]] const Limits& limits() const;

 private:
  class Link;
  explicit Conversation(std::unique_ptr<Link> link);
  std::unique_ptr<Link> link_;
};

/// What a column holds, "" where it is null.
std::string text_of(const server::Field& field);
bool is_true(const server::Field& field);
/// 0 where it is no number.
std::uint64_t number_of(const server::Field& field);

}  // namespace survey
