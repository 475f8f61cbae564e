// SPDX-License-Identifier: PostgreSQL
// The lint: a certificate against its profile and its issuer. All that is wrong, each with its
// clause; the signature is not looked at, so that it can be asked before there is one.
#pragma once

#include "base/finding.h"
#include "x509/certificate.h"
#include "x509/profile.h"

namespace x509 {

/// Findings with codes "x509.…", in the order of the certificate's fields; empty: nothing to say.
/// An `error` keeps it from being signed. For a self-signed authority `issuer` is itself.
base::Findings lint(const Certificate& certificate, const Profile& profile,
                    const Certificate& issuer);

}  // namespace x509
