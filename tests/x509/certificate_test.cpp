// SPDX-License-Identifier: PostgreSQL
// Reading certificates: openssl's answers as the measure, and bytes that mean harm.
#include "x509/certificate.h"

#include <doctest/doctest.h>

#include <random>

#include "base/text.h"
#include "world.h"
#include "x509/lint.h"
#include "x509/names.h"

using namespace world;
using x509::Certificate;

namespace {

/// A certificate that openssl makes of an arbitrary subject and extensions.
Certificate foreign(const std::string& subject, const std::string& extensions = {}) {
  const Folder folder;
  const Ran ran =
      run("openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes "
          "-multivalue-rdn -utf8 -keyout /dev/null -subj '" +
          subject + "' " + extensions + " -out " + folder.path("crt"));
  REQUIRE_MESSAGE(ran.status == 0, ran.output);
  return need(Certificate::from_pem(folder.read("crt")));
}

std::string after(const std::string& text, const std::string& mark) {
  const auto at = text.find(mark);
  return at == std::string::npos ? std::string()
                                 : std::string(base::trim(text.substr(
                                       at + mark.size(), text.find('\n', at) - at - mark.size())));
}

const Certificate& server() {
  static const Certificate made = [] {
    auto from = issuer(x509::AuthorityKind::server);
    return issue(from, server_draft(), key());
  }();
  return made;
}

}  // namespace

TEST_CASE("facts are those that openssl reads") {
  const Certificate& c = server();
  const Folder folder;
  const std::string file = folder.write("crt", c.to_pem());
  const auto ask = [&](const std::string& what) {
    return run("openssl x509 -noout -in " + file + " " + what).output;
  };
  CHECK(base::lower(after(ask("-serial"), "serial=")) == c.serial_hex);
  std::string fingerprint = base::lower(after(ask("-fingerprint -sha256"), "="));
  std::erase(fingerprint, ':');
  CHECK(fingerprint == c.fingerprint);
  std::string ski = base::lower(after(ask("-ext subjectKeyIdentifier"), "Identifier: \n"));
  std::erase(ski, ':');
  CHECK(ski == c.subject_key_id);
  CHECK(c.subject == "/O=shop/CN=db1.example.org");
  CHECK(c.issuer == "/O=shop/CN=pgseal server authority 1");
  CHECK(c.dns_names == std::vector<std::string>{"db1.example.org", "db1"});
  CHECK(c.ip_addresses == std::vector<std::string>{"192.0.2.7", "2001:db8::7"});
  CHECK(c.not_before == today - 1h);
  CHECK(c.not_after == today + ninety_days);
  CHECK(c.key_usage == x509::digital_signature);
  CHECK(c.extended_key_usage == std::vector<std::string>{"serverAuth"});
  CHECK_FALSE(c.is_ca());
  CHECK(c.valid_at(today));
  CHECK_FALSE(c.valid_at(today + ninety_days + 1s));
}

TEST_CASE("the serial number in decimal is what an arbitrary precision calculator says") {
  // openssl prints small serials in decimal; bc and dc may be absent, so known pairs
  const auto serial_of = [](const std::string& number) {
    return foreign("/CN=x", "-set_serial " + number).serial_decimal;
  };
  CHECK(serial_of("0") == "0");
  CHECK(serial_of("255") == "255");
  CHECK(serial_of("-129") == "-129");
  CHECK(serial_of("-1") == "-1");
  CHECK(serial_of("0x100000000000000000000000000000000") ==
        "340282366920938463463374607431768211456");
  CHECK(serial_of("1000000000000000000000000000000000000001") ==
        "1000000000000000000000000000000000000001");
}

TEST_CASE("subjects read as PostgreSQL shows them") {
  CHECK(foreign("/C=DE/O=Söhne/OU=a\\/b/CN=app").subject == "/C=DE/O=Söhne/OU=a/b/CN=app");
  CHECK(foreign("/O=a,b\\+c/CN=q\"x").subject == "/O=a\\,b\\+c/CN=q\\\"x");
  const Certificate two = foreign("/CN=first/CN=second");
  CHECK(two.subject_cn() == "first");
  CHECK(two.common_names == std::vector<std::string>{"first", "second"});
}

TEST_CASE("a NUL within a name is shown, not taken for its end") {
  // The common name's fourth letter becomes a NUL; the signature no longer matters to a reader.
  Certificate c = foreign("/CN=app.evil");
  std::string der = c.der;
  for (auto at = der.find("app.evil"); at != std::string::npos; at = der.find("app.evil", at + 1))
    der[at + 3] = '\0';
  const auto read = need(Certificate::from_der(der));
  CHECK(read.subject_cn() == "app\\x00evil");
  CHECK(read.subject == "/CN=app\\00evil");
}

TEST_CASE("a NUL within a DNS name is shown and found by the lint") {
  Certificate c = foreign("/CN=x", "-addext subjectAltName=DNS:db1.example");
  std::string der = c.der;
  der[der.find("db1.example") + 3] = '\0';
  const auto read = need(Certificate::from_der(der));
  CHECK(read.dns_names == std::vector<std::string>{"db1\\x00example"});
  const auto findings = x509::lint(read, x509::profile(x509::ProfileName::server), read);
  CHECK(std::any_of(findings.begin(), findings.end(),
                    [](const base::Finding& f) { return f.code == "x509.san-name"; }));
}

