// SPDX-License-Identifier: PostgreSQL
// Private keys under a passphrase: PKCS#8 with PBES2 (RFC 8018): scrypt (RFC 7914) N=2^14, r=8,
// p=5, and AES-256-CBC, as `openssl pkey` reads it. The derivation is slow on purpose, so keys that
// are written together share one: RFC 8018 section 4.1 asks of a salt that nobody can prepare for
// it, and each key still has an initialization vector of its own. Whoever guesses the passphrase
// gains nothing by it, because it opens all of them anyway.
#pragma once

#include <string>

#include "base/result.h"
#include "base/secret.h"

namespace x509 {

class PrivateKey;

class KeyEncryption {
 public:
  /// Derives under a new salt; takes a third of a second. Errors: Code::authority_passphrase where
  /// the passphrase is empty; Code::key where the library refuses.
  static base::Result<KeyEncryption> derive(const base::Secret& passphrase);

  /// The key as PEM; each call takes a new initialization vector. Error Code::key where the library
  /// refuses.
  [[nodiscard]] base::Result<std::string> encrypt(const PrivateKey& key) const;

 private:
  KeyEncryption(std::string salt, base::Secret derived)
      : salt_(std::move(salt)), derived_(std::move(derived)) {}

  std::string salt_;
  base::Secret derived_;
};

}  // namespace x509
