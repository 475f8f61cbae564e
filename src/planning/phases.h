// SPDX-License-Identifier: PostgreSQL
// The table of phases: for each, in order, what must hold before it starts, what it does in one
// sentence, and how it is taken back. Why this order: tls-lifecycle of PostgreSQL's clients, where
// a root.crt makes `require` verify and `prefer` fall back to plaintext, so that servers must serve
// provable certificates first (libpq manual, "SSL Support").
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "fleet/act.h"

namespace planning {

enum class Phase : std::uint8_t {
  mark,
  both_trusts,
  server_pairs,
  server_tls,
  client_trust,
  client_pairs,
  server_trust,
  standbys,
};

enum class Gate : std::uint8_t {
  none,
  succession,      ///< where another authority vouches so far, each client knows ours beside it
  pairs_ready,     ///< the database host's own pair is in place
  servers_proven,  ///< every database host serves its own certificate
  /// The client's root.crt has the server authority; and where it holds another client authority's
  /// pair, each server takes certificates of ours beside those.
  trust_in_place,
  clients_equipped,  ///< each client slot that answered has its pair
  /// The standby's primary takes its certificate, can spare it for a moment, and keeps its WAL.
  standby_spared,
};

struct PhaseRow {
  Phase phase;
  std::string_view name;      ///< in plans, JSON and the ledger
  std::string_view sentence;  ///< what is logged when it starts
  Gate gate;
  std::vector<fleet::ActKind> acts;
  std::vector<fleet::ActKind> undo;
  std::string_view undo_reason;  ///< why `undo` is what it is
  bool one_host_at_a_time = false;  ///< and none after one that failed
};

std::span<const PhaseRow> phase_table();
const PhaseRow& row(Phase phase);
std::string_view name(Phase phase);
std::string_view name(Gate gate);
/// True where the gate asks of a host only for its own sake: then a host that fails it keeps only
/// itself from the phase.
bool each_for_itself(Gate gate);

}  // namespace planning
