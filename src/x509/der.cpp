// SPDX-License-Identifier: PostgreSQL
#include "x509/der.h"

#include <fmt/format.h>

#include <array>
#include <utility>

namespace x509::der {
namespace {

int octet(std::string_view bytes, std::size_t at) { return static_cast<unsigned char>(bytes[at]); }

/// Base 128 with a continuation bit, as OBJECT IDENTIFIERs have it (X.690 8.19.2).
std::string base128(std::uint64_t value) {
  std::string digits(1, static_cast<char>(value & 0x7f));
  while ((value >>= 7) != 0)
    digits.insert(digits.begin(), static_cast<char>(0x80 | (value & 0x7f)));
  return digits;
}

/// `count` decimal digits at `at`, or -1.
int decimal(std::string_view text, std::size_t at, std::size_t count) {
  int value = 0;
  for (std::size_t i = at; i < at + count; ++i) {
    if (text[i] < '0' || text[i] > '9') return -1;
    value = value * 10 + (text[i] - '0');
  }
  return value;
}

}  // namespace

base::Error broken(std::string_view what, std::string_view why) {
  return base::error(base::Code::parse, fmt::format("could not read field \"{}\"", what))
      .with_detail(fmt::format("The field \"{}\" {}.", what, why));
}

base::Result<Element> Reader::any(std::string_view what) {
  if (rest_.size() < 2) return broken(what, "is missing or cut off");
  if ((octet(rest_, 0) & 0x1f) == 0x1f) return broken(what, "has a tag that no certificate uses");
  std::size_t head = 2;
  std::size_t length = static_cast<std::size_t>(octet(rest_, 1));
  if (length >= 0x80) {
    const std::size_t octets = length & 0x7f;
    if (octets == 0)
      return broken(what, "has an indefinite length, which DER forbids (X.690 10.1)");
    if (octets > 4 || rest_.size() < 2 + octets) return broken(what, "is longer than its bytes");
    length = 0;
    for (; head < 2 + octets; ++head)
      length = length << 8 | static_cast<std::size_t>(octet(rest_, head));
    const bool minimal = length >= 0x80 && length >> (8 * (octets - 1)) != 0;
    if (!minimal) return broken(what, "has a length in more octets than needed (X.690 10.1)");
  }
  if (length > rest_.size() - head) return broken(what, "is longer than its bytes");
  Element element{static_cast<std::uint8_t>(rest_[0]), rest_.substr(head, length),
                  rest_.substr(0, head + length)};
  rest_.remove_prefix(head + length);
  return element;
}

base::Result<Element> Reader::take(std::uint8_t tag, std::string_view what) {
  if (!rest_.empty() && peek() != tag)
    return broken(what, fmt::format("has tag {:#04x} where {:#04x} belongs", peek(), tag));
  return any(what);
}

base::Result<bool> Reader::boolean_or_false(std::string_view what) {
  if (peek() != boolean) return false;
  const Element element = TRY(any(what));
  if (element.content != "\xff") return broken(what, "is a BOOLEAN other than TRUE (X.690 11.1)");
  return true;
}

base::Result<void> Reader::end(std::string_view what) const {
  if (!rest_.empty()) return broken(what, "is followed by something that does not belong there");
  return {};
}

base::Result<std::string> object_identifier_text(std::string_view content) {
  constexpr std::size_t longest = 64;  // far beyond any in use; bounds the text
  if (content.empty() || content.size() > longest ||
      (octet(content, content.size() - 1) & 0x80) != 0)
    return broken("OBJECT IDENTIFIER", "is empty, cut off or too long");
  std::string text;
  std::uint64_t arc = 0;
  for (std::size_t i = 0; i < content.size(); ++i) {
    if (arc == 0 && octet(content, i) == 0x80)
      return broken("OBJECT IDENTIFIER", "has an arc in more octets than needed (X.690 8.19.2)");
    if (arc >> 57 != 0) return broken("OBJECT IDENTIFIER", "has an arc of more than 64 bits");
    arc = arc << 7 | static_cast<std::uint64_t>(octet(content, i) & 0x7f);
    if ((octet(content, i) & 0x80) != 0) continue;
    if (text.empty()) {
      const std::uint64_t first = arc < 80 ? arc / 40 : 2;
      text = fmt::format("{}.{}", first, arc - first * 40);
    } else {
      text += fmt::format(".{}", arc);
    }
    arc = 0;
  }
  return text;
}

base::Result<int> Reader::small_integer(std::string_view what) {
  const std::string_view content = TRY(take(integer, what))
  .content;
  if (content.empty() || content.size() > 4 || (octet(content, 0) & 0x80) != 0)
    return broken(what, "is negative or too large");
  if (content.size() > 1 && content[0] == 0 && (octet(content, 1) & 0x80) == 0)
    return broken(what, "is an INTEGER in more octets than needed (X.690 8.3.2)");
  int value = 0;
  for (std::size_t i = 0; i < content.size(); ++i) value = value << 8 | octet(content, i);
  return value;
}

base::Result<std::string_view> Reader::whole_octets(std::string_view what) {
  const std::string_view content = TRY(take(bit_string, what))
  .content;
  if (content.empty() || content[0] != 0) return broken(what, "is no BIT STRING of whole octets");
  return content.substr(1);
}

base::Result<base::Time> Reader::time(std::string_view what) {
  using namespace std::chrono;
  const Element element = TRY(any(what));
  const bool utc = element.tag == utc_time;
  if (!utc && element.tag != generalized_time) return broken(what, "is no time");
  const std::string_view text = element.content;
  const std::size_t year_digits = utc ? 2 : 4;
  if (text.size() != year_digits + 11 || text.back() != 'Z')
    return broken(what, "is not in the form YYMMDDHHMMSSZ or YYYYMMDDHHMMSSZ (RFC 5280 4.1.2.5)");
  int year_number = decimal(text, 0, year_digits);
  std::array<int, 5> parts{};
  for (std::size_t i = 0; i < parts.size(); ++i) parts[i] = decimal(text, year_digits + 2 * i, 2);
  if (utc) year_number += year_number < 0 ? 0 : year_number >= 50 ? 1900 : 2000;
  const auto [month_number, day_number, hour, minute, second] = parts;
  if (year_number < 0 || month_number < 0 || day_number < 0)
    return broken(what, "has something other than digits");
  const year_month_day date{year{year_number}, month{static_cast<unsigned>(month_number)},
                            day{static_cast<unsigned>(day_number)}};
  if (!date.ok() || hour < 0 || hour > 23 || minute < 0 || minute > 59 || second < 0 || second > 59)
    return broken(what, "is no point in time");
  return base::Time(sys_days(date)) + hours(hour) + minutes(minute) + seconds(second);
}

std::string wrap(std::uint8_t tag, std::string_view content) {
  std::string element(1, static_cast<char>(tag));
  const std::size_t length = content.size();
  if (length < 0x80) {
    element += static_cast<char>(length);
  } else {
    std::string octets;
    for (std::size_t left = length; left != 0; left >>= 8)
      octets.insert(octets.begin(), static_cast<char>(left & 0xff));
    element += static_cast<char>(0x80 | octets.size());
    element += octets;
  }
  return element.append(content);
}

std::string object_identifier_content(std::string_view digits) {
  std::string content;
  std::uint64_t arc = 0;
  std::uint64_t first = 0;
  int index = 0;
  for (std::size_t i = 0; i <= digits.size(); ++i) {
    if (i < digits.size() && digits[i] != '.') {
      arc = arc * 10 + static_cast<std::uint64_t>(digits[i] - '0');
      continue;
    }
    if (index == 0)
      first = arc;
    else
      content += base128(index == 1 ? first * 40 + arc : arc);
    arc = 0;
    ++index;
  }
  return content;
}

}  // namespace x509::der

