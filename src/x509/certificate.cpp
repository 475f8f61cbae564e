// SPDX-License-Identifier: PostgreSQL
#include "x509/certificate.h"

#include <algorithm>
#include <mutex>
#include <unordered_set>

#include "x509/openssl.h"
#include "x509/pem.h"

namespace x509 {

namespace {

// The same few authorities stand in every bundle of every host, and OpenSSL 3 takes longer to find
// its decoder for a key than to check a signature. What it once approved is known by digests.
class Approved {
 public:
  bool has(const std::string& digest) {
    const std::scoped_lock lock(mutex_);
    return digests_.contains(digest);
  }
  void add(std::string digest) {
    const std::scoped_lock lock(mutex_);
    if (digests_.size() >= most) digests_.clear();
    digests_.insert(std::move(digest));
  }

 private:
  static constexpr std::size_t most = 4096;  // some 500 KB
  std::mutex mutex_;
  std::unordered_set<std::string> digests_;
};

Approved approved_certificates;  // NOLINT(cert-err58-cpp): two empty members
Approved approved_signatures;    // NOLINT(cert-err58-cpp)

}  // namespace

base::Result<Certificate> Certificate::from_der(std::string_view der) {
  auto certificate = decode(der);
  if (!certificate || approved_certificates.has(certificate->fingerprint)) return certificate;
  const CertificateOwner accepted(from_der_with(d2i_X509, der));
  if (!accepted || X509_get0_pubkey(accepted.get()) == nullptr)
    return openssl_error(base::Code::certificate, "could not read certificate");
  approved_certificates.add(certificate->fingerprint);
  return certificate;
}

namespace {

base::Result<std::string> first_in(std::string_view pem) {
  const auto blocks = TRY(pem::blocks(pem, base::Code::certificate));
  const auto first = std::find_if(blocks.begin(), blocks.end(), pem::is_certificate);
  if (first == blocks.end())
    return base::error(base::Code::certificate, "text holds no certificate")
        .with_detail("No \"-----BEGIN CERTIFICATE-----\" stands in it.");
  return pem::bytes(*first, base::Code::certificate);
}

}  // namespace

base::Result<Certificate> Certificate::from_pem(std::string_view pem) {
  return from_der(TRY(first_in(pem)));
}

base::Result<Certificate> Certificate::decode_pem(std::string_view pem) {
  return decode(TRY(first_in(pem)));
}

std::string Certificate::to_pem() const { return pem::encode("CERTIFICATE", der); }

bool Certificate::signed_by(const Certificate& authority) const {
  if (issuer_name != authority.subject_name) return false;
  const std::string both = fingerprint + authority.spki_sha256;
  if (approved_signatures.has(both)) return true;
  const CertificateOwner ours(from_der_with(d2i_X509, der));
  const KeyOwner key = public_key(authority.spki);
  const bool good = ours && key && X509_verify(ours.get(), key.get()) == 1;
  ERR_clear_error();
  if (good) approved_signatures.add(both);
  return good;
}

}  // namespace x509
