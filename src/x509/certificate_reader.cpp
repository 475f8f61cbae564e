// SPDX-License-Identifier: PostgreSQL
// How a Certificate is read from its DER, field by field in the order of RFC 5280 section 4.1.
// Hostile bytes end in an error that names the field; nothing is skipped, guessed or cut.
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/text.h"
#include "x509/certificate.h"
#include "x509/der.h"
#include "x509/digest.h"
#include "x509/distinguished_name.h"
#include "x509/names.h"

namespace x509 {
namespace {

using base::Result;
using der::Element;
using der::Reader;

// RFC 5280 4.1.2.2 allows 20; some old issuers wrote more. Bounds the decimal conversion.
constexpr std::size_t serial_octets = 128;

/// Two's complement, big-endian, to decimal: what BN_bn2dec makes of an ASN1_INTEGER.
std::string decimal(std::string_view octets) {
  const bool negative = (static_cast<unsigned char>(octets[0]) & 0x80) != 0;
  std::string magnitude(octets);
  if (negative) {
    for (char& c : magnitude) c = static_cast<char>(~c);
    for (std::size_t i = magnitude.size(); i-- > 0 && ++magnitude[i] == 0;) {
    }
  }
  constexpr std::uint64_t group = 1'000'000'000;
  std::vector<std::uint64_t> groups = {0};  // least significant first
  for (const char c : magnitude) {
    std::uint64_t carry = static_cast<unsigned char>(c);
    for (std::uint64_t& part : groups) {
      carry += part << 8;
      part = carry % group;
      carry /= group;
    }
    if (carry != 0) groups.push_back(carry);
  }
  std::string text = fmt::format("{}{}", negative ? "-" : "", groups.back());
  for (std::size_t i = groups.size() - 1; i-- > 0;) text += fmt::format("{:09}", groups[i]);
  return text;
}

Result<void> read_serial(Certificate& out, std::string_view content) {
  if (content.empty() || content.size() > serial_octets)
    return der::broken("serialNumber", "is empty or longer than 128 octets");
  out.serial = content;
  out.serial_hex = base::hex(content);
  out.serial_decimal = decimal(content);
  return {};
}

Result<void> read_validity(Certificate& out, std::string_view content) {
  Reader reader(content);
  out.not_before = TRY(reader.time("notBefore"));
  out.not_after = TRY(reader.time("notAfter"));
  return reader.end("notAfter");
}

Result<void> read_names(Certificate& out) {
  NameTexts subject = TRY(read_name(out.subject_name));
  out.common_names = std::move(subject.common_names);
  out.subject = std::move(subject.slash);
  out.issuer = out.self_issued() ? out.subject : TRY(read_name(out.issuer_name))
  .slash;
  return {};
}

Result<void> read_basic_constraints(Certificate& out, std::string_view value, bool critical) {
  Reader outer(value);
  Reader inner(TRY(outer.take(der::sequence, "basicConstraints")).content);
  TRY(outer.end("basicConstraints"));
  BasicConstraints read;
  read.critical = critical;
  read.ca = TRY(inner.boolean_or_false("basicConstraints.cA"));
  if (!inner.at_end()) read.path_length = TRY(inner.small_integer("pathLenConstraint"));
  out.basic_constraints = read;
  return inner.end("pathLenConstraint");
}

/// Named bits: bit 0 is the highest of the first octet (X.690 8.6, RFC 5280 4.2.1.3).
Result<void> read_key_usage(Certificate& out, std::string_view value, bool critical) {
  Reader reader(value);
  const Element bits = TRY(reader.take(der::bit_string, "keyUsage"));
  TRY(reader.end("keyUsage"));
  if (bits.content.empty() || bits.content.size() > 3)
    return der::broken("keyUsage", "has not one to nine bits");
  std::uint16_t usage = 0;
  for (unsigned bit = 0; bit < 9; ++bit) {
    const std::size_t octet = 1 + bit / 8;
    if (octet >= bits.content.size()) break;
    if ((static_cast<unsigned char>(bits.content[octet]) >> (7 - bit % 8) & 1U) != 0)
      usage = static_cast<std::uint16_t>(usage | 1U << bit);
  }
  out.key_usage = usage;
  out.key_usage_critical = critical;
  return {};
}

Result<void> read_extended_key_usage(Certificate& out, std::string_view value, bool) {
  Reader outer(value);
  Reader inner(TRY(outer.take(der::sequence, "extKeyUsage")).content);
  TRY(outer.end("extKeyUsage"));
  while (!inner.at_end()) {
    const Element oid = TRY(inner.take(der::object_identifier, "extKeyUsage"));
    std::string digits = TRY(der::object_identifier_text(oid.content));
    if (digits == "1.3.6.1.5.5.7.3.1") digits = "serverAuth";
    if (digits == "1.3.6.1.5.5.7.3.2") digits = "clientAuth";
    if (digits == "2.5.29.37.0") digits = "anyExtendedKeyUsage";
    out.extended_key_usage.push_back(std::move(digits));
  }
  if (out.extended_key_usage.empty()) return der::broken("extKeyUsage", "is empty");
  return {};
}

Result<void> read_subject_key_id(Certificate& out, std::string_view value, bool) {
  Reader reader(value);
  out.subject_key_id =
      base::hex(TRY(reader.take(der::octet_string, "subjectKeyIdentifier")).content);
  return reader.end("subjectKeyIdentifier");
}

Result<void> read_authority_key_id(Certificate& out, std::string_view value, bool) {
  Reader outer(value);
  Reader inner(TRY(outer.take(der::sequence, "authorityKeyIdentifier")).content);
  if (inner.peek() == der::context(0))
    out.authority_key_id = base::hex(TRY(inner.any("keyIdentifier")).content);
  return outer.end("authorityKeyIdentifier");
}

Result<void> read_alternative_names(Certificate& out, std::string_view value, bool critical) {
  Reader outer(value);
  Reader inner(TRY(outer.take(der::sequence, "subjectAltName")).content);
  TRY(outer.end("subjectAltName"));
  out.subject_alternative_names_critical = critical;
  while (!inner.at_end()) {
    const Element name = TRY(inner.any("subjectAltName"));
    const std::string text = base::printable_line(name.content);
    if (name.tag == der::context(2))
      out.dns_names.push_back(text);
    else if (name.tag == der::context(7))
      out.ip_addresses.push_back(format_ip(name.content));
    else if (name.tag == der::context(1))
      out.other_names.push_back("email:" + text);
    else if (name.tag == der::context(6))
      out.other_names.push_back("uri:" + text);
    else
      out.other_names.emplace_back("other");
  }
  return {};
}

struct Known {
  std::string_view oid;
  Result<void> (*read)(Certificate&, std::string_view value, bool critical);
};

// RFC 5280 4.2.1
constexpr std::array<Known, 6> known_extensions = {{{"2.5.29.14", read_subject_key_id},
                                                    {"2.5.29.15", read_key_usage},
                                                    {"2.5.29.17", read_alternative_names},
                                                    {"2.5.29.19", read_basic_constraints},
                                                    {"2.5.29.35", read_authority_key_id},
                                                    {"2.5.29.37", read_extended_key_usage}}};

Result<void> read_extension(Certificate& out, std::string_view content) {
  Reader reader(content);
  const Element oid = TRY(reader.take(der::object_identifier, "extnID"));
  std::string digits = TRY(der::object_identifier_text(oid.content));
  const bool critical = TRY(reader.boolean_or_false("extension.critical"));
  const Element value = TRY(reader.take(der::octet_string, "extnValue"));
  TRY(reader.end("extnValue"));
  // RFC 5280 4.2: "MUST NOT include more than one instance of a particular extension"
  if (std::find(out.extensions.begin(), out.extensions.end(), digits) != out.extensions.end())
    return der::broken("extensions", fmt::format("has {} twice", digits));
  const auto known = std::find_if(known_extensions.begin(), known_extensions.end(),
                                  [&](const Known& candidate) { return candidate.oid == digits; });
  if (known != known_extensions.end())
    TRY(known->read(out, value.content, critical));
  else if (critical)
    out.unknown_critical.push_back(digits);
  out.extensions.push_back(std::move(digits));
  return {};
}

Result<void> read_extensions(Certificate& out, std::string_view content) {
  Reader outer(content);
  Reader list(TRY(outer.take(der::sequence, "extensions")).content);
  TRY(outer.end("extensions"));
  while (!list.at_end()) {
    const Element extension = TRY(list.take(der::sequence, "extension"));
    TRY(read_extension(out, extension.content));
  }
  return {};
}

Result<void> read_key(Certificate& out, std::string_view spki) {
  const SpkiParts parts = TRY(read_spki(spki));
  out.spki = spki;
  out.spki_sha256 = sha256_hex(spki);
  out.key_algorithm = parts.name;
  out.key_bits = parts.bits;
  return {};
}

/// What TBSCertificate holds behind the key: unique identifiers (nobody has any), extensions.
Result<void> read_tail(Certificate& out, Reader& tbs) {
  for (const int number : {1, 2})
    if (tbs.peek() == der::context(number)) TRY(tbs.any("uniqueID"));
  if (tbs.peek() == der::context_constructed(3)) {
    const Element extensions = TRY(tbs.any("extensions"));
    TRY(read_extensions(out, extensions.content));
  }
  return tbs.end("tbsCertificate");
}

/// RFC 5280 4.1.2; gives back the inner AlgorithmIdentifier, to compare with the outer one.
Result<std::string_view> read_tbs(Certificate& out, std::string_view content) {
  Reader tbs(content);
  out.version = 1;
  if (tbs.peek() == der::context_constructed(0)) {
    Reader version(TRY(tbs.any("version")).content);
    out.version = 1 + TRY(version.small_integer("version"));
    TRY(version.end("version"));
  }
  const Element serial = TRY(tbs.take(der::integer, "serialNumber"));
  TRY(read_serial(out, serial.content));
  const Element algorithm = TRY(tbs.take(der::sequence, "signature"));
  out.issuer_name = TRY(tbs.take(der::sequence, "issuer"))
  .whole;
  const Element validity = TRY(tbs.take(der::sequence, "validity"));
  TRY(read_validity(out, validity.content));
  out.subject_name = TRY(tbs.take(der::sequence, "subject"))
  .whole;
  TRY(read_names(out));
  const Element spki = TRY(tbs.take(der::sequence, "subjectPublicKeyInfo"));
  TRY(read_key(out, spki.whole));
  TRY(read_tail(out, tbs));
  return algorithm.whole;
}

Result<Certificate> read(std::string_view bytes) {
  if (bytes.size() > certificate_bytes) return der::broken("certificate", "is larger than 64 KiB");
  Reader outer(bytes);
  Reader parts(TRY(outer.take(der::sequence, "certificate")).content);
  TRY(outer.end("certificate"));
  Certificate out;
  out.der = bytes;
  const Element tbs = TRY(parts.take(der::sequence, "tbsCertificate"));
  out.tbs = tbs.whole;
  const std::string_view inner = TRY(read_tbs(out, tbs.content));
  const Element algorithm = TRY(parts.take(der::sequence, "signatureAlgorithm"));
  if (inner != algorithm.whole)  // RFC 5280 4.1.1.2
    return der::broken("signatureAlgorithm", "is not the one inside tbsCertificate");
  out.signature_algorithm = TRY(signature_algorithm_name(algorithm.content));
  TRY(parts.whole_octets("signatureValue"));
  TRY(parts.end("signatureValue"));
  out.fingerprint = sha256_hex(bytes);
  return out;
}

}  // namespace

Result<Certificate> Certificate::decode(std::string_view der) {
  auto certificate = read(der);
  if (certificate) return certificate;
  return base::error(base::Code::certificate, "could not read certificate")
      .with_detail(certificate.error().detail);
}

}  // namespace x509
