// SPDX-License-Identifier: PostgreSQL
#include "x509/certificate.h"

#include <algorithm>

#include "x509/openssl.h"
#include "x509/pem.h"

namespace x509 {

base::Result<Certificate> Certificate::from_der(std::string_view der) {
  auto certificate = decode(der);
  if (!certificate) return certificate;
  const CertificateOwner accepted(from_der_with(d2i_X509, der));
  if (!accepted || X509_get0_pubkey(accepted.get()) == nullptr)
    return openssl_error(base::Code::certificate, "could not read certificate");
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
  const CertificateOwner ours(from_der_with(d2i_X509, der));
  const KeyOwner key = public_key(authority.spki);
  const bool good = ours && key && X509_verify(ours.get(), key.get()) == 1;
  ERR_clear_error();
  return good;
}

}  // namespace x509
