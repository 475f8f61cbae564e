// SPDX-License-Identifier: PostgreSQL
// The reader of DER takes the one distinguished form and nothing else; the writer makes it.
#include "x509/der.h"

#include <doctest/doctest.h>

#include "base/text.h"
#include "world.h"

using namespace world;
using namespace std::string_view_literals;
namespace der = x509::der;

namespace {

bool reads(std::string_view bytes) {
  der::Reader reader(bytes);
  return static_cast<bool>(reader.any("field"));
}

base::Result<base::Time> time_of(std::uint8_t tag, std::string_view text) {
  const std::string element = der::wrap(tag, text);
  der::Reader reader(element);
  return reader.time("field");
}

/// A certificate with `from` once replaced by `to` of the same length.
std::string changed(std::string der, std::string_view from, std::string_view to) {
  const auto at = der.find(from);
  REQUIRE(at != std::string::npos);
  return der.replace(at, from.size(), to);
}

/// `leaf` with other extensions in place of its own; the signature is the old one.
std::string with_extensions(const x509::Certificate& leaf, const std::string& extensions) {
  der::Reader tbs(leaf.tbs);
  der::Reader fields(need(tbs.any("tbs")).content);
  std::string kept;
  while (fields.peek() != der::context_constructed(3)) kept += need(fields.any("field")).whole;
  kept += der::wrap(der::context_constructed(3), der::wrap(der::sequence, extensions));
  const std::string rest = leaf.der.substr(leaf.der.find(leaf.tbs) + leaf.tbs.size());
  return der::wrap(der::sequence, der::wrap(der::sequence, kept) + rest);
}

}  // namespace

TEST_CASE("an element longer than its bytes is refused, by one byte too") {
  CHECK(
      reads("\x30\x02"
            "ab"sv));
  CHECK_FALSE(
      reads("\x30\x03"
            "ab"sv));
  CHECK_FALSE(reads("\x30"sv));
  CHECK_FALSE(reads("\x30\x81"sv));
  CHECK_FALSE(reads("\x30\x84\xff\xff\xff\xff"sv));
}

TEST_CASE("lengths in any but the shortest form are refused, and indefinite ones") {
  CHECK_FALSE(
      reads("\x30\x81\x02"
            "ab"sv));
  CHECK_FALSE(
      reads("\x30\x82\x00\x02"
            "ab"sv));
  CHECK_FALSE(reads("\x30\x80\x00\x00"sv));
  CHECK(reads("\x30\x81\x80" + std::string(128, 'a')));
  CHECK_FALSE(reads("\x30\x82\x00\x80" + std::string(128, 'a')));
}

TEST_CASE("what is written is read back, at every size of the length field") {
  for (const std::size_t size : {0U, 1U, 127U, 128U, 255U, 256U, 65535U, 65536U}) {
    const std::string content(size, 'x');
    const std::string whole = der::wrap(der::octet_string, content);
    der::Reader reader(whole);
    CHECK(need(reader.take(der::octet_string, "field")).content == content);
    CHECK(reader.at_end());
  }
}

TEST_CASE("object identifiers go from digits to bytes and back") {
  for (const char* digits : {"1.2.840.113549.1.1.11", "2.5.29.17", "1.3.6.1.5.5.7.3.1", "2.999.3"})
    CHECK(need(der::object_identifier_text(der::object_identifier_content(digits))) == digits);
  CHECK_FALSE(der::object_identifier_text("\x55\x80\x01"sv));
  CHECK_FALSE(der::object_identifier_text("\x55\x9d"sv));
  CHECK_FALSE(der::object_identifier_text(""));
}

TEST_CASE("a UTCTime's year 50 is 1950 and its year 49 is 2049") {
  CHECK(need(time_of(der::utc_time, "500101000000Z")) == day(1950, 1, 1));
  CHECK(need(time_of(der::utc_time, "991231000000Z")) == day(1999, 12, 31));
  CHECK(need(time_of(der::utc_time, "491231000000Z")) == day(2049, 12, 31));
  CHECK(need(time_of(der::generalized_time, "99991231235959Z")) == day(9999, 12, 31) + 86399s);
}

TEST_CASE("a time with fraction, offset, no seconds, or that is none is refused") {
  for (const char* bad : {"2609011200Z", "260901120000", "260901120000+0100", "261301120000Z",
                          "260230120000Z", "260901240000Z", "26090112000aZ", "-60901120000Z"})
    CHECK_FALSE_MESSAGE(time_of(der::utc_time, bad), bad);
  CHECK_FALSE(time_of(der::generalized_time, "20500101000000.5Z"));
  CHECK_FALSE(time_of(der::octet_string, "260901120000Z"));
}

TEST_CASE("a certificate that names one algorithm inside and another outside is refused") {
  auto from = issuer(x509::AuthorityKind::client);
  const auto leaf = issue(from, client_draft(), key());
  // ecdsa-with-SHA256 becomes ecdsa-with-SHA384 in its first place, the inner one
  const auto sha256 = der::object_identifier_content("1.2.840.10045.4.3.2");
  const auto sha384 = der::object_identifier_content("1.2.840.10045.4.3.3");
  const auto refused = x509::Certificate::decode(changed(leaf.der, sha256, sha384));
  REQUIRE_FALSE(refused);
  CHECK(has(refused.error().detail, "signatureAlgorithm"));
}

TEST_CASE("an object identifier with a long arc is written as it was read") {
  const std::string content = "\x2a\xff\xff\xff\xff\xff\xff\xff\x11";
  const auto digits = der::object_identifier_text(content);
  REQUIRE(digits);
  CHECK(der::object_identifier_content(*digits) == content);
}

TEST_CASE("a certificate with one extension twice is refused") {
  auto from = issuer(x509::AuthorityKind::client);
  const auto leaf = issue(from, client_draft(), key());
  const std::string extension =
      der::wrap(der::sequence,
                der::wrap(der::object_identifier, "\x2a\x03") + der::wrap(der::octet_string, "x"));
  CHECK(x509::Certificate::decode(with_extensions(leaf, extension)));
  const auto refused = x509::Certificate::decode(with_extensions(leaf, extension + extension));
  REQUIRE_FALSE(refused);
  CHECK(has(refused.error().detail, "has 1.2.3 twice"));
}
