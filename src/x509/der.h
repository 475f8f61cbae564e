// SPDX-License-Identifier: PostgreSQL
// DER (X.690) as far as certificates need it: a reader that walks elements and refuses whatever is
// not the one distinguished form, and the few lines that write. Works on views; copies nothing and
// never reads past its bytes. Internal to x509/.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/time.h"

namespace x509::der {

/// Identifier octets (X.690 8.1.2), universal class.
enum Tag : std::uint8_t {
  boolean = 0x01,
  integer = 0x02,
  bit_string = 0x03,
  octet_string = 0x04,
  null = 0x05,
  object_identifier = 0x06,
  utc_time = 0x17,
  generalized_time = 0x18,
  sequence = 0x30,
};
constexpr std::uint8_t context(int number) { return static_cast<std::uint8_t>(0x80 | number); }
constexpr std::uint8_t context_constructed(int number) {
  return static_cast<std::uint8_t>(0xa0 | number);
}

struct Element {
  std::uint8_t tag = 0;
  std::string_view content;
  std::string_view whole;
};

/// Walks the elements of one content. Errors are Code::parse; `what` names the field.
class Reader {
 public:
  explicit Reader(std::string_view bytes) : rest_(bytes) {}

  [[nodiscard]] bool at_end() const { return rest_.empty(); }
  /// The tag that comes next, 0 at the end.
  [[nodiscard]] std::uint8_t peek() const {
    return rest_.empty() ? 0 : static_cast<std::uint8_t>(rest_[0]);
  }
  base::Result<Element> any(std::string_view what);
  base::Result<Element> take(std::uint8_t tag, std::string_view what);
  /// DEFAULT FALSE: an absent BOOLEAN is false, a present one must be TRUE (X.690 11.1, 11.5).
  base::Result<bool> boolean_or_false(std::string_view what);
  /// A non-negative INTEGER that fits an int.
  base::Result<int> small_integer(std::string_view what);
  /// The bytes of a BIT STRING whose length is whole octets.
  base::Result<std::string_view> whole_octets(std::string_view what);
  /// UTCTime or GeneralizedTime in the one form of RFC 5280 4.1.2.5: seconds, "Z", no fraction.
  base::Result<base::Time> time(std::string_view what);
  base::Result<void> end(std::string_view what) const;

 private:
  std::string_view rest_;
};

base::Error broken(std::string_view what, std::string_view why);

/// "2.5.29.17"; an error for an arc beyond 64 bits or a cut one.
base::Result<std::string> object_identifier_text(std::string_view content);

/// Tag, length, content.
std::string wrap(std::uint8_t tag, std::string_view content);
/// The content octets of an OBJECT IDENTIFIER given in digits (ours, so it must be right).
std::string object_identifier_content(std::string_view digits);

}  // namespace x509::der

namespace x509 {

/// SubjectPublicKeyInfo (RFC 5280 4.1.2.7), its parts.
struct SpkiParts {
  std::string_view algorithm;   ///< OBJECT IDENTIFIER, whole element
  std::string_view parameters;  ///< whole element, may be empty
  std::string_view key;         ///< subjectPublicKey's octets
  std::string name;             ///< "P-256", "RSA", "Ed25519", or an OID in digits
  int bits = 0;                 ///< 0: unknown
};

base::Result<SpkiParts> read_spki(std::string_view spki);

/// OpenSSL's name of an AlgorithmIdentifier's OID ("ecdsa-with-SHA256"), or the OID in digits.
base::Result<std::string> signature_algorithm_name(std::string_view algorithm_identifier_content);

}  // namespace x509
