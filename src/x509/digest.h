// SPDX-License-Identifier: PostgreSQL
// SHA-256 (FIPS 180-4) and the system's random bytes: what serial numbers, fingerprints, expected
// file states and the audit log's chain are made of.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"

struct evp_md_ctx_st;

namespace x509 {

/// 32 raw bytes.
std::string sha256(std::string_view bytes);
/// The same as 64 lower-case hexadecimal digits.
std::string sha256_hex(std::string_view bytes);

/// The same, fed piece by piece.
class Sha256 {
 public:
  Sha256();
  Sha256(Sha256&&) noexcept = default;
  Sha256& operator=(Sha256&&) noexcept = default;
  ~Sha256() = default;
  void update(std::string_view bytes);
  /// 32 raw bytes; the object starts anew.
  std::string finish();

 private:
  struct Free {
    void operator()(evp_md_ctx_st* context) const;
  };
  std::unique_ptr<evp_md_ctx_st, Free> context_;
};

/// `count` bytes of the cryptographic generator. An error (Code::key) where it is not seeded.
base::Result<std::string> random_bytes(std::size_t count);

}  // namespace x509
