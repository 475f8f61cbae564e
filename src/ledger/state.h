// SPDX-License-Identifier: PostgreSQL
// What a Ledger is made of; for the files that hold its methods.
#pragma once

#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "base/fd.h"
#include "ledger/database.h"
#include "ledger/ledger.h"

namespace ledger {

struct Ledger::State {
  using Guard = std::lock_guard<std::recursive_mutex>;

  State(Database opened, base::Fd held, Access how)
      : lock(std::move(held)), database(std::move(opened)), access(how) {}

  /// `body` and the note of `at` as one transaction.
  base::Result<void> write(base::Time at, const std::function<base::Result<void>()>& body);
  /// One statement as such a transaction; gives the number of rows changed.
  base::Result<int> change(base::Time at, const char* sql, std::initializer_list<Bind> values);
  base::Result<void> transaction(const std::function<base::Result<void>()>& body);

  std::recursive_mutex mutex;
  base::Fd lock;  ///< before the database: it falls last
  Database database;
  Access access;
  int depth = 0;  ///< transactions within transactions
  std::string environment;
  std::string environment_id;
  std::string ledger_id;
  std::int64_t generation = 0;
};

std::string join_lines(const std::vector<std::string>& items);
std::vector<std::string> split_lines(std::string_view text);

/// What the audit log's first row calls its `prev`.
std::string audit_anchor(std::string_view ledger_id);

/// "server" or "client".
std::string_view word_of(x509::AuthorityKind kind);
x509::AuthorityKind authority_kind(std::string_view word);

}  // namespace ledger
