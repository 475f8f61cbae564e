// SPDX-License-Identifier: PostgreSQL
// A certificate (RFC 5280) as a plain value: every fact that pgseal speaks of, read once from its
// DER. Read by a decoder of our own (der.h) and not by the library that writes ours, so that the
// lint looks with other eyes; what comes from outside must please the library too, because
// PostgreSQL will load it with that.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"

namespace x509 {

/// Larger DER is refused unread; real certificates have one to three kilobytes.
inline constexpr std::size_t certificate_bytes = 64 * 1024;

/// Bits of `Certificate::key_usage`, numbered as RFC 5280 4.2.1.3 does.
enum KeyUsage : std::uint16_t {
  digital_signature = 1U << 0,
  non_repudiation = 1U << 1,
  key_encipherment = 1U << 2,
  data_encipherment = 1U << 3,
  key_agreement = 1U << 4,
  key_cert_sign = 1U << 5,
  crl_sign = 1U << 6,
  encipher_only = 1U << 7,
  decipher_only = 1U << 8,
};

struct BasicConstraints {
  bool critical = false;
  bool ca = false;
  std::optional<int> path_length;
  bool operator==(const BasicConstraints&) const = default;
};

/// Made by the functions below, then only read. All texts from names are valid UTF-8 on one line:
/// control characters, NUL and bytes of no character are spelled out (`\x00`), never cut at.
struct Certificate {
  std::string der;  ///< the whole, as it was signed
  std::string tbs;  ///< tbsCertificate in DER: what the signature covers
  int version = 0;  ///< 3 for v3

  std::string serial;          ///< the INTEGER's content octets, big-endian two's complement
  std::string serial_hex;      ///< lower case, as many digits as octets: the ledger's key
  std::string serial_decimal;  ///< as pg_stat_ssl.client_serial prints it

  std::string subject;       ///< PostgreSQL's form, not cut: "/O=shop/CN=app"
  std::string issuer;        ///< the same
  std::string subject_name;  ///< Name in DER, to compare
  std::string issuer_name;
  std::vector<std::string> common_names;  ///< of the subject, in order; PostgreSQL takes the first

  base::Time not_before;
  base::Time not_after;

  std::vector<std::string> dns_names;
  std::vector<std::string> ip_addresses;  ///< "192.0.2.1", "2001:db8::1"
  std::vector<std::string> other_names;  ///< other kinds of the SAN: "email:…", "uri:…", "other"
  bool subject_alternative_names_critical = false;

  std::string subject_key_id;    ///< hex, empty: none (RFC 5280 4.2.1.2)
  std::string authority_key_id;  ///< hex, empty: none (RFC 5280 4.2.1.1)

  std::optional<BasicConstraints> basic_constraints;
  std::optional<std::uint16_t> key_usage;  ///< bits of KeyUsage; null: no such extension
  bool key_usage_critical = false;
  /// "serverAuth", "clientAuth", "anyExtendedKeyUsage", or an OID in digits. Empty: no extension.
  std::vector<std::string> extended_key_usage;
  std::vector<std::string> extensions;  ///< OIDs in digits, in order; a repeated one is an error
  std::vector<std::string> unknown_critical;  ///< OIDs of critical extensions not read here

  std::string signature_algorithm;  ///< "ecdsa-with-SHA256", "sha256WithRSAEncryption", "Ed25519"
  std::string key_algorithm;        ///< "P-256", "P-384", "P-521", "RSA", "Ed25519", or an OID
  int key_bits = 0;                 ///< 256, 384, 3072 …; 0: unknown

  std::string spki;         ///< SubjectPublicKeyInfo in DER
  std::string spki_sha256;  ///< hex
  std::string fingerprint;  ///< SHA-256 of the whole, hex

  /// The DER of exactly one certificate, nothing after it. Error Code::certificate says at which
  /// part it broke.
  static base::Result<Certificate> from_der(std::string_view der);

  /// The first certificate of a PEM text (RFC 7468). Bundle reads several.
  static base::Result<Certificate> from_pem(std::string_view pem);

  /// As from_der, for DER that OpenSSL has itself written or accepted a moment ago (a handshake's):
  /// a tenth of the time, because the key is not decoded once more.
  static base::Result<Certificate> decode(std::string_view der);

  /// As from_pem, for what OpenSSL has accepted where it came from: a node's facts, a handshake,
  /// our own ledger.
  static base::Result<Certificate> decode_pem(std::string_view pem);

  [[nodiscard]] std::string to_pem() const;

  /// What PostgreSQL takes for the name with `cert` and `clientname=CN`; empty: none.
  [[nodiscard]] std::string subject_cn() const {
    return common_names.empty() ? std::string() : common_names.front();
  }
  [[nodiscard]] bool is_ca() const { return basic_constraints && basic_constraints->ca; }
  [[nodiscard]] bool valid_at(base::Time at) const { return not_before <= at && at <= not_after; }
  [[nodiscard]] bool self_issued() const { return subject_name == issuer_name; }

  /// True where `issuer`'s name is our issuer's and its key made our signature. Says nothing of
  /// dates, usages or constraints.
  [[nodiscard]] bool signed_by(const Certificate& authority) const;

  bool operator==(const Certificate& other) const { return der == other.der; }
};

}  // namespace x509
