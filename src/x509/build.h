// SPDX-License-Identifier: PostgreSQL
// From a draft to DER, and from what was linted to what is signed. Internal to x509/: only Issuer
// and the founding of an authority may call it.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "x509/certificate.h"
#include "x509/issuer.h"
#include "x509/key.h"

namespace x509 {

/// Whose name and key identifier go into a certificate.
struct IssuerNames {
  std::string name;    ///< Name in DER
  std::string key_id;  ///< raw
};

/// RFC 7093 section 2 method 1: the leftmost 160 bits of the SHA-256 of the key's bits, so that no
/// SHA-1 is needed (hosts in FIPS mode). Raw; an error for a broken SPKI.
base::Result<std::string> key_id(std::string_view spki);

/// The certificate of `draft` for the key `spki`, signed by `signer`, in DER.
base::Result<std::string> build(const Draft& draft, std::string_view spki,
                                const IssuerNames& issuer, const PrivateKey& signer);

/// The certificate whose TBS is, byte for byte, `linted`'s, signed by `signer`. Error
/// Code::internal where the result does not read back as what was linted.
base::Result<Certificate> seal(const Certificate& linted, const PrivateKey& signer);

/// A key of the same kind as `key` (so that signatures name the same algorithm), good for nothing.
base::Result<PrivateKey> throw_away_key(const PrivateKey& key);

/// Code::authority_refused with all `findings` in its detail, or nothing where none is an error.
base::Result<void> refuse_errors(const Certificate& certificate, const base::Findings& findings);

}  // namespace x509
