// SPDX-License-Identifier: PostgreSQL
// Issuing in an order that cannot be written otherwise: draft → approval → signature. A draft is
// built and signed with a throw-away key, linted, and only the approval that comes of it, once, can
// be signed. What is signed then are the linted bytes themselves.
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "base/finding.h"
#include "base/result.h"
#include "base/time.h"
#include "x509/certificate.h"
#include "x509/key.h"
#include "x509/profile.h"
#include "x509/request.h"

namespace x509 {

/// notBefore is set back by this, for clocks that disagree.
inline constexpr std::chrono::seconds backdating = std::chrono::hours(1);

/// What will be signed, but for the key. Names come from the configuration.
struct Draft {
  ProfileName profile = ProfileName::server;
  Subject subject;
  std::vector<std::string> dns_names;
  std::vector<std::string> ip_addresses;  ///< as inet_pton(3) reads them
  std::string serial;                     ///< 17 octets, the first in 1..127
  base::Time not_before;
  base::Time not_after;
};

/// 17 random octets, the top bit clear and the first not zero, so that the number is positive, of
/// constant length, and holds over 128 random bits (RFC 5280 4.1.2.2; CA/Browser Forum asks 64).
base::Result<std::string> new_serial();

/// A draft for a server: CN is the first DNS name, or the first address where there is none.
/// Serial made here, notBefore = `at` - backdating, notAfter = `at` + `lifetime`.
struct ServerNames {
  std::vector<std::string> dns_names;
  std::vector<std::string> ip_addresses;
};
base::Result<Draft> draft_server(const std::string& organization, const ServerNames& names,
                                 base::Time at, std::chrono::seconds lifetime);
/// A draft for a client: CN is what PostgreSQL compares with the role or maps by pg_ident.conf.
base::Result<Draft> draft_client(const Subject& subject, base::Time at,
                                 std::chrono::seconds lifetime);

class Issuer;

/// The lint found no error in exactly this certificate, for exactly this issuer. Only an Issuer
/// makes it, and signing takes it away.
class Approval {
 public:
  Approval(Approval&&) noexcept = default;
  Approval& operator=(Approval&&) noexcept = default;
  Approval(const Approval&) = delete;
  Approval& operator=(const Approval&) = delete;
  ~Approval() = default;

  /// What will be signed, with a signature that is worth nothing: for the ledger, which must know
  /// serial and names before there is a signature. Not to be asked once signed.
  [[nodiscard]] const Certificate& preview() const { return *preview_; }
  /// What the lint said that is no error.
  [[nodiscard]] const base::Findings& remarks() const { return remarks_; }

 private:
  friend class Issuer;
  Approval(Certificate preview, base::Findings remarks, std::string issuer)
      : preview_(std::make_unique<Certificate>(std::move(preview))),
        remarks_(std::move(remarks)),
        issuer_(std::move(issuer)) {}

  std::unique_ptr<Certificate> preview_;  ///< null once it was signed or moved on
  base::Findings remarks_;
  std::string issuer_;  ///< fingerprint of the authority's certificate
};

/// The only holder of an authority's private key. Safe from several threads: nothing in it changes.
class Issuer {
 public:
  /// Error Code::authority_mismatch where the key is not the certificate's; Code::authority_refused
  /// where the key's type cannot serve, or the certificate may not sign others.
  static base::Result<Issuer> open(AuthorityKind kind, Certificate authority, PrivateKey key);

  [[nodiscard]] const Certificate& certificate() const { return authority_; }
  [[nodiscard]] AuthorityKind kind() const { return kind_; }

  /// Builds, signs with a throw-away key and lints. Errors: Code::authority_refused, whose detail
  /// has every finding, also where the draft outlives the authority (it is never shortened
  /// silently) or is not of this authority's kind.
  [[nodiscard]] base::Result<Approval> approve(const Draft& draft, const Request& request) const;

  /// The signed certificate. Error Code::authority_refused where the approval is another
  /// issuer's or was used.
  [[nodiscard]] base::Result<Certificate> sign(Approval&& approval) const;

 private:
  Issuer(AuthorityKind kind, Certificate authority, PrivateKey key, PrivateKey throw_away)
      : kind_(kind),
        authority_(std::move(authority)),
        key_(std::move(key)),
        throw_away_(std::move(throw_away)) {}

  AuthorityKind kind_;
  Certificate authority_;
  PrivateKey key_;
  PrivateKey throw_away_;  ///< of the key's kind, so that the algorithm inside the TBS is the same
};

}  // namespace x509
