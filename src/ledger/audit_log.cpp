// SPDX-License-Identifier: PostgreSQL
// The audit log: each row's hash covers its number, its time, its words and the hash before it.
#include <fmt/format.h>

#include <string>

#include "base/pack.h"
#include "base/text.h"
#include "ledger/state.h"
#include "x509/digest.h"

namespace ledger {
namespace {

using base::Result;
using base::Time;

AuditRow read_audit(const Row& row) {
  AuditRow made;
  made.seq = row.integer(0);
  made.at = row.time(1);
  made.entry = {row.text(2), row.text(3), row.text(4), row.text(5), row.text(6), row.text(7)};
  made.prev = row.text(8);
  made.hash = row.text(9);
  return made;
}

// Packed with their lengths: no two rows give the same bytes.
std::string hash_of(const AuditRow& row) {
  const AuditEntry& entry = row.entry;
  return x509::sha256_hex(
      base::pack({row.prev, std::to_string(row.seq), std::to_string(seconds_of(row.at)), entry.who,
                  entry.what, entry.host, entry.slot, entry.reason, entry.detail}));
}

struct End {
  std::int64_t seq = 0;
  std::string hash;
};
End read_end(const Row& row) { return {row.integer(0), row.text(1)}; }

constexpr const char* end_query = "SELECT audit_seq, audit_hash FROM meta";

// What is wrong with `row` where the one before had `seq` and `hash`; "" where nothing is.
std::string objection(const AuditRow& row, const End& before) {
  if (row.seq != before.seq + 1) return fmt::format("Row {} is missing.", before.seq + 1);
  if (row.prev != before.hash)
    return fmt::format("Row {} does not follow on the row before it.", row.seq);
  if (row.hash != hash_of(row)) return fmt::format("Row {} was changed.", row.seq);
  return "";
}

}  // namespace

std::string audit_anchor(std::string_view ledger_id) {
  return x509::sha256_hex(base::pack({"pgseal audit log", std::string(ledger_id)}));
}

Result<std::int64_t> Ledger::append_audit(const AuditEntry& entry, Time at) {
  AuditRow row;
  row.at = at;
  row.entry = entry;
  auto written = state_->write(at, [&]() -> Result<void> {
    Database& database = state_->database;
    Notes& notes = state_->notes;
    row.seq = notes.audit_seq + 1;
    row.prev = notes.audit_hash;
    row.hash = hash_of(row);
    TRY(database.execute("INSERT INTO audit VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                         {row.seq, seconds_of(at), entry.who, entry.what, entry.host, entry.slot,
                          entry.reason, entry.detail, row.prev, row.hash}));
    notes.audit_seq = row.seq;
    notes.audit_hash = row.hash;
    return {};
  });
  if (!written) return std::move(written).error();
  return row.seq;
}

Result<std::vector<AuditRow>> Ledger::audit_log(std::int64_t limit) const {
  const State::Guard guard(state_->mutex);
  return state_->database.rows(
      "SELECT * FROM (SELECT * FROM audit ORDER BY seq DESC LIMIT ?) ORDER BY seq",
      {limit <= 0 ? std::int64_t{-1} : limit}, read_audit);
}

Result<std::optional<AuditBreak>> Ledger::verify_audit() const {
  const State::Guard guard(state_->mutex);
  TRY(state_->database.check_pages());
  std::optional<AuditBreak> broken;
  End last{0, audit_anchor(state_->ledger_id)};
  TRY(state_->database.query("SELECT * FROM audit ORDER BY seq", {}, [&](const Row& each) {
    if (broken) return;
    const AuditRow row = read_audit(each);
    if (std::string what = objection(row, last); !what.empty())
      broken = AuditBreak{row.seq > last.seq + 1 ? last.seq + 1 : row.seq, std::move(what)};
    last = {row.seq, row.hash};
  }));
  if (broken) return broken;
  const End noted = TRY(state_->database.row(end_query, {}, read_end))
  .value_or(End{});
  if (noted.seq != last.seq)
    return std::optional(AuditBreak{
        last.seq + 1,
        fmt::format("The log ends at row {}, the ledger noted {}.", last.seq, noted.seq)});
  if (noted.hash != last.hash)
    return std::optional(
        AuditBreak{last.seq, fmt::format("Row {} is not the one that was noted.", last.seq)});
  return broken;
}

}  // namespace ledger
