// SPDX-License-Identifier: PostgreSQL
// A private key: made, read, written; it leaves only as base::Secret or encrypted
// (key_encryption.h). Never asks a terminal for a passphrase: the callers are daemons and hosts
// reached over ssh, where a prompt is a hang.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/secret.h"

struct evp_pkey_st;

namespace x509 {

struct Certificate;

/// What pgseal makes. No Ed25519: libpq's channel binding fails where the *issuer's* key is Ed25519
/// (RFC 5929 section 4.1 names no hash for it), and SCRAM with channel binding is the default.
enum class KeyType : std::uint8_t { p256, p384, rsa3072 };

/// "P-256", "P-384", "RSA-3072"; and back (case counts not), null for any other word.
std::string_view to_string(KeyType type);
std::optional<KeyType> key_type(std::string_view word);

class PrivateKey {
 public:
  /// Error Code::key where the library refuses.
  static base::Result<PrivateKey> generate(KeyType type);

  /// The first private key of a PEM text; other blocks are passed over. Errors: Code::key for a
  /// text that holds none, is broken, or is encrypted while `passphrase` is null;
  /// Code::authority_passphrase where the passphrase does not open it.
  static base::Result<PrivateKey> from_pem(std::string_view pem,
                                           const base::Secret* passphrase = nullptr);

  PrivateKey(PrivateKey&&) noexcept = default;
  PrivateKey& operator=(PrivateKey&&) noexcept = default;
  ~PrivateKey() = default;

  /// PKCS#8 (RFC 5208), not encrypted: the form of a server's or client's key file.
  [[nodiscard]] base::Secret to_pem() const;

  /// The public half: SubjectPublicKeyInfo in DER, and its SHA-256 in hexadecimal.
  [[nodiscard]] const std::string& spki() const { return spki_; }
  [[nodiscard]] std::string spki_sha256() const;

  [[nodiscard]] bool matches(const Certificate& certificate) const;

  /// For x509/'s own files, probe/ and node/'s connect query; lives as long as this object.
  [[nodiscard]] evp_pkey_st* handle() const { return key_.get(); }

 private:
  struct Free {
    void operator()(evp_pkey_st* key) const;
  };
  PrivateKey(evp_pkey_st* owned, std::string spki) : key_(owned), spki_(std::move(spki)) {}
  static base::Result<PrivateKey> adopt(evp_pkey_st* owned);

  std::unique_ptr<evp_pkey_st, Free> key_;
  std::string spki_;
};

}  // namespace x509