TEST_CASE("every kind of alternative name is seen") {
  const Certificate c = foreign("/CN=x",
                                "-addext subjectAltName=DNS:a.example,IP:::1,email:a@b.example,"
                                "URI:http://x/,RID:1.2.3");
  CHECK(c.dns_names == std::vector<std::string>{"a.example"});
  CHECK(c.ip_addresses == std::vector<std::string>{"::1"});
  CHECK(c.other_names == std::vector<std::string>{"email:a@b.example", "uri:http://x/", "other"});
}

TEST_CASE("an unknown critical extension is reported, an unknown other one only listed") {
  const Certificate c =
      foreign("/CN=x", "-addext 1.2.3.4=critical,DER:0500 -addext 1.2.3.5=DER:0500");
  CHECK(c.unknown_critical == std::vector<std::string>{"1.2.3.4"});
  CHECK(std::find(c.extensions.begin(), c.extensions.end(), "1.2.3.5") != c.extensions.end());
}

TEST_CASE("DER and PEM round trip") {
  const Certificate& c = server();
  CHECK(need(Certificate::from_pem(c.to_pem())) == c);
  CHECK(need(Certificate::from_der(c.der)).to_pem() == c.to_pem());
  const Folder folder;
  run("openssl x509 -in " + folder.write("crt", c.to_pem()) + " -out " + folder.path("again"));
  CHECK(folder.read("again") == c.to_pem());
}

TEST_CASE("cut certificates are refused at every length") {
  const std::string& der = server().der;
  for (std::size_t length = 0; length < der.size(); ++length) {
    const auto read = Certificate::decode(std::string_view(der).substr(0, length));
    REQUIRE_FALSE(read);
    CHECK(read.error().code == base::Code::certificate);
  }
  CHECK_FALSE(Certificate::decode(der + "x"));
}

TEST_CASE("a certificate with any one byte changed is refused, or read without harm and unsigned") {
  auto from = issuer(x509::AuthorityKind::server);
  const auto leaf = issue(from, server_draft(), key());
  for (std::size_t at = 0; at < leaf.der.size(); ++at) {
    std::string der = leaf.der;
    der[at] = static_cast<char>(der[at] ^ 0x21);
    const auto read = Certificate::decode(der);
    if (read) CHECK_FALSE(read->signed_by(from.certificate()));
  }
}

TEST_CASE("garbage is refused") {
  std::mt19937 random(7);
  for (int round = 0; round < 2000; ++round) {
    std::string bytes = server().der.substr(0, random() % 40);
    for (std::size_t i = random() % 200; i > 0; --i) bytes += static_cast<char>(random());
    CHECK_FALSE(Certificate::decode(bytes));
  }
}

TEST_CASE("a certificate of more than 64 KiB is refused unread") {
  const auto read = Certificate::from_der(std::string(x509::certificate_bytes + 1, '0'));
  REQUIRE_FALSE(read);
  CHECK(has(read.error().detail, "64 KiB"));
}

TEST_CASE("names for hosts are those of RFC 1123") {
  for (const char* good :
       {"db1", "db1.example.org", "3com.example", "xn--bcher-kva.example", "a-b"})
    CHECK_MESSAGE(x509::valid_dns_name(good), good);
  for (const char* bad :
       {"", ".", "a.", ".a", "a..b", "a_b", "-a", "a-", "*.a", "1.2.3.4", "a b", "ä"})
    CHECK_FALSE_MESSAGE(x509::valid_dns_name(bad), bad);
  CHECK(x509::valid_dns_name(std::string(63, 'a')));
  CHECK_FALSE(x509::valid_dns_name(std::string(64, 'a')));
}

TEST_CASE("addresses go to bytes and back in one spelling") {
  CHECK(x509::format_ip(*x509::parse_ip("192.0.2.1")) == "192.0.2.1");
  CHECK(x509::format_ip(*x509::parse_ip("2001:DB8:0::1")) == "2001:db8::1");
  for (const char* bad : {"", "192.0.2", "192.0.2.256", "192.0.2.1/24", "fe80::1%eth0", "::g"})
    CHECK_FALSE_MESSAGE(x509::parse_ip(bad), bad);
  CHECK(x509::format_ip("abc") == "hex:616263");
  CHECK(x509::canonical_address("2001:DB8:0::5") == "2001:db8::5");
  CHECK(x509::canonical_address("::ffff:10.7.0.12") == "10.7.0.12");
  CHECK(x509::canonical_address("fe80::1%eth0") == "fe80::1");
  CHECK(x509::canonical_address("10.7.0.0/24") == "");
  CHECK(x509::canonical_address("") == "");
}

TEST_CASE("a certificate is not signed by another name with the same key, nor by a namesake") {
  const Folder folder;
  run("openssl ecparam -name prime256v1 -genkey -noout -out " + folder.path("key"));
  for (const char* name : {"one", "two"})
    run("openssl req -x509 -key " + folder.path("key") + " -subj /CN=" + name + " -out " +
        folder.path(name));
  const auto one = need(Certificate::from_pem(folder.read("one")));
  const auto two = need(Certificate::from_pem(folder.read("two")));
  CHECK(one.signed_by(one));
  CHECK_FALSE(one.signed_by(two));
  CHECK_FALSE(one.signed_by(foreign("/CN=one")));
}
