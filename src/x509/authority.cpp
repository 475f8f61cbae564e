// SPDX-License-Identifier: PostgreSQL
#include "x509/authority.h"

#include "x509/build.h"
#include "x509/distinguished_name.h"
#include "x509/lint.h"

namespace x509 {

base::Result<Authority> create_authority(const AuthorityOrder& order, base::Time at) {
  Draft draft;
  draft.profile = authority_profile(order.kind);
  draft.subject = TRY(authority_subject(order.kind, order.environment, order.generation));
  draft.serial = TRY(new_serial());
  draft.not_before = at - backdating;
  draft.not_after = at + order.lifetime;

  PrivateKey key = TRY(PrivateKey::generate(order.key_type));
  const PrivateKey throw_away = TRY(throw_away_key(key));
  // Self-signed: its own name and key identifier stand for the issuer's.
  const IssuerNames self { write_name(draft.subject), TRY(key_id(key.spki())) };
  const std::string built = TRY(build(draft, key.spki(), self, throw_away));
  const Certificate preview = TRY(Certificate::decode(built));
  TRY(refuse_errors(preview, lint(preview, profile(draft.profile), preview)));
  Certificate certificate = TRY(seal(preview, key));
  return Authority{std::move(key), std::move(certificate)};
}

}  // namespace x509
