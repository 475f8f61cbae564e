// SPDX-License-Identifier: PostgreSQL
#include "x509/request.h"

#include <fmt/format.h>

#include "x509/der.h"
#include "x509/digest.h"
#include "x509/names.h"
#include "x509/openssl.h"

namespace x509 {
namespace {

constexpr std::size_t request_bytes = 16 * 1024;
constexpr int least_rsa_bits = 2048;  // NIST SP 800-57 part 1: 112 bits of strength
constexpr int most_rsa_bits = 8192;   // beyond it a handshake costs too much

/// CertificationRequest (RFC 2986 section 4.2), views into the request.
struct Parts {
  std::string_view signed_bytes;
  std::string_view spki;
  std::string algorithm;
  std::string_view signature;
};

base::Result<Parts> split(std::string_view bytes) {
  der::Reader outer(bytes);
  der::Reader request(TRY(outer.take(der::sequence, "certificationRequest")).content);
  TRY(outer.end("certificationRequest"));
  Parts parts;
  const der::Element body = TRY(request.take(der::sequence, "certificationRequestInfo"));
  parts.signed_bytes = body.whole;
  der::Reader fields(body.content);
  if (TRY(fields.small_integer("version")) != 0) return der::broken("version", "is not 0");
  TRY(fields.take(der::sequence, "subject"));
  parts.spki = TRY(fields.take(der::sequence, "subjectPKInfo"))
  .whole;
  if (fields.peek() == der::context_constructed(0)) TRY(fields.any("attributes"));
  TRY(fields.end("attributes"));
  const der::Element algorithm = TRY(request.take(der::sequence, "signatureAlgorithm"));
  parts.algorithm = TRY(signature_algorithm_name(algorithm.content));
  parts.signature = TRY(request.whole_octets("signature"));
  TRY(request.end("signature"));
  return parts;
}

base::Error refused(std::string detail) {
  return base::error(base::Code::authority_request, "signing request is not acceptable")
      .with_detail(std::move(detail));
}

/// The name of a key that we certify, or why not.
base::Result<std::string> acceptable(const SpkiParts& key) {
  if (key.name == "P-256" || key.name == "P-384") return key.name;
  if (key.name != "RSA")
    return refused(
        fmt::format("Its key is of type {}; accepted are P-256, P-384 and RSA.", key.name));
  if (key.bits < least_rsa_bits || key.bits > most_rsa_bits)
    return refused(fmt::format("Its RSA key has {} bits; accepted are {} to {}.", key.bits,
                               least_rsa_bits, most_rsa_bits));
  return fmt::format("RSA-{}", key.bits);
}

const EVP_MD* digest_of(const std::string& algorithm, bool rsa) {
  if (algorithm == (rsa ? "sha256WithRSAEncryption" : "ecdsa-with-SHA256")) return EVP_sha256();
  if (algorithm == (rsa ? "sha384WithRSAEncryption" : "ecdsa-with-SHA384")) return EVP_sha384();
  if (algorithm == (rsa ? "sha512WithRSAEncryption" : "ecdsa-with-SHA512")) return EVP_sha512();
  return nullptr;
}

base::Result<void> prove_possession(const Parts& parts, bool rsa) {
  const EVP_MD* digest = digest_of(parts.algorithm, rsa);
  if (digest == nullptr) return refused(fmt::format("It is signed with {}.", parts.algorithm));
  const KeyOwner key = public_key(parts.spki);
  if (!key) {
    ERR_clear_error();
    return refused("Its public key is no key.");
  }
  const auto bytes = [](std::string_view view) {
    return reinterpret_cast<const unsigned char*>(view.data());
  };
  const DigestContextOwner context(EVP_MD_CTX_new());
  const bool good = EVP_DigestVerifyInit(context.get(), nullptr, digest, nullptr, key.get()) == 1 &&
                    EVP_DigestVerify(context.get(), bytes(parts.signature), parts.signature.size(),
                                     bytes(parts.signed_bytes), parts.signed_bytes.size()) == 1;
  ERR_clear_error();
  if (!good) return refused("Its signature was not made by its own key.");
  return {};
}

}  // namespace

base::Result<std::string> make_request(const PrivateKey& key, std::string_view common_name_hint) {
  const RequestOwner request(X509_REQ_new());
  const bool hint = !common_name_hint.empty() && common_name_hint.size() <= common_name_characters;
  const auto* text = reinterpret_cast<const unsigned char*>(common_name_hint.data());
  const SpkiParts parts = TRY(read_spki(key.spki()));
  const bool filled =
      request && X509_REQ_set_version(request.get(), X509_REQ_VERSION_1) == 1 &&
      (!hint || X509_NAME_add_entry_by_NID(
                    X509_REQ_get_subject_name(request.get()), NID_commonName, MBSTRING_UTF8, text,
                    static_cast<int>(common_name_hint.size()), -1, 0) == 1) &&
      copy_key(X509_REQ_get_X509_PUBKEY(request.get()), parts);
  if (!filled || X509_REQ_sign(request.get(), key.handle(), signature_digest(key.handle())) <= 0)
    return openssl_error(base::Code::key, "could not make signing request");
  unsigned char* der = nullptr;
  const int length = i2d_X509_REQ(request.get(), &der);
  if (length <= 0) return openssl_error(base::Code::key, "could not encode signing request");
  std::string bytes(reinterpret_cast<const char*>(der), static_cast<std::size_t>(length));
  OPENSSL_free(der);
  return bytes;
}

base::Result<Request> Request::parse(std::string_view der) {
  if (der.size() > request_bytes) return refused("It is larger than 16 KiB.");
  auto parts = split(der);
  if (!parts) return refused(parts.error().detail);
  auto key = read_spki(parts->spki);
  if (!key) return refused(key.error().detail);
  std::string name = TRY(acceptable(*key));
  TRY(prove_possession(*parts, key->name == "RSA"));
  return Request(std::string(parts->spki), std::move(name));
}

std::string Request::spki_sha256() const { return sha256_hex(spki_); }

}  // namespace x509
