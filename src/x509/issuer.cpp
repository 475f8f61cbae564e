// SPDX-License-Identifier: PostgreSQL
#include "x509/issuer.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "x509/build.h"
#include "x509/digest.h"
#include "x509/lint.h"

namespace x509 {
namespace {

constexpr std::size_t serial_octets = 17;

Draft draft(ProfileName name, base::Time at, std::chrono::seconds lifetime) {
  Draft made;
  made.profile = name;
  made.not_before = at - backdating;
  made.not_after = at + lifetime;
  return made;
}

base::Error refused(std::string detail) {
  return base::error(base::Code::authority_refused, "certificate is not acceptable")
      .with_detail(std::move(detail));
}

}  // namespace

base::Result<std::string> new_serial() {
  for (;;) {
    std::string serial = TRY(random_bytes(serial_octets));
    serial[0] = static_cast<char>(serial[0] & 0x7f);
    // a zero first octet would not be DER's shortest form, nor 17 octets
    if (serial[0] != 0) return serial;
  }
}

base::Result<Draft> draft_server(const std::string& organization, const ServerNames& names,
                                 base::Time at, std::chrono::seconds lifetime) {
  if (names.dns_names.empty() && names.ip_addresses.empty())
    return refused("A server needs at least one name or address (RFC 9525 4.1).");
  Draft made = draft(ProfileName::server, at, lifetime);
  made.subject = {organization,
                  names.dns_names.empty() ? names.ip_addresses.front() : names.dns_names.front()};
  made.dns_names = names.dns_names;
  made.ip_addresses = names.ip_addresses;
  made.serial = TRY(new_serial());
  return made;
}

base::Result<Draft> draft_client(const Subject& subject, base::Time at,
                                 std::chrono::seconds lifetime) {
  Draft made = draft(ProfileName::client, at, lifetime);
  made.subject = subject;
  made.serial = TRY(new_serial());
  return made;
}

base::Result<Issuer> Issuer::open(AuthorityKind kind, Certificate authority, PrivateKey key) {
  if (!key.matches(authority))
    return base::error(base::Code::authority_mismatch,
                       fmt::format("key does not belong to authority \"{}\"", authority.subject));
  const bool may_sign =
      authority.is_ca() && (!authority.key_usage || (*authority.key_usage & key_cert_sign) != 0);
  if (!may_sign)
    return base::error(base::Code::authority_refused,
                       fmt::format("certificate \"{}\" may not sign others", authority.subject))
        .with_detail("It lacks cA (RFC 5280 4.2.1.9) or keyCertSign (RFC 5280 4.2.1.3).");
  PrivateKey throw_away = TRY(throw_away_key(key));
  return Issuer(kind, std::move(authority), std::move(key), std::move(throw_away));
}

base::Result<Approval> Issuer::approve(const Draft& draft, const Request& request) const {
  if (draft.profile != leaf_profile(kind_))
    return refused(fmt::format("\"{}\" does not issue for profile \"{}\".", authority_.subject,
                               to_string(draft.profile)));
  const auto issuer_id = base::unhex(authority_.subject_key_id);
  if (!issuer_id || issuer_id->empty())
    return refused(
        fmt::format("\"{}\" has no subjectKeyIdentifier (RFC 5280 4.2.1.2).", authority_.subject));
  const IssuerNames names{authority_.subject_name, *issuer_id};
  const std::string built = TRY(build(draft, request.spki(), names, throw_away_));
  Certificate preview = TRY(Certificate::decode(built));
  base::Findings findings = lint(preview, profile(draft.profile), authority_);
  TRY(refuse_errors(preview, findings));
  return Approval(std::move(preview), std::move(findings), authority_.fingerprint);
}

base::Result<Certificate> Issuer::sign(Approval&& approval) const {
  const Approval taken = std::move(approval);
  if (!taken.preview_) return refused("Its approval was used before.");
  if (taken.issuer_ != authority_.fingerprint)
    return refused(
        fmt::format("It was approved for another issuer than \"{}\".", authority_.subject));
  return seal(*taken.preview_, key_);
}

}  // namespace x509
