// SPDX-License-Identifier: PostgreSQL
// Each check is one small function that adds what it found and never stops the others. The clause
// in a finding is the sentence that the certificate breaks.
#include "x509/lint.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "x509/names.h"

namespace x509 {
namespace {

using base::Severity;

/// What all checks look at.
struct Subjects {
  const Certificate& certificate;
  const Profile& profile;
  const Certificate& issuer;
};

class Report {
 public:
  void add(Severity severity, std::string_view code, std::string message, std::string_view clause) {
    base::Finding finding;
    finding.severity = severity;
    finding.code = fmt::format("x509.{}", code);
    finding.message = std::move(message);
    finding.clause = clause;
    findings_.push_back(std::move(finding));
  }
  void error(std::string_view code, std::string message, std::string_view clause) {
    add(Severity::error, code, std::move(message), clause);
  }
  base::Findings take() && { return std::move(findings_); }

 private:
  base::Findings findings_;
};

void check_version(const Subjects& s, Report& report) {
  if (s.certificate.version != 3)
    report.error("version", fmt::format("version is {}, not 3", s.certificate.version),
                 "RFC 5280 4.1.2.1");
}

void check_serial(const Subjects& s, Report& report) {
  const std::string& serial = s.certificate.serial;
  const auto first = serial.empty() ? 0 : static_cast<unsigned char>(serial[0]);
  if ((first & 0x80) != 0 || serial.find_first_not_of('\0') == std::string::npos)
    report.error("serial-positive", "serial number is not positive", "RFC 5280 4.1.2.2");
  if (serial.size() > 20)
    report.error("serial-length",
                 fmt::format("serial number has {} octets, not 20 at most", serial.size()),
                 "RFC 5280 4.1.2.2");
  // Two ledgers restored from one copy must not give the same number twice: random, not counted.
  if (serial.size() < 16)
    report.error(
        "serial-random",
        fmt::format("serial number has {} octets; a random one has 16 or more", serial.size()),
        "RFC 5280 4.1.2.2");
}

void check_signature_algorithm(const Subjects& s, Report& report) {
  constexpr std::array<std::string_view, 6> good = {
      "ecdsa-with-SHA256",       "ecdsa-with-SHA384",       "ecdsa-with-SHA512",
      "sha256WithRSAEncryption", "sha384WithRSAEncryption", "sha512WithRSAEncryption"};
  const std::string& algorithm = s.certificate.signature_algorithm;
  if (std::find(good.begin(), good.end(), algorithm) != good.end()) return;
  // tls-server-end-point takes its hash from this algorithm; Edwards curves name none, and libpq
  // then fails even with channel_binding=prefer, its default.
  const bool edwards = algorithm.starts_with("Ed");
  report.error(
      "signature-algorithm",
      fmt::format("signature algorithm is {}, not ECDSA or RSA with SHA-256 or better", algorithm),
      edwards ? "RFC 5929 4.1" : "RFC 8446 4.2.3");
}

void check_issuer(const Subjects& s, Report& report) {
  if (s.certificate.issuer_name != s.issuer.subject_name)
    report.error(
        "issuer-name",
        fmt::format("issuer is \"{}\", not \"{}\"", s.certificate.issuer, s.issuer.subject),
        "RFC 5280 4.1.2.4");
  if (!s.issuer.is_ca())
    report.error("issuer-authority", fmt::format("issuer \"{}\" is no authority", s.issuer.subject),
                 "RFC 5280 4.2.1.9");
  const std::string& algorithm = s.issuer.key_algorithm;
  if (algorithm != "P-256" && algorithm != "P-384" && algorithm != "RSA")
    report.error(
        "issuer-key",
        fmt::format("issuer's key is of type {}; P-256, P-384 and RSA work with channel binding",
                    algorithm),
        "RFC 5929 4.1");
}

void check_validity(const Subjects& s, Report& report) {
  const Certificate& c = s.certificate;
  if (c.not_after <= c.not_before)
    report.error("validity-order",
                 fmt::format("ends {}, not after its start {}", base::format_time(c.not_after),
                             base::format_time(c.not_before)),
                 "RFC 5280 4.1.2.5");
  if (c.not_after > s.issuer.not_after)
    report.error("validity-outlives-issuer",
                 fmt::format("ends {}, after its issuer's end {}", base::format_time(c.not_after),
                             base::format_time(s.issuer.not_after)),
                 "RFC 5280 6.1.3");
  // Not valid sooner, but it says when it was made, and that cannot be before its issuer was.
  if (c.not_before < s.issuer.not_before)
    report.error(
        "validity-before-issuer",
        fmt::format("starts {}, before its issuer's start {}", base::format_time(c.not_before),
                    base::format_time(s.issuer.not_before)),
        "RFC 5280 6.1.3");
}

/// The common name that this profile asks for; empty: any.
std::string wanted_common_name(const Subjects& s) {
  if (!s.profile.names_required) return {};
  if (!s.certificate.dns_names.empty()) return s.certificate.dns_names.front();
  return s.certificate.ip_addresses.empty() ? std::string() : s.certificate.ip_addresses.front();
}

void check_subject(const Subjects& s, Report& report) {
  const Certificate& c = s.certificate;
  // PostgreSQL takes the first CN and ignores the others; other readers take the last.
  if (c.common_names.size() != 1 || c.common_names[0].empty())
    return report.error("common-name",
                        fmt::format("subject has {} common names, not one", c.common_names.size()),
                        "postgresql client-authentication auth-cert");
  const std::string& name = c.common_names[0];
  if (name.size() > common_name_characters)
    report.error("common-name-length",
                 fmt::format("common name has {} characters, not {} at most", name.size(),
                             common_name_characters),
                 "RFC 5280 appendix A.1");
  if (const std::string wanted = wanted_common_name(s); !wanted.empty() && name != wanted)
    report.error("common-name",
                 fmt::format("common name is \"{}\", not the first name \"{}\"", name, wanted),
                 "RFC 9525 2");
  if (!s.profile.shown_by_postgresql || c.subject.size() <= postgresql_name_bytes) return;
  // A cut issuer_dn makes two generations equal; a cut client_dn is still told by its serial.
  report.add(s.profile.authority ? Severity::error : Severity::warning, "subject-length",
             fmt::format("subject \"{}\" has {} bytes, PostgreSQL shows {}", c.subject,
                         c.subject.size(), postgresql_name_bytes),
             "postgresql monitoring-stats pg_stat_ssl");
}

void check_key(const Subjects& s, Report& report) {
  const Certificate& c = s.certificate;
  const bool curve = c.key_algorithm == "P-256" || c.key_algorithm == "P-384";
  const bool rsa = c.key_algorithm == "RSA" && c.key_bits >= 2048 && c.key_bits <= 8192;
  if (curve || rsa) return;
  report.error("key-strength",
               fmt::format("key is {} of {} bits, not P-256, P-384 or RSA of 2048 to 8192",
                           c.key_algorithm, c.key_bits),
               "NIST SP 800-57 part 1 5.6.1");
}

void check_basic_constraints(const Subjects& s, Report& report) {
  constexpr std::string_view clause = "RFC 5280 4.2.1.9";
  const auto& found = s.certificate.basic_constraints;
  if (!found) return report.error("basic-constraints", "basicConstraints is missing", clause);
  if (!found->critical)
    report.error("basic-constraints", "basicConstraints is not critical", clause);
  if (found->ca != s.profile.authority)
    report.error("basic-constraints",
                 found->ca ? "cA is true for a leaf" : "cA is false for an authority", clause);
  if (found->path_length.value_or(-1) != s.profile.path_length)
    report.error("path-length",
                 fmt::format("pathLenConstraint is {}, not {} (-1: absent)",
                             found->path_length.value_or(-1), s.profile.path_length),
                 clause);
}

void check_usages(const Subjects& s, Report& report) {
  const Certificate& c = s.certificate;
  if (!c.key_usage)
    report.error("key-usage", "keyUsage is missing", "RFC 5280 4.2.1.3");
  else if (*c.key_usage != s.profile.key_usage)
    report.error(
        "key-usage",
        fmt::format("keyUsage has bits {:#x}, not {:#x}", *c.key_usage, s.profile.key_usage),
        "RFC 5280 4.2.1.3");
  if (c.key_usage && !c.key_usage_critical)
    report.error("key-usage", "keyUsage is not critical", "RFC 5280 4.2.1.3");
  const std::vector<std::string> wanted(s.profile.purpose.empty() ? 0 : 1,
                                        std::string(s.profile.purpose));
  if (c.extended_key_usage != wanted)
    report.error("extended-key-usage",
                 fmt::format("extKeyUsage is \"{}\", not \"{}\"",
                             fmt::join(c.extended_key_usage, " "), s.profile.purpose),
                 "RFC 5280 4.2.1.12");
}

/// Two authorities of one name are told apart by these alone.
void check_key_ids(const Subjects& s, Report& report) {
  const Certificate& c = s.certificate;
  if (c.subject_key_id.empty())
    report.error("subject-key-id", "subjectKeyIdentifier is missing", "RFC 5280 4.2.1.2");
  if (c.authority_key_id.empty())
    report.error("authority-key-id", "authorityKeyIdentifier is missing", "RFC 5280 4.2.1.1");
  else if (c.authority_key_id != s.issuer.subject_key_id)
    report.error("authority-key-id",
                 fmt::format("authorityKeyIdentifier is {}, the issuer's key is {}",
                             c.authority_key_id, s.issuer.subject_key_id),
                 "RFC 5280 4.2.1.1");
}

void check_names(const Subjects& s, Report& report) {
  const Certificate& c = s.certificate;
  const bool any = !c.dns_names.empty() || !c.ip_addresses.empty();
  if (s.profile.names_required && !any)
    report.error("san-missing", "no subject alternative name says which host this is",
                 "RFC 9525 4.1");
  if (!s.profile.names_required && (any || !c.other_names.empty()))
    report.add(
        Severity::warning, "san-unexpected",
        fmt::format("a {} certificate has subject alternative names", to_string(s.profile.name)),
        "RFC 5280 4.2.1.6");
  for (const std::string& name : c.dns_names)
    if (!valid_dns_name(name))
      report.error("san-name", fmt::format("\"{}\" is no DNS name", name), "RFC 1123 2.1");
  for (const std::string& address : c.ip_addresses)
    if (!parse_ip(address))
      report.error("san-address", fmt::format("\"{}\" is no address", address), "RFC 5280 4.2.1.6");
  for (const std::string& other : c.other_names)
    report.error("san-kind", fmt::format("\"{}\" is neither DNS name nor address", other),
                 "RFC 9525 4.1");
}

void check_extensions(const Subjects& s, Report& report) {
  constexpr std::array<std::string_view, 6> known = {"2.5.29.14", "2.5.29.15", "2.5.29.17",
                                                     "2.5.29.19", "2.5.29.35", "2.5.29.37"};
  for (const std::string& oid : s.certificate.unknown_critical)
    report.error("extension-critical", fmt::format("critical extension {} is unknown", oid),
                 "RFC 5280 4.2");
  for (const std::string& oid : s.certificate.extensions)
    if (std::find(known.begin(), known.end(), oid) == known.end())
      report.add(Severity::warning, "extension-unexpected",
                 fmt::format("extension {} is not in the profile", oid), "RFC 5280 4.2");
}

}  // namespace

base::Findings lint(const Certificate& certificate, const Profile& profile,
                    const Certificate& issuer) {
  Report report;
  const Subjects subjects{certificate, profile, issuer};
  for (const auto check : {check_version, check_serial, check_signature_algorithm, check_issuer,
                           check_validity, check_subject, check_key, check_basic_constraints,
                           check_usages, check_key_ids, check_names, check_extensions})
    check(subjects, report);
  return std::move(report).take();
}

}  // namespace x509
