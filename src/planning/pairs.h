// SPDX-License-Identifier: PostgreSQL
// What is wrong with a key pair or a trust bundle as it lies on a host: the judgement that every
// step about certificates rests on.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/time.h"
#include "fleet/facts.h"
#include "planning/world.h"
#include "x509/certificate.h"

namespace planning {

/// What a slot shall hold.
struct WantedPair {
  std::string host;
  fleet::Slot slot;
  std::string common_name;         ///< client: the role
  std::vector<std::string> names;  ///< server: DNS names and addresses
  int lifetime_days = 0;
  const x509::Certificate* authority = nullptr;  ///< null before the first apply
};

enum class Remedy {
  none,       ///< the pair is right
  new_pair,   ///< make a key, sign, install
  renew,      ///< sign for the key in place, install
  reinstall,  ///< the same certificate once more: repairs owner and mode of the key
  leave,      ///< somebody else's: a finding, no step
};

struct Judgement {
  Remedy remedy = Remedy::none;
  std::string reason;    ///< "no certificate yet", "12 of 90 days left", …
  bool own_key = false;  ///< the ledger knows the key that stands in the way: no --replace needed
};

/// The lifetime that a certificate signed now would get: as configured, but never past the
/// authority's own end (an authority never signs what outlives it).
int lifetime_days(int configured, const x509::Certificate* authority, base::Time at);

/// When the renewal of a certificate is due: a third of its lifetime is left then.
base::Time renewal_due(base::Time not_before, base::Time not_after);

/// True where `certificate` was issued to this very slot and a newer one since, as on a machine
/// that was restored from a snapshot. `place` is "HOST SLOT".
bool is_behind(const std::string& place, const x509::Certificate& certificate,
               const Desired& desired);

/// `replace`: a foreign pair is taken out of the way instead of left alone.
Judgement judge_pair(const WantedPair& wanted, const fleet::SlotFacts& facts,
                     const Desired& desired, base::Time at);

/// True where the bundle on disk is in use by somebody and `authority` is not in it: whoever has it
/// would refuse what `authority` signed.
bool trusts_another_alone(const fleet::SlotFacts& facts, const x509::Certificate* authority);

/// Why the bundle on disk is not enough, or null. `authority` must be in it; retired ones of ours
/// must not; foreign ones may only stand in a client's.
std::optional<std::string> judge_trust(const fleet::SlotFacts& facts,
                                       const x509::Certificate* authority);

}  // namespace planning
