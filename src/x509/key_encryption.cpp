// SPDX-License-Identifier: PostgreSQL
#include "x509/key_encryption.h"

#include <openssl/pem.h>
#include <openssl/pkcs12.h>

#include "x509/digest.h"
#include "x509/key.h"
#include "x509/openssl.h"

namespace x509 {
namespace {

using base::Code;

// RFC 7914. One of the equal choices of OWASP's password storage sheet, and the strongest of them
// that every OpenSSL opens: it gives scrypt at most 32 MiB, N=2^14 with r=8 takes 16.
constexpr std::uint64_t scrypt_n = 1U << 14;
constexpr std::uint64_t scrypt_r = 8;
constexpr std::uint64_t scrypt_p = 5;
constexpr std::size_t salt_bytes = 16;
constexpr std::size_t key_bytes = 32;  ///< of AES-256
constexpr std::size_t block_bytes = 16;

using AlgorithmOwner = Owner<X509_ALGOR, X509_ALGOR_free>;
using PlainOwner = Owner<PKCS8_PRIV_KEY_INFO, PKCS8_PRIV_KEY_INFO_free>;
using EncryptedOwner = Owner<X509_SIG, X509_SIG_free>;
using CipherOwner = Owner<EVP_CIPHER_CTX, EVP_CIPHER_CTX_free>;

unsigned char* bytes_of(std::string& text) { return reinterpret_cast<unsigned char*>(text.data()); }

const unsigned char* bytes_of(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

base::Error refused() { return openssl_error(Code::key, "could not encrypt private key"); }

base::Result<base::Secret> der_of(const PrivateKey& key) {
  const PlainOwner plain(EVP_PKEY2PKCS8(key.handle()));
  unsigned char* der = nullptr;
  const int length = plain ? i2d_PKCS8_PRIV_KEY_INFO(plain.get(), &der) : -1;
  if (length <= 0) return refused();
  base::Secret copy(std::string(reinterpret_cast<const char*>(der), static_cast<size_t>(length)));
  OPENSSL_clear_free(der, static_cast<std::size_t>(length));
  return copy;
}

/// AES-256-CBC with the padding of RFC 8018 section 6.1.1, which is the library's own.
base::Result<std::string> encrypted(std::string_view plain, std::string_view key,
                                    std::string_view vector) {
  const CipherOwner cipher(EVP_CIPHER_CTX_new());
  std::string text(plain.size() + block_bytes, '\0');
  int length = 0;
  int rest = 0;
  const bool done = cipher != nullptr &&
                    EVP_EncryptInit_ex(cipher.get(), EVP_aes_256_cbc(), nullptr, bytes_of(key),
                                       bytes_of(vector)) == 1 &&
                    EVP_EncryptUpdate(cipher.get(), bytes_of(text), &length, bytes_of(plain),
                                      static_cast<int>(plain.size())) == 1 &&
                    EVP_EncryptFinal_ex(cipher.get(), bytes_of(text) + length, &rest) == 1;
  if (!done) return refused();
  text.resize(static_cast<std::size_t>(length + rest));
  return text;
}

}  // namespace

base::Result<KeyEncryption> KeyEncryption::derive(const base::Secret& passphrase) {
  if (passphrase.empty()) return base::error(Code::authority_passphrase, "passphrase is empty");
  std::string salt = TRY(random_bytes(salt_bytes));
  const std::string_view secret = passphrase.expose_secret();
  std::string derived(key_bytes, '\0');
  const int done =
      EVP_PBE_scrypt(secret.data(), secret.size(), bytes_of(salt), salt.size(), scrypt_n, scrypt_r,
                     scrypt_p, 0, bytes_of(derived), derived.size());
  base::Secret key(std::move(derived));
  if (done != 1) return refused();
  return KeyEncryption(std::move(salt), std::move(key));
}

base::Result<std::string> KeyEncryption::encrypt(const PrivateKey& key) const {
  std::string vector = TRY(random_bytes(block_bytes));
  std::string salt = salt_;
  const AlgorithmOwner scheme(PKCS5_pbe2_set_scrypt(EVP_aes_256_cbc(), bytes_of(salt),
                                                    static_cast<int>(salt.size()), bytes_of(vector),
                                                    scrypt_n, scrypt_r, scrypt_p));
  const base::Secret plain = TRY(der_of(key));
  const std::string text = TRY(encrypted(plain.expose_secret(), derived_.expose_secret(), vector));
  const EncryptedOwner whole(X509_SIG_new());
  if (!scheme || !whole) return refused();
  X509_ALGOR* algorithm = nullptr;
  ASN1_OCTET_STRING* octets = nullptr;
  X509_SIG_getm(whole.get(), &algorithm, &octets);
  if (X509_ALGOR_copy(algorithm, scheme.get()) != 1 ||
      ASN1_OCTET_STRING_set(octets, bytes_of(std::string_view(text)),
                            static_cast<int>(text.size())) != 1)
    return refused();
  const BioOwner target(BIO_new(BIO_s_mem()));
  if (PEM_write_bio_PKCS8(target.get(), whole.get()) != 1)
    return openssl_error(Code::key, "could not encode private key");
  return std::string(bio_content(target.get()));
}

}  // namespace x509