namespace x509 {
namespace {

struct Named {
  std::string_view digits;
  std::string_view name;
  int bits;
};

// RFC 5480 2.1.1.1 (curves), RFC 8410 (Edwards curves).
constexpr std::array<Named, 5> keys = {{{"1.2.840.10045.3.1.7", "P-256", 256},
                                        {"1.3.132.0.34", "P-384", 384},
                                        {"1.3.132.0.35", "P-521", 521},
                                        {"1.3.101.112", "Ed25519", 256},
                                        {"1.3.101.113", "Ed448", 456}}};

// RFC 5758 3.2, RFC 8017 appendix C, RFC 8410; spelled as OpenSSL does.
constexpr std::array<Named, 13> signatures = {
    {{"1.2.840.10045.4.3.2", "ecdsa-with-SHA256", 0},
     {"1.2.840.10045.4.3.3", "ecdsa-with-SHA384", 0},
     {"1.2.840.10045.4.3.4", "ecdsa-with-SHA512", 0},
     {"1.2.840.113549.1.1.11", "sha256WithRSAEncryption", 0},
     {"1.2.840.113549.1.1.12", "sha384WithRSAEncryption", 0},
     {"1.2.840.113549.1.1.13", "sha512WithRSAEncryption", 0},
     {"1.2.840.113549.1.1.10", "rsassaPss", 0},
     {"1.3.101.112", "Ed25519", 0},
     {"1.3.101.113", "Ed448", 0},
     {"1.2.840.10045.4.1", "ecdsa-with-SHA1", 0},
     {"1.2.840.113549.1.1.5", "sha1WithRSAEncryption", 0},
     {"1.2.840.113549.1.1.4", "md5WithRSAEncryption", 0},
     {"1.2.840.113549.1.1.14", "sha224WithRSAEncryption", 0}}};

base::Result<int> rsa_bits(std::string_view key) {
  der::Reader outer(key);
  der::Reader inner(TRY(outer.take(der::sequence, "RSAPublicKey")).content);
  TRY(outer.end("RSAPublicKey"));
  std::string_view modulus = TRY(inner.take(der::integer, "modulus"))
  .content;
  if (!modulus.empty() && modulus[0] == 0) modulus.remove_prefix(1);
  if (modulus.empty()) return 0;
  int bits = static_cast<int>(modulus.size()) * 8;
  for (int top = static_cast<unsigned char>(modulus[0]); (top & 0x80) == 0 && bits > 0;
       top = top << 1 | 1)
    --bits;
  return bits;
}

}  // namespace

base::Result<SpkiParts> read_spki(std::string_view spki) {
  der::Reader outer(spki);
  der::Reader inner(TRY(outer.take(der::sequence, "subjectPublicKeyInfo")).content);
  TRY(outer.end("subjectPublicKeyInfo"));
  der::Reader algorithm(TRY(inner.take(der::sequence, "subjectPublicKeyInfo.algorithm")).content);
  const der::Element oid = TRY(algorithm.take(der::object_identifier, "algorithm"));
  SpkiParts parts;
  parts.algorithm = oid.whole;
  parts.name = TRY(der::object_identifier_text(oid.content));
  der::Element parameters;
  if (!algorithm.at_end()) parameters = TRY(algorithm.any("algorithm.parameters"));
  TRY(algorithm.end("algorithm.parameters"));
  parts.parameters = parameters.whole;
  parts.key = TRY(inner.whole_octets("subjectPublicKey"));
  TRY(inner.end("subjectPublicKey"));
  if (parts.name == "1.2.840.113549.1.1.1") {
    parts.name = "RSA";
    parts.bits = TRY(rsa_bits(parts.key));
    return parts;
  }
  // id-ecPublicKey: the curve is in the parameters (RFC 5480 2.1.1)
  if (parts.name == "1.2.840.10045.2.1" && parameters.tag == der::object_identifier)
    parts.name = TRY(der::object_identifier_text(parameters.content));
  for (const Named& known : keys) {
    if (known.digits != parts.name) continue;
    parts.name = known.name;
    parts.bits = known.bits;
    break;
  }
  return parts;
}

base::Result<std::string> signature_algorithm_name(std::string_view algorithm_identifier_content) {
  der::Reader reader(algorithm_identifier_content);
  const der::Element oid = TRY(reader.take(der::object_identifier, "signatureAlgorithm"));
  std::string digits = TRY(der::object_identifier_text(oid.content));
  for (const Named& known : signatures)
    if (known.digits == digits) return std::string(known.name);
  return digits;
}

}  // namespace x509
