// SPDX-License-Identifier: PostgreSQL
// Issuing: what OpenSSL and GnuTLS say of our certificates, and what cannot be had signed.
#include <doctest/doctest.h>

#include <type_traits>

#include "world.h"
#include "x509/bundle.h"
#include "x509/lint.h"

using namespace world;
using x509::AuthorityKind;

// The wrong order does not compile: an approval is made by an issuer alone, held once, and neither
// a draft nor a certificate can be signed.
static_assert(!std::is_default_constructible_v<x509::Approval>);
static_assert(!std::is_copy_constructible_v<x509::Approval>);
static_assert(!std::is_copy_assignable_v<x509::Approval>);
static_assert(
    !std::is_constructible_v<x509::Approval, x509::Certificate, base::Findings, std::string>);
template <class T>
concept Signable = requires(x509::Issuer& issuer, T&& thing) {
  issuer.sign(std::forward<T>(thing));
};
static_assert(Signable<x509::Approval>);
static_assert(!Signable<x509::Approval&>);
static_assert(!Signable<const x509::Approval&>);
static_assert(!Signable<x509::Draft>);
static_assert(!Signable<x509::Certificate>);
static_assert(!std::is_copy_constructible_v<x509::PrivateKey>);

TEST_CASE("openssl verifies a server certificate for its names and addresses") {
  auto from = issuer(AuthorityKind::server);
  const auto leaf = issue(from, server_draft(), key());
  const Folder folder;
  const std::string root = folder.write("root.pem", from.certificate().to_pem());
  const std::string file = folder.write("leaf.pem", leaf.to_pem());
  const std::string base =
      "openssl verify -attime 1788264000 -x509_strict -purpose sslserver "
      "-auth_level 2 -CAfile " +
      root + " ";
  for (const char* name : {"-verify_hostname db1.example.org", "-verify_hostname db1",
                           "-verify_ip 192.0.2.7", "-verify_ip 2001:db8::7"}) {
    const Ran ran = run(base + name + " " + file);
    CHECK_MESSAGE(ran.status == 0, ran.output);
  }
  CHECK(run(base + "-verify_hostname db2 " + file).status != 0);
  CHECK(run("openssl verify -attime 1788264000 -purpose sslclient -CAfile " + root + " " + file)
            .status != 0);
}

TEST_CASE("openssl verifies a client certificate, and only as a client's") {
  auto from = issuer(AuthorityKind::client);
  const auto leaf = issue(from, client_draft(), key());
  const Folder folder;
  const std::string command = "openssl verify -attime 1788264000 -x509_strict -CAfile " +
                              folder.write("root.pem", from.certificate().to_pem()) + " ";
  const std::string file = folder.write("leaf.pem", leaf.to_pem());
  CHECK(run(command + "-purpose sslclient " + file).status == 0);
  CHECK(run(command + "-purpose sslserver " + file).status != 0);
}

TEST_CASE("certtool verifies what was issued") {
  if (run("certtool --version").status != 0) {
    MESSAGE("certtool (gnutls-bin) is not installed; GnuTLS was not asked");
    return;
  }
  // certtool of GnuTLS 3.7 knows no other time than now
  const auto now = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
  auto made = need(x509::create_authority({AuthorityKind::server, "shop", 1}, now));
  auto from = need(
      x509::Issuer::open(AuthorityKind::server, std::move(made.certificate), std::move(made.key)));
  const auto leaf = issue(
      from,
      need(x509::draft_server("shop", {{"db1.example.org"}, {"192.0.2.7"}}, now, ninety_days)),
      key());
  const Folder folder;
  const std::string command = "certtool --verify --load-ca-certificate " +
                              folder.write("root.pem", from.certificate().to_pem()) + " --infile " +
                              folder.write("leaf.pem", leaf.to_pem()) + " ";
  const Ran ran =
      run(command + "--verify-hostname db1.example.org --verify-purpose 1.3.6.1.5.5.7.3.1");
  CHECK_MESSAGE(ran.status == 0, ran.output);
  CHECK(has(ran.output, "Chain verification output: Verified."));
  CHECK(run(command + "--verify-hostname db2.example.org").status != 0);
  CHECK(run(command + "--verify-purpose 1.3.6.1.5.5.7.3.2").status != 0);
}

