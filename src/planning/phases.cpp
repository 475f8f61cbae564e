// SPDX-License-Identifier: PostgreSQL
#include "planning/phases.h"

namespace planning {

using fleet::ActKind;

std::span<const PhaseRow> phase_table() {
  static const std::vector<PhaseRow> rows = {
      {Phase::mark,
       "mark hosts",
       "each host learns which environment it belongs to",
       Gate::none,
       {ActKind::mark_host},
       {},
       "A mark changes nothing for anybody; the highest generation seen must not be forgotten."},
      {Phase::both_trusts,
       "trust both",
       "who trusts another authority learns ours beside it",
       Gate::none,
       {ActKind::install_trust, ActKind::reload},
       {ActKind::install_trust, ActKind::reload},
       "Ours is taken out again; what else stood there was never touched."},
      {Phase::server_pairs,
       "server pairs",
       "each database host makes its own key and gets its certificate",
       Gate::succession,
       {ActKind::make_key, ActKind::install_certificate},
       {ActKind::archive_slot},
       "The server does not read the pair before its settings name it."},
      {Phase::server_tls,
       "TLS on",
       "each server is told to serve its own certificate by reload",
       Gate::pairs_ready,
       {ActKind::write_server_settings, ActKind::reload},
       {ActKind::write_server_settings, ActKind::reload},
       "The settings as they were are archived; a reload takes them back."},
      {Phase::client_trust,
       "trust to clients",
       "each client learns which authority its servers are vouched for by",
       Gate::servers_proven,
       {ActKind::install_trust},
       {ActKind::install_trust},
       "The authority is taken out of root.crt; what else stood there stays."},
      {Phase::client_pairs,
       "client pairs",
       "each identity makes its own key and gets its certificate",
       Gate::trust_in_place,
       {ActKind::make_key, ActKind::install_certificate},
       {ActKind::archive_slot},
       "The server does not ask for a certificate yet."},
      {Phase::server_trust,
       "client trust on servers",
       "each server asks for certificates and verifies those that are shown",
       Gate::clients_equipped,
       {ActKind::install_trust, ActKind::write_server_settings, ActKind::reload},
       {ActKind::write_server_settings, ActKind::reload},
       "Without ssl_ca_file no client is asked for a certificate."},
      {Phase::standbys,
       "standby connections",
       "each standby in turn streams from a server that it verifies, with a certificate",
       Gate::standby_spared,
       {ActKind::write_replication_settings, ActKind::reconnect_walreceiver},
       {},
       "The host itself takes its string back where it does not stream by it within 30 seconds.",
       true},
  };
  return rows;
}

const PhaseRow& row(Phase phase) { return phase_table()[static_cast<std::size_t>(phase)]; }
std::string_view name(Phase phase) { return row(phase).name; }

bool each_for_itself(Gate gate) {
  return gate == Gate::succession || gate == Gate::pairs_ready ||
         gate == Gate::trust_in_place || gate == Gate::standby_spared;
}

std::string_view name(Gate gate) {
  switch (gate) {
    case Gate::none:
      return "none";
    case Gate::succession:
      return "every client that trusts another authority knows ours";
    case Gate::pairs_ready:
      return "every database host has its pair";
    case Gate::servers_proven:
      return "every database host serves its own certificate";
    case Gate::trust_in_place:
      return "every client trusts the server authority";
    case Gate::clients_equipped:
      return "every client has its pair";
    case Gate::standby_spared:
      return "the standby's primary takes its certificate and can spare it";
  }
  return "none";
}

}  // namespace planning
