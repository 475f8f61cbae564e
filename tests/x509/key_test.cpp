// SPDX-License-Identifier: PostgreSQL
// Keys: what openssl reads of ours and we of openssl's; passphrases that are wrong, absent, empty.
#include "x509/key.h"

#include <doctest/doctest.h>

#include "base/text.h"
#include "world.h"
#include "x509/digest.h"
#include "x509/key_encryption.h"

using namespace world;
using x509::KeyEncryption;
using x509::PrivateKey;

namespace {

std::string encrypted(const PrivateKey& key, const base::Secret& passphrase) {
  return need(need(KeyEncryption::derive(passphrase)).encrypt(key));
}

/// The hexadecimal octet strings of a PEM's structure: salt, initialization vector, ciphertext.
std::vector<std::string> octet_strings(const std::string& pem) {
  const Folder folder;
  const std::string shown = run("openssl asn1parse -in " + folder.write("key", pem)).output;
  std::vector<std::string> found;
  for (const std::string_view line : base::split(shown, '\n')) {
    constexpr std::string_view mark = "[HEX DUMP]:";
    const std::size_t at = line.find(mark);
    if (at != line.npos) found.emplace_back(line.substr(at + mark.size()));
  }
  return found;
}

}  // namespace

TEST_CASE("openssl reads the keys that we write, and we get the same key back") {
  for (const auto type : {x509::KeyType::p256, x509::KeyType::p384, x509::KeyType::rsa3072}) {
    const auto key = need(PrivateKey::generate(type));
    const Folder folder;
    const auto pem = key.to_pem();
    const std::string file = folder.write("key", pem.expose_secret());
    CHECK(run("openssl pkey -noout -check -in " + file).status == 0);
    run("openssl pkey -pubout -outform DER -in " + file + " -out " + folder.path("pub"));
    CHECK(folder.read("pub") == key.spki());
    CHECK(need(PrivateKey::from_pem(pem.expose_secret())).spki() == key.spki());
  }
}

TEST_CASE("an encrypted key opens with its passphrase, here and in openssl") {
  const base::Secret passphrase("correct horse");
  const auto key = need(PrivateKey::generate(x509::KeyType::p256));
  const std::string pem = encrypted(key, passphrase);
  CHECK(pem.starts_with("-----BEGIN ENCRYPTED PRIVATE KEY-----\n"));
  CHECK(need(PrivateKey::from_pem(pem, &passphrase)).spki() == key.spki());
  const Folder folder;
  const std::string file = folder.write("key", pem);
  CHECK(run("openssl pkey -noout -passin 'pass:correct horse' -in " + file).status == 0);
  const std::string structure = run("openssl asn1parse -in " + file).output;
  CHECK(has(structure, "scrypt"));
  CHECK(has(structure, "aes-256-cbc"));
  for (const char* parameter : {":4000\n", ":08\n", ":05\n"}) CHECK(has(structure, parameter));
}

TEST_CASE("keys encrypted together share a derivation, and never an initialization vector") {
  const base::Secret passphrase("correct horse");
  const auto encryption = need(KeyEncryption::derive(passphrase));
  const auto key = need(PrivateKey::generate(x509::KeyType::p256));
  const auto first = octet_strings(need(encryption.encrypt(key)));
  const auto second = octet_strings(need(encryption.encrypt(key)));
  REQUIRE(first.size() == 3);
  REQUIRE(second.size() == 3);
  CHECK(first[0].size() == 32);
  CHECK(first[0] == second[0]);
  CHECK(first[1].size() == 32);
  CHECK(first[1] != second[1]);
  CHECK(first[2] != second[2]);
  const auto other = octet_strings(encrypted(key, passphrase));
  REQUIRE(other.size() == 3);
  CHECK(other[0] != first[0]);
}

