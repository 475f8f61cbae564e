// SPDX-License-Identifier: PostgreSQL
// What the ledger keeps, as plain values. Nothing of it is secret: certificates, names, hashes,
// times and words. Slots are kept as fleet::to_string writes them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/time.h"
#include "x509/profile.h"

namespace ledger {

enum class AuthorityState { active, retired };
const char* to_string(AuthorityState state);

/// One generation of one of the two authorities. Its key is a file beside the ledger, encrypted.
struct Authority {
  x509::AuthorityKind kind = x509::AuthorityKind::server;
  int generation = 1;
  std::string certificate;  ///< PEM
  AuthorityState state = AuthorityState::active;
  base::Time made_at;
  bool operator==(const Authority&) const = default;
};

/// What will be signed. Durable before the signature: a power cut in between leaves a serial
/// number that can be revoked, and never one that nobody knows.
struct SerialIntent {
  std::string serial;  ///< lower-case hexadecimal, Certificate::serial_hex
  x509::AuthorityKind authority = x509::AuthorityKind::server;
  int authority_generation = 1;
  std::string host;
  std::string slot;
  std::string profile;  ///< "server", "client"
  std::vector<std::string> names;
  base::Time not_after;
  std::string spki_sha256;
  bool operator==(const SerialIntent&) const = default;
};

struct SerialRecord {
  SerialIntent intent;
  base::Time intended_at;
  std::string certificate;              ///< PEM; "" where the signature is not known to exist
  std::optional<base::Time> issued_at;  ///< null where the signature is not known to exist
  bool operator==(const SerialRecord&) const = default;
};

/// What a slot was given last, for who lists many.
struct SlotSerial {
  std::string host;
  std::string slot;
  std::string serial;
  base::Time intended_at;
  base::Time not_after;
  bool operator==(const SlotSerial&) const = default;
};

enum class ActState { started, finished, failed };
const char* to_string(ActState state);

/// Which act: the newest outcome of each is kept.
struct ActKey {
  std::string operation;  ///< "apply"
  std::string phase;
  std::string host;
  std::string slot;  ///< "" where the act has none
  std::string act;   ///< fleet::to_string(ActKind)
  auto operator<=>(const ActKey&) const = default;
};

struct ActOutcome {
  ActKey key;
  ActState state = ActState::started;
  std::string text;  ///< what the host answered, or why it failed
  base::Time at;
  bool operator==(const ActOutcome&) const = default;
};

/// What is owed to a host that did not answer.
struct Debt {
  std::string host;
  base::Time since;  ///< when it was first owed
  std::string operation;
  std::vector<std::string> steps;
  std::string reason;
  bool operator==(const Debt&) const = default;
};

/// What a host was at its first apply, so that a name that later leads elsewhere is noticed.
struct Pin {
  std::string host;
  std::string system_identifier;  ///< "" where it has no server
  std::string machine_id;
  base::Time at;
  bool operator==(const Pin&) const = default;
};

/// Where an operation stands that has not ended.
struct Phase {
  std::string operation;
  std::string phase;
  base::Time since;
  bool operator==(const Phase&) const = default;
};

/// The last that was seen of a host, for a `status` that cannot reach it.
struct Observation {
  std::string host;
  base::Time at;
  bool reachable = false;
  std::string role;     ///< "primary", "standby", "application", ""
  std::string version;  ///< "15.20", ""
  std::string tls;      ///< "on", "off", "broken", ""
  std::string served_serial;
  bool operator==(const Observation&) const = default;
};

/// Who did what. `host`, `slot`, `reason` and `detail` may be empty.
struct AuditEntry {
  std::string who;
  std::string what;
  std::string host;
  std::string slot;
  std::string reason;
  std::string detail;
  bool operator==(const AuditEntry&) const = default;
};

struct AuditRow {
  std::int64_t seq = 0;  ///< from 1, without gaps
  base::Time at;
  AuditEntry entry;
  std::string prev;  ///< hash of the row before, of the ledger's id for the first
  std::string hash;  ///< SHA-256 over all of the above, hexadecimal
  bool operator==(const AuditRow&) const = default;
};

/// Where the chain of the audit log does not hold.
struct AuditBreak {
  std::int64_t seq = 0;  ///< the first row that is not what was written, or is missing
  std::string what;      ///< one sentence
};

}  // namespace ledger
