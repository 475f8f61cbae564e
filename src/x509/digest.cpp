// SPDX-License-Identifier: PostgreSQL
#include "x509/digest.h"

#include <openssl/rand.h>
#include <openssl/sha.h>

#include <stdexcept>

#include "base/text.h"
#include "x509/openssl.h"

namespace x509 {
namespace {

/// Fetched once: with each use OpenSSL 3.0 would look the algorithm up anew, which costs more than
/// hashing a record.
const EVP_MD* sha256_algorithm() {
  static const EVP_MD* const fetched = EVP_MD_fetch(nullptr, "SHA256", nullptr);
  if (fetched == nullptr) throw std::runtime_error("OpenSSL has no SHA-256");
  return fetched;
}

}  // namespace

void Sha256::Free::operator()(evp_md_ctx_st* context) const { EVP_MD_CTX_free(context); }

Sha256::Sha256() : context_(EVP_MD_CTX_new()) {
  if (!context_ || EVP_DigestInit_ex(context_.get(), sha256_algorithm(), nullptr) != 1)
    throw std::runtime_error("OpenSSL refuses SHA-256");
}

void Sha256::update(std::string_view bytes) {
  EVP_DigestUpdate(context_.get(), bytes.data(), bytes.size());
}

std::string Sha256::finish() {
  std::string digest(SHA256_DIGEST_LENGTH, '\0');
  EVP_DigestFinal_ex(context_.get(), reinterpret_cast<unsigned char*>(digest.data()), nullptr);
  EVP_DigestInit_ex(context_.get(), nullptr, nullptr);
  return digest;
}

std::string sha256(std::string_view bytes) {
  Sha256 digest;
  digest.update(bytes);
  return digest.finish();
}

std::string sha256_hex(std::string_view bytes) { return base::hex(sha256(bytes)); }

base::Result<std::string> random_bytes(std::size_t count) {
  std::string bytes(count, '\0');
  if (RAND_bytes(reinterpret_cast<unsigned char*>(bytes.data()), static_cast<int>(count)) != 1)
    return openssl_error(base::Code::key, "could not get random bytes");
  return bytes;
}

}  // namespace x509
