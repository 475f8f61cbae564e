// SPDX-License-Identifier: PostgreSQL
// Certificate signing requests (PKCS#10, RFC 2986). Only the public key and the proof that its
// private half is at hand are taken from one; names and usages come from the configuration, so a
// host cannot ask to be someone else.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "x509/key.h"

namespace x509 {

/// A request in DER. `common_name_hint` is for the person who looks at it with `openssl req`; the
/// authority does not read it. Error Code::key.
base::Result<std::string> make_request(const PrivateKey& key, std::string_view common_name_hint);

/// Holding one means: the sender held the private key, and the key is acceptable.
class Request {
 public:
  /// DER of exactly one request, at most 16 KiB, signed by its own key, which is P-256, P-384 or
  /// RSA of 2048 to 8192 bits. Anything else is an error Code::authority_request.
  static base::Result<Request> parse(std::string_view der);

  [[nodiscard]] const std::string& spki() const { return spki_; }     ///< DER
  [[nodiscard]] std::string spki_sha256() const;                      ///< hex
  [[nodiscard]] const std::string& key_name() const { return key_; }  ///< "P-256", "RSA-3072"

 private:
  Request(std::string spki, std::string key) : spki_(std::move(spki)), key_(std::move(key)) {}
  std::string spki_;
  std::string key_;
};

}  // namespace x509
