// SPDX-License-Identifier: PostgreSQL
// Signing requests: the key and the proof, and nothing else.
#include "x509/request.h"

#include <doctest/doctest.h>

#include "world.h"

using namespace world;
using x509::Request;

namespace {

std::string by_openssl(const std::string& newkey, const std::string& more = {}) {
  const Folder folder;
  const Ran ran = run("openssl req -new -nodes -newkey " + newkey + " -keyout /dev/null -subj " +
                      "/CN=postgres -outform DER -out " + folder.path("csr") + " " + more);
  REQUIRE_MESSAGE(ran.status == 0, ran.output);
  return folder.read("csr");
}

void refused(std::string_view der, std::string_view because) {
  const auto request = Request::parse(der);
  REQUIRE_FALSE(request);
  CHECK(request.error().code == base::Code::authority_request);
  CHECK_MESSAGE(has(request.error().detail, because), request.error().detail);
}

}  // namespace

TEST_CASE("openssl verifies our request, and we take its key") {
  for (const auto type : {x509::KeyType::p256, x509::KeyType::p384, x509::KeyType::rsa3072}) {
    const auto key = need(x509::PrivateKey::generate(type));
    const std::string der = need(x509::make_request(key, "db1"));
    const Folder folder;
    const Ran ran =
        run("openssl req -verify -noout -subject -inform DER -in " + folder.write("csr", der));
    CHECK(has(ran.output, "OK"));
    CHECK(has(ran.output, "CN = db1"));
    const auto request = need(Request::parse(der));
    CHECK(request.spki() == key.spki());
    CHECK(request.key_name() == x509::to_string(type));
  }
}

TEST_CASE("a foreign request is read, and the name that it asks for is not") {
  CHECK(need(Request::parse(by_openssl("rsa:2048"))).key_name() == "RSA-2048");
  const auto request = need(Request::parse(by_openssl("ec -pkeyopt ec_paramgen_curve:P-384",
                                                      "-addext subjectAltName=DNS:evil.example")));
  auto from = issuer(x509::AuthorityKind::client);
  const auto leaf = need(from.sign(need(from.approve(client_draft("app"), request))));
  CHECK(leaf.subject == "/CN=app");
  CHECK(leaf.dns_names.empty());
  CHECK(leaf.key_algorithm == "P-384");
}

TEST_CASE("keys that are weak, or of a kind that is not issued, are refused") {
  refused(by_openssl("rsa:1024"), "1024 bits");
  refused(by_openssl("ed25519"), "Ed25519");
  refused(by_openssl("ec -pkeyopt ec_paramgen_curve:secp256k1"), "accepted are");
}

TEST_CASE("a request that another key signed proves nothing") {
  const std::string theirs = need(x509::make_request(key(), "x"));
  const auto victim = key();
  std::string forged = theirs;
  const std::string mine = need(Request::parse(theirs)).spki();
  forged.replace(forged.find(mine), mine.size(), victim.spki());
  refused(forged, "not made by its own key");
}

TEST_CASE("a point that is not on the curve is no key") {
  std::string der = need(x509::make_request(key(), "x"));
  const std::string spki = need(Request::parse(der)).spki();
  const auto at = der.find(spki) + spki.size() - 1;
  der[at] = static_cast<char>(der[at] ^ 1);
  refused(der, "no key");
}

TEST_CASE("cut, changed, oversized requests are refused") {
  const std::string der = need(x509::make_request(key(), "x"));
  for (std::size_t length = 0; length < der.size(); ++length)
    CHECK_FALSE(Request::parse(std::string_view(der).substr(0, length)));
  for (std::size_t at = 0; at < der.size(); ++at) {
    std::string changed = der;
    changed[at] = static_cast<char>(changed[at] ^ 0x10);
    CHECK_FALSE(Request::parse(changed));
  }
  refused(der + "x", "does not belong");
  refused(std::string(20000, '0'), "16 KiB");
}
