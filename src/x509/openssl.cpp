// SPDX-License-Identifier: PostgreSQL
#include "x509/openssl.h"

#include <openssl/core_names.h>
#include <openssl/param_build.h>

#include <array>

#include "x509/der.h"

namespace x509 {
namespace {

/// A point in uncompressed form (SEC 1 section 2.3.3) of a curve that EVP knows by `group`.
KeyOwner key_of_point(const char* group, std::string_view point) {
  std::array<OSSL_PARAM, 3> parameters = {
      OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, const_cast<char*>(group), 0),
      OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY, const_cast<char*>(point.data()),
                                        point.size()),
      OSSL_PARAM_construct_end()};
  const Owner<EVP_PKEY_CTX, EVP_PKEY_CTX_free> context(
      EVP_PKEY_CTX_new_from_name(nullptr, "EC", nullptr));
  EVP_PKEY* key = nullptr;
  if (!context || EVP_PKEY_fromdata_init(context.get()) != 1 ||
      EVP_PKEY_fromdata(context.get(), &key, EVP_PKEY_PUBLIC_KEY, parameters.data()) != 1)
    return nullptr;
  return KeyOwner(key);
}

}  // namespace

base::Error openssl_error(base::Code code, std::string message) {
  std::string reason;
  if (const unsigned long first = ERR_peek_error(); first != 0) {
    const char* text = ERR_reason_error_string(first);
    reason = text != nullptr ? text : "OpenSSL error " + std::to_string(first);
  }
  ERR_clear_error();
  base::Error error = base::error(code, std::move(message));
  if (reason.empty()) return error;
  return std::move(error).with_detail("OpenSSL says: " + reason + ".");
}

BioOwner read_only_bio(std::string_view bytes) {
  return BioOwner(BIO_new_mem_buf(bytes.data(), static_cast<int>(bytes.size())));
}

std::string_view bio_content(BIO* bio) {
  const char* start = nullptr;
  const long length = BIO_get_mem_data(bio, &start);
  return {start, length > 0 ? static_cast<std::size_t>(length) : 0};
}

KeyOwner public_key(std::string_view spki) {
  const auto parts = read_spki(spki);
  if (!parts) return nullptr;
  const bool uncompressed = !parts->key.empty() && parts->key[0] == '\x04';
  if (uncompressed && parts->name == "P-256") return key_of_point("P-256", parts->key);
  if (uncompressed && parts->name == "P-384") return key_of_point("P-384", parts->key);
  return KeyOwner(from_der_with(d2i_PUBKEY, spki));
}

bool copy_key(X509_PUBKEY* target, const SpkiParts& key) {
  ObjectOwner algorithm(from_der_with(d2i_ASN1_OBJECT, key.algorithm));
  if (!algorithm) return false;
  int type = key.parameters.empty() ? V_ASN1_UNDEF : V_ASN1_NULL;
  ObjectOwner curve;
  if (!key.parameters.empty() && key.parameters[0] == der::object_identifier) {
    curve.reset(from_der_with(d2i_ASN1_OBJECT, key.parameters));
    type = V_ASN1_OBJECT;
  }
  auto* bits = static_cast<unsigned char*>(OPENSSL_memdup(key.key.data(), key.key.size()));
  if (bits == nullptr || X509_PUBKEY_set0_param(target, algorithm.get(), type, curve.get(), bits,
                                                static_cast<int>(key.key.size())) != 1) {
    OPENSSL_free(bits);
    return false;
  }
  static_cast<void>(algorithm.release());  // now the target's own
  static_cast<void>(curve.release());
  return true;
}

const EVP_MD* signature_digest(const EVP_PKEY* key) {
  if (EVP_PKEY_is_a(key, "EC") == 1 && EVP_PKEY_get_bits(key) == 384) return EVP_sha384();
  if (EVP_PKEY_is_a(key, "EC") == 1 || EVP_PKEY_is_a(key, "RSA") == 1) return EVP_sha256();
  return nullptr;
}

}  // namespace x509
