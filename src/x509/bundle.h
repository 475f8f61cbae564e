// SPDX-License-Identifier: PostgreSQL
// Trust bundles (root.crt, ssl_ca_file): a PEM text of several certificates. Always written by
// parsing and re-encoding, never by joining files: one broken block makes PostgreSQL refuse the
// whole reload ("could not load root certificate file").
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "x509/certificate.h"

namespace x509 {

/// A larger text is refused unread; the largest public collections have 250 kB.
inline constexpr std::size_t bundle_bytes = 4 * 1024 * 1024;

class Bundle {
 public:
  Bundle() = default;
  explicit Bundle(std::vector<Certificate> certificates);

  /// Text between blocks is passed over. A block that is broken, or holds something else (a CRL, a
  /// key), is an error Code::certificate naming its number and line: what cannot be written back is
  /// not read. A text without blocks is an empty bundle.
  static base::Result<Bundle> from_pem(std::string_view pem);

  /// Each certificate with its subject on a line before it; `from_pem` gives the same bundle.
  [[nodiscard]] std::string to_pem() const;

  [[nodiscard]] const std::vector<Certificate>& certificates() const { return certificates_; }
  [[nodiscard]] bool empty() const { return certificates_.empty(); }
  [[nodiscard]] bool contains(const Certificate& certificate) const;

  /// Ours, then the other's that we lack: foreign roots stay. Twins by DER are held once.
  [[nodiscard]] Bundle merged(const Bundle& other) const;
  [[nodiscard]] Bundle without(const Certificate& certificate) const;

  bool operator==(const Bundle&) const = default;

 private:
  std::vector<Certificate> certificates_;
};

}  // namespace x509
