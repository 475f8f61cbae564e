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