TEST_CASE("openssl reads from a certificate what was asked for and nothing else") {
  auto from = issuer(AuthorityKind::server);
  const auto leaf = issue(from, server_draft(), key());
  const Folder folder;
  const std::string text =
      run("openssl x509 -noout -text -in " + folder.write("leaf.pem", leaf.to_pem())).output;
  CHECK(has(text, "Version: 3 (0x2)"));
  CHECK(has(text, "Signature Algorithm: ecdsa-with-SHA256"));
  CHECK(has(text, "Issuer: O = shop, CN = pgseal server authority 1"));
  CHECK(has(text, "Subject: O = shop, CN = db1.example.org"));
  CHECK(has(text, "Not Before: Sep  1 11:00:00 2026 GMT"));
  CHECK(has(text, "Not After : Nov 30 12:00:00 2026 GMT"));
  CHECK(has(text, "X509v3 Basic Constraints: critical\n                CA:FALSE"));
  CHECK(has(text, "X509v3 Key Usage: critical\n                Digital Signature\n"));
  CHECK(has(text, "X509v3 Extended Key Usage: \n                TLS Web Server Authentication\n"));
  CHECK(has(text,
            "DNS:db1.example.org, DNS:db1, IP Address:192.0.2.7, IP Address:2001:DB8:0:0:0:0:0:7"));
}

TEST_CASE("dates from 2050 on are GeneralizedTime, earlier ones UTCTime") {
  auto made = need(x509::create_authority(
      {AuthorityKind::server, "shop", 1, base::Days(12000), x509::KeyType::p256}, today));
  const Folder folder;
  const std::string text =
      run("openssl asn1parse -in " + folder.write("root.pem", made.certificate.to_pem())).output;
  CHECK(has(text, "UTCTIME           :260901110000Z"));
  CHECK(has(text, "GENERALIZEDTIME   :20590710120000Z"));
  CHECK(base::format_time(made.certificate.not_after) == "2059-07-10 12:00:00Z");
}

TEST_CASE("a P-384 and an RSA authority issue as well") {
  for (const auto type : {x509::KeyType::p384, x509::KeyType::rsa3072}) {
    auto made = authority(AuthorityKind::server, 1, type);
    auto from = need(x509::Issuer::open(AuthorityKind::server, std::move(made.certificate),
                                        std::move(made.key)));
    const auto leaf = issue(from, server_draft(), key());
    CHECK(leaf.signed_by(from.certificate()));
    const Folder folder;
    const Ran ran = run("openssl verify -attime 1788264000 -x509_strict -CAfile " +
                        folder.write("root.pem", from.certificate().to_pem()) + " " +
                        folder.write("leaf.pem", leaf.to_pem()));
    CHECK_MESSAGE(ran.status == 0, ran.output);
  }
}

TEST_CASE("an RSA key is certified as the request wrote it") {
  const auto rsa = need(x509::PrivateKey::generate(x509::KeyType::rsa3072));
  auto from = issuer(AuthorityKind::client);
  const auto leaf = issue(from, client_draft(), rsa);
  CHECK(leaf.spki == rsa.spki());
  CHECK(leaf.key_bits == 3072);
}

TEST_CASE("what is signed is, but for the signature, what was approved") {
  auto from = issuer(AuthorityKind::server);
  auto approval = need(from.approve(server_draft(), request(key())));
  const x509::Certificate preview = approval.preview();
  CHECK_FALSE(preview.signed_by(from.certificate()));
  const auto leaf = need(from.sign(std::move(approval)));
  CHECK(leaf.tbs == preview.tbs);
  CHECK(leaf.der != preview.der);
  CHECK(leaf.signed_by(from.certificate()));
}

TEST_CASE("an approval signs once") {
  auto from = issuer(AuthorityKind::server);
  auto approval = need(from.approve(server_draft(), request(key())));
  CHECK(from.sign(std::move(approval)));
  const auto again = from.sign(std::move(approval));  // NOLINT: the use after the move is the test
  REQUIRE_FALSE(again);
  CHECK(again.error().code == base::Code::authority_refused);
}

TEST_CASE("an approval is worth nothing to another issuer") {
  auto first = issuer(AuthorityKind::server, 1);
  auto second = issuer(AuthorityKind::server, 2);
  const auto signed_elsewhere = second.sign(need(first.approve(server_draft(), request(key()))));
  REQUIRE_FALSE(signed_elsewhere);
  CHECK(signed_elsewhere.error().code == base::Code::authority_refused);
}

TEST_CASE("a client authority signs no server, and the other way round") {
  auto clients = issuer(AuthorityKind::client);
  auto servers = issuer(AuthorityKind::server);
  CHECK_FALSE(clients.approve(server_draft(), request(key())));
  CHECK_FALSE(servers.approve(client_draft(), request(key())));
}

TEST_CASE("an authority does not sign what outlives it, and shortens nothing silently") {
  auto from = issuer(AuthorityKind::client);
  auto draft = client_draft();
  draft.not_after = from.certificate().not_after + 1s;
  const auto refused = from.approve(draft, request(key()));
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == base::Code::authority_refused);
  CHECK(has(refused.error().detail, "x509.validity-outlives-issuer"));
  draft.not_after = from.certificate().not_after;
  CHECK(from.approve(draft, request(key())));
}

