// SPDX-License-Identifier: PostgreSQL
#include "operations/desired.h"

#include <algorithm>

#include "operations/authorities.h"
#include "planning/pairs.h"
#include "x509/digest.h"
#include "x509/issuer.h"
#include "x509/pem.h"

namespace operations {

using base::Result;

ledger::Holder holder(const Operator& who) { return {who.pid, who.host, who.user, who.command}; }

Result<std::optional<ledger::Ledger>> read_ledger(const fleet::Environment& environment,
                                                  const Operator& who, base::Time at) {
  if (!TRY(ledger::exists(environment.state))) return std::optional<ledger::Ledger>();
  return std::optional<ledger::Ledger>(TRY(ledger::Ledger::open(
      environment.state, environment.name, ledger::Access::read, holder(who), at)));
}

namespace {

/// A slot of a host is settled once a certificate was installed there, and trusting once a bundle.
void note_settled(const std::vector<ledger::ActOutcome>& acts, planning::Desired& desired) {
  const std::string install = fleet::to_string(fleet::ActKind::install_certificate);
  const std::string trust = fleet::to_string(fleet::ActKind::install_trust);
  for (const ledger::ActOutcome& outcome : acts) {
    if (outcome.state != ledger::ActState::finished) continue;
    const std::string key = outcome.key.host + " " + outcome.key.slot;
    if (outcome.key.act == install) desired.settled.insert(key);
    if (outcome.key.act == trust) desired.trusting.insert(key);
  }
}

/// From what the ledger noted beside each certificate; to decode all of them before every phase
/// would cost more than the plan.
Result<void> note_certificates(const ledger::Ledger& ledger, planning::Desired& desired) {
  std::set<std::string> databases;
  for (const fleet::Host& host : desired.environment->hosts)
    if (host.database) databases.insert(host.name);
  for (const ledger::SerialRecord& record : TRY(ledger.serials())) {
    if (record.certificate.empty()) continue;
    const auto blocks = x509::pem::blocks(record.certificate, base::Code::certificate);
    if (!blocks || blocks->empty()) continue;
    const auto der = x509::pem::bytes(blocks->front(), base::Code::certificate);
    if (!der) continue;
    const std::string fingerprint = x509::sha256_hex(*der);
    const std::string slot = record.intent.host + " " + record.intent.slot;
    desired.issued.insert(fingerprint);
    desired.holders[fingerprint] = slot;
    desired.newest[slot] = {fingerprint, record.intent.spki_sha256, record.intended_at};
    const base::Time since = record.intended_at - x509::backdating;
    const auto [known, first] = desired.keys_since.emplace(record.intent.spki_sha256, since);
    if (!first) known->second = std::min(known->second, since);
    desired.due[slot] = planning::renewal_due(since, record.intent.not_after);
    // Only a database host's clients can be standbys: the others' certificates stay unread here.
    if (!databases.contains(record.intent.host) || !record.intent.slot.starts_with("client:"))
      continue;
    if (const auto certificate = x509::Certificate::decode_pem(record.certificate))
      desired.client_serials[certificate->serial_decimal] = record.intent.host;
  }
  return {};
}

}  // namespace

Result<planning::Desired> desired_of(const fleet::Environment& environment,
                                     const ledger::Ledger* ledger, bool marked_now) {
  planning::Desired desired;
  desired.environment = &environment;
  if (ledger == nullptr) return desired;
  desired.authorities = TRY(active_authorities(*ledger));
  desired.mark.environment_id = ledger->environment_id();
  desired.mark.ledger_id = ledger->ledger_id();
  desired.mark.generation = ledger->generation() + (ledger->raised() ? 0 : 1);
  desired.seen_generation = desired.mark.generation - (marked_now ? 0 : 1);
  for (const ledger::Pin& pin : TRY(ledger->pins())) desired.pins[pin.host] = pin.system_identifier;
  desired.waiting = TRY(ledger->waiting());
  note_settled(TRY(ledger->acts("apply")), desired);
  TRY(note_certificates(*ledger, desired));
  return desired;
}

}  // namespace operations
