// SPDX-License-Identifier: PostgreSQL
// What a Ledger is made of; for the files that hold its methods.
#pragma once

#include <atomic>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "base/fd.h"
#include "ledger/database.h"
#include "ledger/ledger.h"
#include "ledger/writer.h"

namespace ledger {

/// What the ledger notes of its entries as a whole, written once a commit.
struct Notes {
  base::Time last_entry_at;
  std::int64_t audit_seq = 0;
  std::string audit_hash;
  bool operator==(const Notes&) const = default;
};

struct Ledger::State {
  using Guard = std::lock_guard<std::recursive_mutex>;

  State(Database opened, base::Fd held, Access how)
      : lock(std::move(held)), database(std::move(opened)), access(how) {}

  /// `body` and the note of `at` as one transaction.
  base::Result<void> write(base::Time at, const std::function<base::Result<void>()>& body);
  /// One statement as such a transaction; gives the number of rows changed.
  base::Result<int> change(base::Time at, const char* sql, std::initializer_list<Bind> values);
  base::Result<void> transaction(const std::function<base::Result<void>()>& body);

  /// What the writer does with those who wait: each whole or not at all, all with one commit.
  void commit(const Writer::Entries& entries);
  base::Result<void> within(const std::function<base::Result<void>()>& body);
  base::Result<void> write_notes();

  std::recursive_mutex mutex;
  base::Fd lock;  ///< before the database: it falls last
  Database database;
  Access access;
  std::string environment;
  std::string environment_id;
  std::string ledger_id;
  std::int64_t generation = 0;
  bool raised = false;
  Notes notes;                                ///< with what is being written; the writer's own
  Notes durable;                              ///< as they lie on the disk; the writer's own
  std::atomic<std::int64_t> last_durable_at;  ///< durable.last_entry_at, for everybody
  Writer writer{[this](const Writer::Entries& entries) { commit(entries); }};
};

std::string join_lines(const std::vector<std::string>& items);
std::vector<std::string> split_lines(std::string_view text);

/// What the audit log's first row calls its `prev`.
std::string audit_anchor(std::string_view ledger_id);

/// "server" or "client".
std::string_view word_of(x509::AuthorityKind kind);
x509::AuthorityKind authority_kind(std::string_view word);

}  // namespace ledger
