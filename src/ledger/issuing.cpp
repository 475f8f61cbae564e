// SPDX-License-Identifier: PostgreSQL
// Authorities, serial numbers and certificates.
#include <fmt/format.h>

#include "ledger/state.h"

namespace ledger {
namespace {

using base::Code;
using base::Result;
using base::Time;

#define SERIAL_COLUMNS                                                                            \
  "serial, authority, authority_generation, host, slot, profile, names, not_after, spki_sha256, " \
  "intended_at, certificate, issued_at"

Authority read_authority(const Row& row) {
  Authority authority;
  authority.kind = authority_kind(row.text(0));
  authority.generation = static_cast<int>(row.integer(1));
  authority.certificate = row.text(2);
  authority.state = row.text(3) == "active" ? AuthorityState::active : AuthorityState::retired;
  authority.made_at = row.time(4);
  return authority;
}

SerialRecord read_serial(const Row& row) {
  SerialRecord record;
  record.intent.serial = row.text(0);
  record.intent.authority = authority_kind(row.text(1));
  record.intent.authority_generation = static_cast<int>(row.integer(2));
  record.intent.host = row.text(3);
  record.intent.slot = row.text(4);
  record.intent.profile = row.text(5);
  record.intent.names = split_lines(row.text(6));
  record.intent.not_after = row.time(7);
  record.intent.spki_sha256 = row.text(8);
  record.intended_at = row.time(9);
  record.certificate = row.text(10);
  if (!row.null(11)) record.issued_at = row.time(11);
  return record;
}

SlotSerial read_slot_serial(const Row& row) {
  return {row.text(0), row.text(1), row.text(2), row.time(3), row.time(4)};
}

}  // namespace

const char* to_string(AuthorityState state) {
  return state == AuthorityState::active ? "active" : "retired";
}

std::string_view word_of(x509::AuthorityKind kind) {
  return kind == x509::AuthorityKind::server ? "server" : "client";
}

x509::AuthorityKind authority_kind(std::string_view word) {
  return word == "server" ? x509::AuthorityKind::server : x509::AuthorityKind::client;
}

Result<void> Ledger::add_authority(const Authority& authority) {
  TRY(state_->change(authority.made_at, "INSERT INTO authority VALUES (?, ?, ?, ?, ?)",
                     {word_of(authority.kind), authority.generation, authority.certificate,
                      to_string(authority.state), seconds_of(authority.made_at)}));
  return {};
}

Result<void> Ledger::set_authority_state(x509::AuthorityKind kind, int generation,
                                         AuthorityState state, Time at) {
  return state_->write(at, [&]() -> Result<void> {
    const int changed = TRY(
        state_->database.execute("UPDATE authority SET state = ? WHERE kind = ? AND generation = ?",
                                 {to_string(state), word_of(kind), generation}));
    if (changed == 0)
      return base::error(Code::ledger_open, fmt::format("the ledger knows no {} authority {}",
                                                        word_of(kind), generation));
    return {};
  });
}

Result<std::vector<Authority>> Ledger::authorities() const {
  const State::Guard guard(state_->mutex);
  return state_->database.rows("SELECT * FROM authority ORDER BY kind, generation", {},
                               read_authority);
}

Result<std::optional<Authority>> Ledger::active_authority(x509::AuthorityKind kind) const {
  const State::Guard guard(state_->mutex);
  return state_->database.row(
      "SELECT * FROM authority WHERE kind = ? AND state = 'active' ORDER BY generation DESC LIMIT "
      "1",
      {word_of(kind)}, read_authority);
}

Result<void> Ledger::will_sign(const SerialIntent& intent, Time at) {
  auto written = state_->change(
      at,
      "INSERT INTO serial (serial, authority, authority_generation, host, slot, profile, names,"
      " not_after, spki_sha256, intended_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
      {intent.serial, word_of(intent.authority), intent.authority_generation, intent.host,
       intent.slot, intent.profile, join_lines(intent.names), seconds_of(intent.not_after),
       intent.spki_sha256, seconds_of(at)});
  if (!written)
    return std::move(written).error().during(
        fmt::format("noting that serial number {} will be signed", intent.serial));
  return {};
}

Result<void> Ledger::issued(const std::string& serial, const std::string& certificate_pem,
                            Time at) {
  // Repeating it is no change; another certificate under the same number is a contradiction.
  const int changed =
      TRY(state_->change(at,
                         "UPDATE serial SET certificate = ?1, issued_at = coalesce(issued_at, ?2)"
                         " WHERE serial = ?3 AND (certificate IS NULL OR certificate = ?1)",
                         {certificate_pem, seconds_of(at), serial}));
  if (changed == 0)
    return base::error(Code::ledger_open,
                       fmt::format("cannot note a certificate for serial number {}", serial))
        .with_detail("It was never intended, or has another certificate.");
  return {};
}

Result<bool> Ledger::is_known(const std::string& serial) const {
  const auto found = TRY(find_serial(serial));
  return found.has_value();
}

Result<std::optional<SerialRecord>> Ledger::find_serial(const std::string& serial) const {
  const State::Guard guard(state_->mutex);
  return state_->database.row("SELECT " SERIAL_COLUMNS " FROM serial WHERE serial = ?", {serial},
                              read_serial);
}

Result<void> Ledger::newest_issued(const std::function<void(SlotSerial)>& on_each) const {
  const State::Guard guard(state_->mutex);
  // The index as it lies; GROUP BY with max(number) would copy each of its rows twice.
  SlotSerial newest;
  std::int64_t number = 0;  // of `newest`; 0: none yet
  TRY(state_->database.query(
      "SELECT host, slot, serial, intended_at, not_after, number"
      " FROM serial WHERE issued_at IS NOT NULL ORDER BY host, slot",
      {}, [&](const Row& row) {
        const bool another = newest.host != row.view(0) || newest.slot != row.view(1);
        if (number != 0 && another) on_each(std::move(newest));
        if (!another && row.integer(5) < number) return;
        newest = read_slot_serial(row);
        number = row.integer(5);
      }));
  if (number != 0) on_each(std::move(newest));
  return {};
}

Result<std::vector<SerialRecord>> Ledger::serials() const {
  const State::Guard guard(state_->mutex);
  return state_->database.rows("SELECT " SERIAL_COLUMNS " FROM serial ORDER BY number", {},
                               read_serial);
}

}  // namespace ledger
