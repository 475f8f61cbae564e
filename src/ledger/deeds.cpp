// SPDX-License-Identifier: PostgreSQL
// Acts, debts, pins, the phase, and what was last seen.
#include <fmt/format.h>

#include "ledger/state.h"

namespace ledger {
namespace {

using base::Result;
using base::Time;

ActState act_state(std::string_view word) {
  if (word == "started") return ActState::started;
  return word == "finished" ? ActState::finished : ActState::failed;
}

ActOutcome read_act(const Row& row) {
  ActOutcome outcome;
  outcome.key = {row.text(0), row.text(1), row.text(2), row.text(3), row.text(4)};
  outcome.state = act_state(row.text(5));
  outcome.text = row.text(6);
  outcome.at = row.time(7);
  return outcome;
}

Debt read_debt(const Row& row) {
  return {row.text(0), row.time(1), row.text(2), split_lines(row.text(3)), row.text(4)};
}

Pin read_pin(const Row& row) { return {row.text(0), row.text(1), row.text(2), row.time(3)}; }

Phase read_phase(const Row& row) { return {row.text(0), row.text(1), row.time(2)}; }

Observation read_observation(const Row& row) {
  Observation observation;
  observation.host = row.text(0);
  observation.at = row.time(1);
  observation.reachable = row.integer(2) != 0;
  observation.role = row.text(3);
  observation.version = row.text(4);
  observation.tls = row.text(5);
  observation.served_serial = row.text(6);
  return observation;
}

}  // namespace

const char* to_string(ActState state) {
  switch (state) {
    case ActState::started:
      return "started";
    case ActState::finished:
      return "finished";
    case ActState::failed:
      return "failed";
  }
  return "failed";
}

// ---- acts ---------------------------------------------------------------------------------------

Result<void> Ledger::record_act(const ActOutcome& outcome) {
  const ActKey& key = outcome.key;
  // REPLACE gives a new row number, so that the newest outcome stands last.
  TRY(state_->change(
      outcome.at,
      "INSERT OR REPLACE INTO act (operation, phase, host, slot, act, state, text, at)"
      " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
      {key.operation, key.phase, key.host, key.slot, key.act, to_string(outcome.state),
       outcome.text, seconds_of(outcome.at)}));
  return {};
}

Result<std::vector<ActOutcome>> Ledger::acts(const std::string& operation) const {
  const State::Guard guard(state_->mutex);
  return state_->database.rows(
      "SELECT operation, phase, host, slot, act, state, text, at FROM act WHERE operation = ?"
      " ORDER BY number",
      {operation}, read_act);
}

// A step that waits is an act of which nothing has come yet.
constexpr const char* waits = "waits";

Result<void> Ledger::set_waiting(const std::string& host, const std::vector<std::string>& steps,
                                 Time at) {
  return transaction([&]() -> Result<void> {
    TRY(state_->change(at, "DELETE FROM act WHERE operation = ? AND phase = '' AND host = ?",
                       {waits, host}));
    for (const std::string& step : steps)
      TRY(record_act({{waits, "", host, "", step}, ActState::started, "", at}));
    return {};
  });
}

Result<std::map<std::string, std::vector<std::string>>> Ledger::waiting() const {
  std::map<std::string, std::vector<std::string>> waiting;
  for (ActOutcome& outcome : TRY(acts(waits)))
    waiting[outcome.key.host].push_back(std::move(outcome.key.act));
  return waiting;
}

// ---- debts --------------------------------------------------------------------------------------

Result<void> Ledger::add_debt(const Debt& debt) {
  TRY(state_->change(
      debt.since,
      "INSERT INTO debt (host, since, operation, steps, reason) VALUES (?, ?, ?, ?, ?)"
      " ON CONFLICT (host) WHERE ending IS NULL DO UPDATE SET"
      " operation = excluded.operation, steps = excluded.steps, reason = excluded.reason",
      {debt.host, seconds_of(debt.since), debt.operation, join_lines(debt.steps), debt.reason}));
  return {};
}

Result<bool> Ledger::pay_debt(const std::string& host, Time at) {
  const int changed = TRY(state_->change(
      at, "UPDATE debt SET ending = 'paid', ended_at = ? WHERE host = ? AND ending IS NULL",
      {seconds_of(at), host}));
  return changed > 0;
}

Result<bool> Ledger::forgive_debt(const std::string& host, const std::string& reason, Time at) {
  const int changed =
      TRY(state_->change(at,
                         "UPDATE debt SET ending = 'forgiven', ended_at = ?, ending_reason = ?"
                         " WHERE host = ? AND ending IS NULL",
                         {seconds_of(at), reason, host}));
  return changed > 0;
}

Result<void> Ledger::remove_host(const std::string& host, const std::string& reason, Time at) {
  return transaction([&]() -> Result<void> {
    TRY(forgive_debt(host, reason, at));
    TRY(remove_pin(host, at));
    TRY(state_->change(at, "DELETE FROM observation WHERE host = ?", {host}));
    TRY(state_->change(at, "DELETE FROM act WHERE host = ?", {host}));
    return {};
  });
}

Result<std::vector<Debt>> Ledger::debts() const {
  const State::Guard guard(state_->mutex);
  return state_->database.rows(
      "SELECT host, since, operation, steps, reason FROM debt WHERE ending IS NULL"
      " ORDER BY since, host",
      {}, read_debt);
}

// ---- pins ---------------------------------------------------------------------------------------

Result<void> Ledger::set_pin(const Pin& pin) {
  TRY(state_->change(pin.at, "INSERT OR REPLACE INTO pin VALUES (?, ?, ?, ?)",
                     {pin.host, pin.system_identifier, pin.machine_id, seconds_of(pin.at)}));
  return {};
}

Result<bool> Ledger::remove_pin(const std::string& host, Time at) {
  const int changed = TRY(state_->change(at, "DELETE FROM pin WHERE host = ?", {host}));
  return changed > 0;
}

Result<std::optional<Pin>> Ledger::find_pin(const std::string& host) const {
  const State::Guard guard(state_->mutex);
  return state_->database.row("SELECT * FROM pin WHERE host = ?", {host}, read_pin);
}

Result<std::vector<Pin>> Ledger::pins() const {
  const State::Guard guard(state_->mutex);
  return state_->database.rows("SELECT * FROM pin ORDER BY host", {}, read_pin);
}

// ---- phase --------------------------------------------------------------------------------------

Result<void> Ledger::set_phase(const Phase& phase) {
  TRY(state_->change(
      phase.since,
      "INSERT INTO phase VALUES (1, ?, ?, ?) ON CONFLICT (one) DO UPDATE SET"
      " operation = excluded.operation, phase = excluded.phase, since = excluded.since"
      " WHERE operation <> excluded.operation OR phase <> excluded.phase",
      {phase.operation, phase.phase, seconds_of(phase.since)}));
  return {};
}

Result<void> Ledger::clear_phase(Time at) {
  TRY(state_->change(at, "DELETE FROM phase", {}));
  return {};
}

Result<std::optional<Phase>> Ledger::phase() const {
  const State::Guard guard(state_->mutex);
  return state_->database.row("SELECT operation, phase, since FROM phase", {}, read_phase);
}

// ---- observations -------------------------------------------------------------------------------

Result<void> Ledger::record_observation(const Observation& observation) {
  TRY(state_->change(
      observation.at, "INSERT OR REPLACE INTO observation VALUES (?, ?, ?, ?, ?, ?, ?)",
      {observation.host, seconds_of(observation.at), std::int64_t{observation.reachable},
       observation.role, observation.version, observation.tls, observation.served_serial}));
  return {};
}

Result<void> Ledger::observations(const std::function<void(Observation)>& on_each) const {
  const State::Guard guard(state_->mutex);
  return state_->database.query("SELECT * FROM observation ORDER BY host", {},
                                [&](const Row& row) { on_each(read_observation(row)); });
}

}  // namespace ledger
