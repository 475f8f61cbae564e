// SPDX-License-Identifier: PostgreSQL
#include "x509/bundle.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "base/text.h"
#include "x509/pem.h"

namespace x509 {
namespace {

base::Error in_block(const pem::Block& block, base::Error error) {
  return base::error(base::Code::certificate, fmt::format("PEM {} is broken", pem::place(block)))
      .with_detail(std::move(error.detail));
}

base::Result<Certificate> read_block(const pem::Block& block) {
  if (!pem::is_certificate(block))
    return base::error(base::Code::certificate,
                       fmt::format("PEM {} is no certificate", pem::place(block)))
        .with_detail(fmt::format("It is a \"{}\".", base::printable_line(block.label)))
        .with_hint("Keep certificates, and nothing else, in a trust bundle.");
  auto certificate = Certificate::from_der(TRY(pem::bytes(block, base::Code::certificate)));
  if (!certificate) return in_block(block, std::move(certificate).error());
  return certificate;
}

}  // namespace

Bundle::Bundle(std::vector<Certificate> certificates) {
  std::set<std::string> seen;
  for (Certificate& certificate : certificates)
    if (seen.insert(certificate.fingerprint).second)
      certificates_.push_back(std::move(certificate));
}

base::Result<Bundle> Bundle::from_pem(std::string_view pem) {
  if (pem.size() > bundle_bytes)
    return base::error(base::Code::certificate, "trust bundle is larger than 4 MiB");
  std::vector<Certificate> certificates;
  for (const pem::Block& block : TRY(pem::blocks(pem, base::Code::certificate)))
    certificates.push_back(TRY(read_block(block)));
  return Bundle(std::move(certificates));
}

std::string Bundle::to_pem() const {
  std::string text;
  for (const Certificate& certificate : certificates_)
    text += "# " + certificate.subject + "\n" + certificate.to_pem();
  return text;
}

bool Bundle::contains(const Certificate& certificate) const {
  return std::find(certificates_.begin(), certificates_.end(), certificate) != certificates_.end();
}

Bundle Bundle::merged(const Bundle& other) const {
  std::vector<Certificate> all = certificates_;
  all.insert(all.end(), other.certificates_.begin(), other.certificates_.end());
  return Bundle(std::move(all));
}

Bundle Bundle::without(const Certificate& certificate) const {
  Bundle rest = *this;
  std::erase(rest.certificates_, certificate);
  return rest;
}

}  // namespace x509
