// SPDX-License-Identifier: PostgreSQL
// Trust bundles and pairs as files: what is kept, what is refused, what openssl makes of it.
#include "x509/bundle.h"

#include <doctest/doctest.h>

#include "world.h"
#include "x509/key_encryption.h"
#include "x509/pair.h"

using namespace world;
using x509::AuthorityKind;
using x509::Bundle;

namespace {

Bundle bundle(std::vector<x509::Certificate> certificates) {
  return Bundle(std::move(certificates));
}

}  // namespace

TEST_CASE("a bundle written and read is the same, and openssl reads as many certificates") {
  const auto first = authority(AuthorityKind::server, 1).certificate;
  const auto second = authority(AuthorityKind::server, 2).certificate;
  const Bundle ours = bundle({first, second});
  CHECK(need(Bundle::from_pem(ours.to_pem())) == ours);
  const Folder folder;
  const std::string listed =
      run("openssl crl2pkcs7 -nocrl -certfile " + folder.write("root.crt", ours.to_pem()) +
          " | openssl pkcs7 -print_certs -noout")
          .output;
  CHECK(has(listed, "authority 1"));
  CHECK(has(listed, "authority 2"));
}

TEST_CASE("merging keeps foreign roots, in front, and holds twins once") {
  const auto foreign = authority(AuthorityKind::client).certificate;
  const auto ours = authority(AuthorityKind::server).certificate;
  const Bundle merged = bundle({foreign, ours}).merged(bundle({ours}));
  CHECK(merged == bundle({foreign, ours}));
  CHECK(merged.contains(foreign));
  CHECK(merged.without(ours) == bundle({foreign}));
  CHECK_FALSE(merged.without(ours).contains(ours));
  CHECK(need(Bundle::from_pem(ours.to_pem() + ours.to_pem())).certificates().size() == 1);
}

TEST_CASE("text between blocks, CRLF and a missing last newline do no harm") {
  const auto root = authority(AuthorityKind::server).certificate;
  std::string pem = "Company root, ask Jürgen\n\n" + root.to_pem() + "\n# the end";
  CHECK(need(Bundle::from_pem(pem)) == bundle({root}));
  std::string windows;
  for (const char c : root.to_pem()) windows += c == '\n' ? std::string("\r\n") : std::string(1, c);
  CHECK(need(Bundle::from_pem(windows)) == bundle({root}));
  pem = root.to_pem();
  pem.pop_back();
  CHECK(need(Bundle::from_pem(pem)) == bundle({root}));
  CHECK(need(Bundle::from_pem("nothing here")).empty());
}

TEST_CASE("one broken block refuses the bundle and is named") {
  const std::string good = authority(AuthorityKind::server).certificate.to_pem();
  const auto expect = [&](const std::string& pem, std::string_view place) {
    const auto refused = Bundle::from_pem(pem);
    REQUIRE_FALSE(refused);
    CHECK(refused.error().code == base::Code::certificate);
    CHECK_MESSAGE(has(refused.error().message, place), refused.error().message);
  };
  const auto lines = std::count(good.begin(), good.end(), '\n');
  const std::string second = "block 2, at line " + std::to_string(lines + 1);
  std::string broken = good;
  broken[good.find('\n') + 10] = '!';
  expect(good + broken, second);
  broken = good;
  broken.replace(good.find('\n') + 1, 4, "AAAA");
  expect(good + broken, second);
  expect(good + good.substr(0, 100), second);
  std::string other = good;  // a certificate's bytes under another name are none
  for (auto at = other.find("CERTIFICATE"); at != std::string::npos; at = other.find("CERTIFICATE"))
    other.replace(at, 11, "X509 CRL");
  expect(good + other, second + " is no certificate");
}

TEST_CASE("a pair in one file says leaf, chain and whether the key fits") {
  auto from = issuer(AuthorityKind::server);
  const auto its_key = key();
  const auto leaf = issue(from, server_draft(), its_key);
  const auto text = need(x509::join_pair(its_key.to_pem(), leaf, {from.certificate()}));
  const auto pair = need(x509::parse_pair(text.expose_secret()));
  CHECK(pair.has_key);
  CHECK(pair.key_matches);
  CHECK(pair.leaf == leaf);
  CHECK(pair.chain == std::vector<x509::Certificate>{from.certificate()});
  CHECK(pair.key_spki_sha256 == leaf.spki_sha256);
  const auto turned =
      need(x509::parse_pair(leaf.to_pem() + std::string(its_key.to_pem().expose_secret())));
  CHECK(turned.key_matches);
}

TEST_CASE("a pair that does not fit is told, and never written") {
  auto from = issuer(AuthorityKind::server);
  const auto leaf = issue(from, server_draft(), key());
  const auto other = key().to_pem();
  CHECK_FALSE(need(x509::parse_pair(leaf.to_pem(), other.expose_secret())).key_matches);
  const auto refused = x509::join_pair(other, leaf, {});
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == base::Code::key);
}

TEST_CASE("half a pair, an encrypted key and an empty file are facts") {
  const base::Secret passphrase("p");
  CHECK_FALSE(need(x509::parse_pair("")).leaf);
  CHECK_FALSE(need(x509::parse_pair("")).has_key);
  const auto encrypted =
      need(x509::parse_pair(need(need(x509::KeyEncryption::derive(passphrase)).encrypt(key()))));
  CHECK(encrypted.has_key);
  CHECK(encrypted.key_encrypted);
  CHECK_FALSE(encrypted.key_matches);
}
