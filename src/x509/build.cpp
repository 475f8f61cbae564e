// SPDX-License-Identifier: PostgreSQL
// OpenSSL writes the certificate, der.h has no part in its frame; so the reader that the lint looks
// through shares no mistake with the writer.
#include "x509/build.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/text.h"
#include "x509/der.h"
#include "x509/digest.h"
#include "x509/distinguished_name.h"
#include "x509/names.h"
#include "x509/openssl.h"

namespace x509 {
namespace {

const unsigned char* octets(std::string_view bytes) {
  return reinterpret_cast<const unsigned char*>(bytes.data());
}

int size_of(std::string_view bytes) { return static_cast<int>(bytes.size()); }

base::Error could_not_build() {
  return openssl_error(base::Code::internal, "could not build certificate");
}

bool set_name(int (*set)(X509*, const X509_NAME*), X509* certificate, std::string_view der) {
  const NameOwner name(from_der_with(d2i_X509_NAME, der));
  return name && set(certificate, name.get()) == 1;
}

bool set_serial(X509* certificate, std::string_view serial) {
  const std::string element = der::wrap(der::integer, serial);
  const Owner<ASN1_INTEGER, ASN1_INTEGER_free> number(from_der_with(d2i_ASN1_INTEGER, element));
  return number && X509_set_serialNumber(certificate, number.get()) == 1;
}

/// UTCTime before 2050, GeneralizedTime from then on (RFC 5280 4.1.2.5): ASN1_TIME_set does so.
bool set_validity(X509* certificate, const Draft& draft) {
  const auto from = static_cast<time_t>(draft.not_before.time_since_epoch().count());
  const auto to = static_cast<time_t>(draft.not_after.time_since_epoch().count());
  return ASN1_TIME_set(X509_getm_notBefore(certificate), from) != nullptr &&
         ASN1_TIME_set(X509_getm_notAfter(certificate), to) != nullptr;
}

bool add(X509* certificate, int nid, bool critical, std::string_view value) {
  const OctetsOwner holder(ASN1_OCTET_STRING_new());
  if (!holder || ASN1_OCTET_STRING_set(holder.get(), octets(value), size_of(value)) != 1)
    return false;
  const ExtensionOwner extension(
      X509_EXTENSION_create_by_NID(nullptr, nid, critical ? 1 : 0, holder.get()));
  return extension && X509_add_ext(certificate, extension.get(), -1) == 1;
}

std::string basic_constraints(const Profile& profile) {
  std::string content;
  if (profile.authority) content += der::wrap(der::boolean, "\xff");
  if (profile.path_length >= 0)
    content += der::wrap(der::integer, std::string(1, static_cast<char>(profile.path_length)));
  return der::wrap(der::sequence, content);
}

/// Named bits, without trailing zero ones (X.690 11.2.2). No profile uses the ninth bit.
std::string key_usage(std::uint16_t usage) {
  unsigned reversed = 0;
  int unused = 8;
  for (int bit = 0; bit < 8; ++bit) {
    if ((usage >> bit & 1U) == 0) continue;
    reversed |= 0x80U >> bit;
    unused = 7 - bit;
  }
  const std::string content = {static_cast<char>(unused), static_cast<char>(reversed)};
  return der::wrap(der::bit_string, content);
}

std::string extended_key_usage(std::string_view purpose) {
  const std::string_view digits =
      purpose == "serverAuth" ? "1.3.6.1.5.5.7.3.1" : "1.3.6.1.5.5.7.3.2";
  return der::wrap(der::sequence,
                   der::wrap(der::object_identifier, der::object_identifier_content(digits)));
}

base::Result<std::string> alternative_names(const Draft& draft) {
  std::string content;
  for (const std::string& name : draft.dns_names) content += der::wrap(der::context(2), name);
  for (const std::string& text : draft.ip_addresses) {
    const auto bytes = parse_ip(text);
    if (!bytes)
      return base::error(base::Code::authority_refused, "certificate is not acceptable")
          .with_detail(fmt::format("\"{}\" is no address.", base::printable_line(text)));
    content += der::wrap(der::context(7), *bytes);
  }
  return content.empty() ? content : der::wrap(der::sequence, content);
}

base::Result<void> add_extensions(X509* certificate, const Draft& draft, std::string_view own_id,
                                  std::string_view issuer_id) {
  const Profile& rules = profile(draft.profile);
  const std::string names = TRY(alternative_names(draft));
  const bool added =
      add(certificate, NID_basic_constraints, true, basic_constraints(rules)) &&
      add(certificate, NID_key_usage, true, key_usage(rules.key_usage)) &&
      (rules.purpose.empty() ||
       add(certificate, NID_ext_key_usage, false, extended_key_usage(rules.purpose))) &&
      add(certificate, NID_subject_key_identifier, false, der::wrap(der::octet_string, own_id)) &&
      add(certificate, NID_authority_key_identifier, false,
          der::wrap(der::sequence, der::wrap(der::context(0), issuer_id))) &&
      (names.empty() || add(certificate, NID_subject_alt_name, false, names));
  if (!added) return could_not_build();
  return {};
}

/// The AlgorithmIdentifier of a certificate, whole; it was read before, so it is there.
base::Result<std::string_view> outer_algorithm(std::string_view certificate) {
  der::Reader outer(certificate);
  der::Reader parts(TRY(outer.take(der::sequence, "certificate")).content);
  TRY(parts.take(der::sequence, "tbsCertificate"));
  return TRY(parts.take(der::sequence, "signatureAlgorithm"))
  .whole;
}

base::Result<std::string> sign_bytes(std::string_view bytes, const PrivateKey& signer) {
  const DigestContextOwner context(EVP_MD_CTX_new());
  std::size_t size = static_cast<std::size_t>(EVP_PKEY_get_size(signer.handle()));
  std::string signature(size, '\0');
  if (EVP_DigestSignInit(context.get(), nullptr, signature_digest(signer.handle()), nullptr,
                         signer.handle()) != 1 ||
      EVP_DigestSign(context.get(), reinterpret_cast<unsigned char*>(signature.data()), &size,
                     octets(bytes), bytes.size()) != 1)
    return openssl_error(base::Code::internal, "could not sign certificate");
  signature.resize(size);
  return signature;
}

/// A line feed in a name would let a log line lie, and what is not UTF-8 is no UTF8String.
base::Result<void> require_plain_text(const Subject& subject) {
  for (const std::string& text : {subject.organization, subject.common_name})
    if (base::printable_line(text) != text)
      return base::error(base::Code::authority_refused, "certificate is not acceptable")
          .with_detail(fmt::format("\"{}\" is not plain text on one line (RFC 5280 4.1.2.4).",
                                   base::printable_line(text)));
  return {};
}

}  // namespace

base::Result<std::string> key_id(std::string_view spki) {
  const SpkiParts key = TRY(read_spki(spki));
  return sha256(key.key).substr(0, 20);
}

base::Result<std::string> build(const Draft& draft, std::string_view spki,
                                const IssuerNames& issuer, const PrivateKey& signer) {
  TRY(require_plain_text(draft.subject));
  const CertificateOwner certificate(X509_new());
  const SpkiParts key = TRY(read_spki(spki));
  X509* const raw = certificate.get();
  const bool filled = raw != nullptr && X509_set_version(raw, X509_VERSION_3) == 1 &&
                      set_serial(raw, draft.serial) &&
                      set_name(X509_set_issuer_name, raw, issuer.name) &&
                      set_name(X509_set_subject_name, raw, write_name(draft.subject)) &&
                      set_validity(raw, draft) && copy_key(X509_get_X509_PUBKEY(raw), key);
  if (!filled) return could_not_build();
  TRY(add_extensions(raw, draft, sha256(key.key).substr(0, 20), issuer.key_id));
  if (X509_sign(raw, signer.handle(), signature_digest(signer.handle())) <= 0)
    return could_not_build();
  unsigned char* der = nullptr;
  const int length = i2d_X509(raw, &der);
  if (length <= 0) return could_not_build();
  std::string bytes(reinterpret_cast<const char*>(der), static_cast<std::size_t>(length));
  OPENSSL_free(der);
  return bytes;
}

base::Result<Certificate> seal(const Certificate& linted, const PrivateKey& signer) {
  const std::string_view algorithm = TRY(outer_algorithm(linted.der));
  const std::string signature = TRY(sign_bytes(linted.tbs, signer));
  const std::string content = linted.tbs + std::string(algorithm) +
                              der::wrap(der::bit_string, std::string(1, '\0') + signature);
  Certificate sealed = TRY(Certificate::decode(der::wrap(der::sequence, content)));
  if (sealed.tbs != linted.tbs)
    return base::error(base::Code::internal, "what was signed is not what was linted");
  return sealed;
}

base::Result<PrivateKey> throw_away_key(const PrivateKey& key) {
  const SpkiParts parts = TRY(read_spki(key.spki()));
  const auto type = key_type(parts.name == "RSA" ? "RSA-3072" : parts.name);
  if (!type)
    return base::error(base::Code::authority_refused,
                       fmt::format("authority's key is of type {}", parts.name))
        .with_detail("libpq's channel binding works with P-256, P-384 and RSA (RFC 5929 4.1).");
  return PrivateKey::generate(*type);
}

base::Result<void> refuse_errors(const Certificate& certificate, const base::Findings& findings) {
  std::string detail;
  for (const base::Finding& finding : findings)
    if (finding.severity == base::Severity::error)
      detail += fmt::format("{}{} ({}, {}).", detail.empty() ? "" : " ", finding.message,
                            finding.code, finding.clause);
  if (detail.empty()) return {};
  return base::error(base::Code::authority_refused,
                     fmt::format("certificate \"{}\" is not acceptable", certificate.subject))
      .with_detail(std::move(detail));
}

}  // namespace x509
