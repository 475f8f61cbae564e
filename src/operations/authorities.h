// SPDX-License-Identifier: PostgreSQL
// The two authorities of an environment on the controller's disk: certificates in the ledger, keys
// encrypted beside it (STATE/authorities/server-1.key). Only the desk holds an opened key, and it
// opens one when something is to be signed, not before.
#pragma once

#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "fleet/act.h"
#include "ledger/ledger.h"
#include "operations/world.h"
#include "planning/world.h"
#include "x509/authority.h"
#include "x509/issuer.h"
#include "x509/key_encryption.h"

namespace operations {

/// The authorities in force by the ledger; both absent before the first apply. Error
/// (authority_mismatch) where a certificate of the ledger cannot be read.
base::Result<planning::Authorities> active_authorities(const ledger::Ledger& ledger);

/// For an authority that is to be founded: beyond every one of this environment whose name is to be
/// seen on a host. A ledger that was lost leaves its authorities in bundles, and a namesake with
/// another key could not be told from them. 1 where none was ever seen.
int unused_generation(const std::string& environment, const planning::Observed& observed);

/// What the configuration says of a certificate that a host asked for.
struct IssueOrder {
  fleet::Slot slot;
  std::string host;
  std::string common_name;         ///< client
  std::vector<std::string> names;  ///< server: DNS names and addresses
  int days = 0;
  std::string request;  ///< DER
};

/// Signs. Safe from several threads, whose orders wait for the ledger together.
class IssuingDesk {
 public:
  IssuingDesk(const fleet::Environment& environment, ledger::Ledger& ledger,
              PassphraseSource passphrase, std::function<base::Time()> now);

  /// The certificate, PEM, durable in the ledger as are its serial and names before it was signed.
  /// The clock is read here: by then another thread's entry may be newer than any time that the
  /// caller took. Errors: authority_*, ledger_*.
  base::Result<std::string> issue(const IssueOrder& order);

  /// Founds those of the two authorities that the ledger lacks as `generation`, keys durable before
  /// the ledger knows of them, and keeps them open. The passphrase is not asked for where the
  /// configuration says "none"; `encryption` is what was derived from it already.
  base::Result<void> found(int generation, std::optional<x509::KeyEncryption> encryption = {});

  /// Opens both keys, so that a wrong passphrase shows before the first act. Both at once: a
  /// passphrase is made slow to try on purpose, a quarter of a second each.
  base::Result<void> open_all();

 private:
  struct Signer {
    x509::Issuer issuer;
    int generation = 0;
  };
  /// Opens its key where that was not done yet.
  base::Result<const Signer*> signer(x509::AuthorityKind kind);
  base::Result<void> keep(const ledger::Authority& row, x509::Authority authority);
  base::Result<void> open(const std::vector<x509::AuthorityKind>& kinds);
  base::Result<const base::Secret*> passphrase();
  [[nodiscard]] base::Result<base::Time> date() const;
  /// Fills `intent` with what the ledger must know before there is a signature.
  [[nodiscard]] base::Result<x509::Approval> approve(const IssueOrder& order, const Signer& signer,
                                                     base::Time at,
                                                     ledger::SerialIntent& intent) const;
  base::Result<x509::Draft> draft(const IssueOrder& order, base::Time at) const;

  const fleet::Environment& environment_;
  ledger::Ledger& ledger_;
  PassphraseSource source_;
  std::function<base::Time()> now_;
  std::mutex opening_;  ///< guards the two below; a signer stays once it is there
  std::optional<base::Secret> passphrase_;
  std::map<x509::AuthorityKind, Signer> signers_;
};

}  // namespace operations