TEST_CASE("keys of every type open with their passphrase") {
  const base::Secret passphrase("correct horse");
  const auto encryption = need(KeyEncryption::derive(passphrase));
  for (const auto type : {x509::KeyType::p256, x509::KeyType::p384, x509::KeyType::rsa3072}) {
    const auto key = need(PrivateKey::generate(type));
    const std::string pem = need(encryption.encrypt(key));
    CHECK(need(PrivateKey::from_pem(pem, &passphrase)).spki() == key.spki());
  }
}

TEST_CASE("a wrong passphrase is another error than a broken file") {
  const base::Secret right("right");
  const base::Secret wrong("wrong");
  const std::string pem = encrypted(need(PrivateKey::generate(x509::KeyType::p256)), right);
  const auto refused = PrivateKey::from_pem(pem, &wrong);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == base::Code::authority_passphrase);
  std::string broken = pem;
  broken.replace(pem.find('\n') + 1, 4, "AAAA");
  CHECK(PrivateKey::from_pem(broken, &right).error().code == base::Code::key);
  CHECK(PrivateKey::from_pem(pem.substr(0, 200), &right).error().code == base::Code::key);
  CHECK(PrivateKey::from_pem("no key", &right).error().code == base::Code::key);
}

TEST_CASE("an encrypted key without a passphrase is an error and asks no terminal") {
  const base::Secret passphrase("p");
  const auto key = need(PrivateKey::generate(x509::KeyType::p256));
  const auto refused = PrivateKey::from_pem(encrypted(key, passphrase));
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == base::Code::key);
  CHECK(refused.error().message == "private key is encrypted");
  const Folder folder;  // the older form, with headers inside the block
  run("openssl genrsa -traditional -aes128 -passout pass:p -out " + folder.path("key") + " 2048");
  CHECK(PrivateKey::from_pem(folder.read("key")).error().message == "private key is encrypted");
  CHECK(PrivateKey::from_pem(folder.read("key"), &passphrase));
}

TEST_CASE("an empty passphrase encrypts nothing") {
  const auto refused = KeyEncryption::derive(base::Secret());
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == base::Code::authority_passphrase);
}

TEST_CASE("no error about a key holds any of its text") {
  const auto made = key();
  const auto pem = made.to_pem();
  std::string broken(pem.expose_secret());
  broken.replace(broken.size() - 60, 8, "********");
  const auto refused = PrivateKey::from_pem(broken);
  REQUIRE_FALSE(refused);
  const std::string body = broken.substr(28, 60);
  const auto& error = refused.error();
  CHECK_FALSE(has(error.message + error.detail + error.hint + error.while_doing, body));
}

TEST_CASE("a key matches its certificate, also where that holds the point compressed") {
  const Folder folder;
  run("openssl ecparam -name prime256v1 -genkey -noout -out " + folder.path("key"));
  run("openssl ec -in " + folder.path("key") + " -conv_form compressed -out " +
      folder.path("compressed"));
  run("openssl req -x509 -key " + folder.path("compressed") + " -subj /CN=x -out " +
      folder.path("crt"));
  const auto certificate = need(x509::Certificate::from_pem(folder.read("crt")));
  const auto plain = need(PrivateKey::from_pem(folder.read("key")));
  CHECK(plain.spki() != certificate.spki);
  CHECK(plain.matches(certificate));
  CHECK_FALSE(key().matches(certificate));
}

TEST_CASE("words for key types go both ways") {
  for (const auto type : {x509::KeyType::p256, x509::KeyType::p384, x509::KeyType::rsa3072})
    CHECK(x509::key_type(x509::to_string(type)) == type);
  CHECK(x509::key_type("p-256") == x509::KeyType::p256);
  CHECK_FALSE(x509::key_type("Ed25519"));
}

TEST_CASE("SHA-256 gives the values of FIPS 180-4, whole and in pieces") {
  CHECK(x509::sha256_hex("abc") ==
        "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  x509::Sha256 digest;
  digest.update("a");
  digest.update("bc");
  CHECK(base::hex(digest.finish()) == x509::sha256_hex("abc"));
  CHECK(base::hex(digest.finish()) == x509::sha256_hex(""));
}
