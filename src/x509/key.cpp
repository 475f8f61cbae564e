// SPDX-License-Identifier: PostgreSQL
#include "x509/key.h"

#include <openssl/pem.h>

#include <algorithm>
#include <array>

#include "base/text.h"
#include "x509/certificate.h"
#include "x509/digest.h"
#include "x509/openssl.h"
#include "x509/pem.h"

namespace x509 {
namespace {

struct TypeName {
  KeyType type;
  std::string_view word;
};
constexpr std::array<TypeName, 3> type_names = {
    {{KeyType::p256, "P-256"}, {KeyType::p384, "P-384"}, {KeyType::rsa3072, "RSA-3072"}}};

/// What OpenSSL asks when a key is encrypted. Never a terminal.
struct Prompt {
  const base::Secret* passphrase;
  bool asked = false;
};

int answer(char* buffer, int size, int, void* prompt_pointer) {
  auto& prompt = *static_cast<Prompt*>(prompt_pointer);
  prompt.asked = true;
  if (prompt.passphrase == nullptr) return -1;
  const std::string_view passphrase = prompt.passphrase->expose_secret();
  if (passphrase.size() > static_cast<std::size_t>(size)) return -1;
  std::copy(passphrase.begin(), passphrase.end(), buffer);
  return static_cast<int>(passphrase.size());
}

base::Error cannot_read(const Prompt& prompt) {
  if (!prompt.asked) return openssl_error(base::Code::key, "could not read private key");
  ERR_clear_error();
  if (prompt.passphrase == nullptr)
    return base::error(base::Code::key, "private key is encrypted")
        .with_detail("No passphrase was given for it.");
  return base::error(base::Code::authority_passphrase, "passphrase does not open the private key");
}

}  // namespace

std::string_view to_string(KeyType type) {
  for (const TypeName& row : type_names)
    if (row.type == type) return row.word;
  return {};
}

std::optional<KeyType> key_type(std::string_view word) {
  for (const TypeName& row : type_names)
    if (base::lower(row.word) == base::lower(word)) return row.type;
  return std::nullopt;
}

void PrivateKey::Free::operator()(evp_pkey_st* key) const { EVP_PKEY_free(key); }

base::Result<PrivateKey> PrivateKey::adopt(evp_pkey_st* owned) {
  PrivateKey key(owned, {});
  unsigned char* spki = nullptr;
  const int length = i2d_PUBKEY(owned, &spki);
  if (length <= 0) return openssl_error(base::Code::key, "could not encode public key");
  key.spki_.assign(reinterpret_cast<const char*>(spki), static_cast<std::size_t>(length));
  OPENSSL_free(spki);
  return key;
}

base::Result<PrivateKey> PrivateKey::generate(KeyType type) {
  EVP_PKEY* key = nullptr;
  switch (type) {
    case KeyType::p256:
      key = EVP_EC_gen("P-256");
      break;
    case KeyType::p384:
      key = EVP_EC_gen("P-384");
      break;
    case KeyType::rsa3072:
      key = EVP_RSA_gen(3072);
      break;
  }
  if (key == nullptr) return openssl_error(base::Code::key, "could not generate private key");
  return adopt(key);
}

base::Result<PrivateKey> PrivateKey::from_pem(std::string_view pem,
                                              const base::Secret* passphrase) {
  const auto blocks = TRY(pem::blocks(pem, base::Code::key));
  const auto block = std::find_if(blocks.begin(), blocks.end(), pem::is_private_key);
  if (block == blocks.end())
    return base::error(base::Code::key, "text holds no private key")
        .with_detail("No \"-----BEGIN PRIVATE KEY-----\" stands in it.");
  Prompt prompt{passphrase};
  const BioOwner source = read_only_bio(block->text);
  EVP_PKEY* key = PEM_read_bio_PrivateKey(source.get(), nullptr, answer, &prompt);
  if (key == nullptr) return cannot_read(prompt);
  ERR_clear_error();  // the decoders that did not fit leave theirs behind
  return adopt(key);
}

base::Secret PrivateKey::to_pem() const {
  const BioOwner target(BIO_new(BIO_s_secmem()));
  PEM_write_bio_PKCS8PrivateKey(target.get(), key_.get(), nullptr, nullptr, 0, nullptr, nullptr);
  return base::Secret(std::string(bio_content(target.get())));
}

std::string PrivateKey::spki_sha256() const { return sha256_hex(spki_); }

bool PrivateKey::matches(const Certificate& certificate) const {
  if (certificate.spki == spki_) return true;
  // The same point may be written compressed; only the library can tell.
  const KeyOwner theirs = public_key(certificate.spki);
  const bool equal = theirs && EVP_PKEY_eq(key_.get(), theirs.get()) == 1;
  ERR_clear_error();
  return equal;
}

}  // namespace x509
