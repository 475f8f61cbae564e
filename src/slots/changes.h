// SPDX-License-Identifier: PostgreSQL
// What an act makes of what lies in a slot: facts for the controller, and the steps that lead to
// what the act asks for. Pure: no file is touched, no clock is read.
//
// Why a client's key goes before its certificate: libpq opens the certificate, then the key, and
// makes no attempt without certificate if the key is missing. So a first installation that was cut
// between both is "no certificate yet". For a change of key no order is without a window (two names
// cannot be replaced in one act); both files are on disk before, and the renames adjoin. A renewal
// on the same key replaces one file and has no window at all.
#pragma once

#include <string>

#include "base/result.h"
#include "base/time.h"
#include "fleet/act.h"
#include "fleet/facts.h"
#include "slots/store.h"

namespace slots {

struct Situation {
  const SlotFiles& files;
  const SeenSlot& seen;
  base::Time at;  ///< names what goes to the archive
};

struct Decision {
  Changes changes;      ///< no steps: all is as it should be
  std::string request;  ///< make_key: DER
};

/// Broken content is a fact here, never an error.
fleet::SlotFacts describe_slot(const SlotFiles& files, const SeenSlot& seen);
/// "no certificate", "serial 3f…, key good"; for Answer::before and after.
std::string in_words(const fleet::SlotFacts& facts);

/// A pending key waits beside whatever lies there and replaces nothing. Errors: key.
base::Result<Decision> decide_key(const Situation& now, const fleet::Act& act);
/// Errors: file_changed where what lies there is neither what was expected nor ours to replace;
/// certificate; key where no key of the slot belongs to the certificate.
base::Result<Decision> decide_certificate(const Situation& now, const fleet::Act& act);
/// Errors: certificate where a foreign root.crt cannot be read, and so not be written again.
base::Result<Decision> decide_trust(const Situation& now, const fleet::Act& act);
/// Copies all that is there into the archive; the slot stays as it is.
base::Result<Decision> decide_archive(const Situation& now);

/// A copy of `names` for the archive. Its label ends in a digest of `content`, by which what is
/// held already is known again.
Step keep_step(const std::string& what, std::vector<std::string> names, const std::string& content,
               base::Time at);

}  // namespace slots
