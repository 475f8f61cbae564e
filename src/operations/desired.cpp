// SPDX-License-Identifier: PostgreSQL
#include "operations/desired.h"

#include "operations/authorities.h"
#include "planning/pairs.h"

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

Result<void> note_certificates(const ledger::Ledger& ledger, planning::Desired& desired) {
  for (const ledger::SerialRecord& record : TRY(ledger.serials())) {
    if (record.certificate.empty()) continue;
    const auto certificate = x509::Certificate::decode_pem(record.certificate);
    if (!certificate) continue;
    desired.issued.insert(certificate->fingerprint);
    desired.due[record.intent.host + " " + record.intent.slot] =
        planning::renewal_due(*certificate);
    const auto [since, first] =
        desired.keys_since.emplace(certificate->spki_sha256, certificate->not_before);
    if (!first) since->second = std::min(since->second, certificate->not_before);
  }
  return {};
}

}  // namespace

Result<planning::Desired> desired_of(const fleet::Environment& environment,
                                     const ledger::Ledger* ledger, bool marked_now) {
  planning::Desired desired;
  desired.environment = &environment;
  if (ledger == nullptr) return desired;
  const bool writing = ledger->access() == ledger::Access::write;
  desired.authorities = TRY(active_authorities(*ledger));
  desired.mark.environment_id = ledger->environment_id();
  desired.mark.ledger_id = ledger->ledger_id();
  desired.mark.generation = ledger->generation() + (writing ? 0 : 1);
  desired.seen_generation = desired.mark.generation - (marked_now ? 0 : 1);
  for (const ledger::Pin& pin : TRY(ledger->pins())) desired.pins[pin.host] = pin.system_identifier;
  note_settled(TRY(ledger->acts("apply")), desired);
  TRY(note_certificates(*ledger, desired));
  return desired;
}

}  // namespace operations
