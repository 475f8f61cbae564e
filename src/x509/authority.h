// SPDX-License-Identifier: PostgreSQL
// Founding an authority: a key and a certificate that it signs itself, by the same profile, builder
// and lint as every other. An environment has two, so that neither can vouch for the other side.
#pragma once

#include <string>

#include "base/result.h"
#include "base/time.h"
#include "x509/certificate.h"
#include "x509/key.h"
#include "x509/profile.h"

namespace x509 {

struct AuthorityOrder {
  AuthorityKind kind = AuthorityKind::server;
  std::string environment;
  int generation = 1;
  base::Days lifetime{3650};
  KeyType key_type = KeyType::p256;
};

/// To be stored: the key encrypted, the certificate as it is. Issuer::open joins them again.
struct Authority {
  PrivateKey key;
  Certificate certificate;
};

/// Errors: Code::config_value for a name that is too long, Code::authority_refused by the lint,
/// Code::key.
base::Result<Authority> create_authority(const AuthorityOrder& order, base::Time at);

}  // namespace x509