TEST_CASE("a name that is none is refused with its clause") {
  auto from = issuer(AuthorityKind::server);
  for (const char* name : {"db_1", "*.example.org", "db1.", "10.0.0.1", "-db", "db 1", ""}) {
    auto draft = server_draft();
    draft.dns_names = {name};
    draft.subject.common_name = name;
    const auto refused = from.approve(draft, request(key()));
    CAPTURE(name);
    REQUIRE_FALSE(refused);
    CHECK(refused.error().code == base::Code::authority_refused);
    CHECK(has(refused.error().detail, "RFC 1123 2.1"));
  }
}

TEST_CASE("a subject that would break a line or is no text is refused") {
  auto from = issuer(AuthorityKind::client);
  for (const char* name : {"app\nCN=postgres", "app\xff",
                           "\xe2\x80\xae"
                           "app"}) {
    const auto refused = from.approve(client_draft(name), request(key()));
    REQUIRE_FALSE(refused);
    CHECK(refused.error().code == base::Code::authority_refused);
  }
}

TEST_CASE("a role name of 63 bytes is issued, with a remark that PostgreSQL cuts the subject") {
  auto from = issuer(AuthorityKind::client);
  auto approval = need(from.approve(client_draft(std::string(63, 'r')), request(key())));
  REQUIRE(approval.remarks().size() == 1);
  CHECK(approval.remarks()[0].code == "x509.subject-length");
  CHECK(need(from.sign(std::move(approval))).subject_cn().size() == 63);
}

TEST_CASE("serial numbers are 17 octets, positive and never the same") {
  std::vector<std::string> seen;
  for (int i = 0; i < 1000; ++i) {
    const std::string serial = need(x509::new_serial());
    CHECK(serial.size() == 17);
    CHECK(static_cast<unsigned char>(serial[0]) >= 1);
    CHECK(static_cast<unsigned char>(serial[0]) < 0x80);
    seen.push_back(serial);
  }
  std::sort(seen.begin(), seen.end());
  CHECK(std::adjacent_find(seen.begin(), seen.end()) == seen.end());
}

TEST_CASE("an issuer does not open with another authority's key") {
  auto ours = authority(AuthorityKind::server);
  auto other = authority(AuthorityKind::server);
  const auto opened =
      x509::Issuer::open(AuthorityKind::server, ours.certificate, std::move(other.key));
  REQUIRE_FALSE(opened);
  CHECK(opened.error().code == base::Code::authority_mismatch);
}

TEST_CASE("an issuer does not open with a leaf") {
  auto from = issuer(AuthorityKind::server);
  auto leaf_key = key();
  const auto leaf = issue(from, server_draft(), leaf_key);
  const auto opened = x509::Issuer::open(AuthorityKind::server, leaf, std::move(leaf_key));
  REQUIRE_FALSE(opened);
  CHECK(opened.error().code == base::Code::authority_refused);
}

TEST_CASE("an Ed25519 authority is refused, for libpq's channel binding fails with it") {
  const Folder folder;
  const Ran made = run("openssl req -x509 -newkey ed25519 -nodes -days 3650 -subj /CN=ed -keyout " +
                       folder.path("key") + " -out " + folder.path("crt"));
  REQUIRE_MESSAGE(made.status == 0, made.output);
  auto certificate = need(x509::Certificate::from_pem(folder.read("crt")));
  CHECK(certificate.key_algorithm == "Ed25519");
  CHECK(certificate.signature_algorithm == "Ed25519");
  auto key = need(x509::PrivateKey::from_pem(folder.read("key")));
  const auto opened = x509::Issuer::open(AuthorityKind::server, certificate, std::move(key));
  REQUIRE_FALSE(opened);
  CHECK(opened.error().code == base::Code::authority_refused);
  CHECK(has(opened.error().detail, "RFC 5929"));
}

TEST_CASE("an authority is named by environment and generation, and openssl takes it for a root") {
  const auto made = authority(AuthorityKind::client, 3);
  CHECK(made.certificate.subject == "/O=shop/CN=pgseal client authority 3");
  CHECK(made.certificate.signed_by(made.certificate));
  CHECK(x509::lint(made.certificate, x509::profile(x509::ProfileName::client_authority),
                   made.certificate)
            .empty());
  const Folder folder;
  const std::string file = folder.write("root.pem", made.certificate.to_pem());
  CHECK(run("openssl verify -check_ss_sig -x509_strict -attime 1788264000 -CAfile " + file + " " +
            file)
            .status == 0);
}

TEST_CASE("an environment name that PostgreSQL would cut is refused, not cut") {
  const std::string longest(63 - std::string("/O=/CN=pgseal server authority 1").size(), 'e');
  CHECK(x509::authority_subject(AuthorityKind::server, longest, 1));
  const auto refused = x509::authority_subject(AuthorityKind::server, longest + "e", 1);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == base::Code::config_value);
  CHECK_FALSE(x509::authority_subject(AuthorityKind::server, longest, 10));
}
