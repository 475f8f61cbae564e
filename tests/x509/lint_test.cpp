// SPDX-License-Identifier: PostgreSQL
// Each rule of the lint, broken alone: exactly its finding comes, with a clause.
#include "x509/lint.h"

#include <doctest/doctest.h>

#include <functional>

#include "world.h"

using namespace world;
using x509::Certificate;
using x509::ProfileName;

namespace {

struct Sample {
  Certificate root;
  Certificate leaf;
};

Sample sample(x509::AuthorityKind kind) {
  auto from = issuer(kind);
  const auto draft = kind == x509::AuthorityKind::server ? server_draft() : client_draft();
  return {from.certificate(), issue(from, draft, key())};
}

/// Codes of what is found once `damage` was done to a good certificate.
std::vector<std::string> found(ProfileName name, const std::function<void(Sample&)>& damage) {
  const bool server = name == ProfileName::server || name == ProfileName::server_authority;
  static const Sample servers = sample(x509::AuthorityKind::server);
  static const Sample clients = sample(x509::AuthorityKind::client);
  Sample used = server ? servers : clients;
  if (x509::profile(name).authority) used.leaf = used.root;
  damage(used);
  std::vector<std::string> codes;
  for (const auto& finding : x509::lint(used.leaf, x509::profile(name), used.root)) {
    CHECK_FALSE(finding.clause.empty());
    codes.push_back(finding.code.substr(5));
  }
  return codes;
}

using Codes = std::vector<std::string>;

}  // namespace

TEST_CASE("what was issued has nothing to say against it") {
  for (const auto name : {ProfileName::server, ProfileName::client, ProfileName::server_authority,
                          ProfileName::client_authority})
    CHECK(found(name, [](Sample&) {}) == Codes{});
}

TEST_CASE("each broken rule of a server certificate is found alone") {
  struct Row {
    const char* code;
    std::function<void(Sample&)> damage;
  };
  const std::vector<Row> rows = {
      {"version", [](Sample& s) { s.leaf.version = 1; }},
      {"serial-positive", [](Sample& s) { s.leaf.serial[0] = '\x80'; }},
      {"serial-length", [](Sample& s) { s.leaf.serial = std::string(21, 'a'); }},
      {"serial-random", [](Sample& s) { s.leaf.serial = "7"; }},
      {"signature-algorithm", [](Sample& s) { s.leaf.signature_algorithm = "Ed25519"; }},
      {"signature-algorithm", [](Sample& s) { s.leaf.signature_algorithm = "ecdsa-with-SHA1"; }},
      {"issuer-name", [](Sample& s) { s.root.subject_name += "x"; }},
      {"issuer-authority", [](Sample& s) { s.root.basic_constraints->ca = false; }},
      {"issuer-key", [](Sample& s) { s.root.key_algorithm = "Ed25519"; }},
      {"validity-order", [](Sample& s) { s.leaf.not_after = s.leaf.not_before; }},
      {"validity-outlives-issuer", [](Sample& s) { s.root.not_after = s.leaf.not_after - 1s; }},
      {"validity-before-issuer", [](Sample& s) { s.root.not_before = s.leaf.not_before + 1s; }},
      {"common-name", [](Sample& s) { s.leaf.common_names.clear(); }},
      {"common-name", [](Sample& s) { s.leaf.common_names.push_back("b"); }},
      {"common-name", [](Sample& s) { s.leaf.common_names = {"db9"}; }},
      {"common-name-length",
       [](Sample& s) {
         s.leaf.common_names = {std::string(60, 'a') + ".b.cd"};
         s.leaf.dns_names = s.leaf.common_names;
       }},
      {"key-strength", [](Sample& s) { s.leaf.key_algorithm = "P-521"; }},
      {"basic-constraints", [](Sample& s) { s.leaf.basic_constraints.reset(); }},
      {"basic-constraints", [](Sample& s) { s.leaf.basic_constraints->critical = false; }},
      {"basic-constraints", [](Sample& s) { s.leaf.basic_constraints->ca = true; }},
      {"path-length", [](Sample& s) { s.leaf.basic_constraints->path_length = 0; }},
      {"key-usage", [](Sample& s) { s.leaf.key_usage.reset(); }},
      {"key-usage", [](Sample& s) { *s.leaf.key_usage |= x509::key_encipherment; }},
      {"key-usage", [](Sample& s) { s.leaf.key_usage_critical = false; }},
      {"extended-key-usage", [](Sample& s) { s.leaf.extended_key_usage.clear(); }},
      {"extended-key-usage", [](Sample& s) { s.leaf.extended_key_usage.push_back("clientAuth"); }},
      {"subject-key-id", [](Sample& s) { s.leaf.subject_key_id.clear(); }},
      {"authority-key-id", [](Sample& s) { s.leaf.authority_key_id.clear(); }},
      {"authority-key-id", [](Sample& s) { s.root.subject_key_id = "00"; }},
      {"san-missing",
       [](Sample& s) {
         s.leaf.dns_names.clear();
         s.leaf.ip_addresses.clear();
       }},
      {"san-name", [](Sample& s) { s.leaf.dns_names.push_back("*.example.org"); }},
      {"san-address", [](Sample& s) { s.leaf.ip_addresses.push_back("hex:00"); }},
      {"san-kind", [](Sample& s) { s.leaf.other_names.push_back("uri:x"); }},
      {"extension-critical", [](Sample& s) { s.leaf.unknown_critical.push_back("1.2.3"); }},
      {"extension-unexpected", [](Sample& s) { s.leaf.extensions.push_back("1.2.3"); }},
  };
  for (const Row& row : rows) {
    CAPTURE(row.code);
    CHECK(found(ProfileName::server, row.damage) == Codes{row.code});
  }
}

TEST_CASE("names in a client certificate are remarked upon") {
  CHECK(found(ProfileName::client, [](Sample& s) { s.leaf.dns_names = {"a"}; }) ==
        Codes{"san-unexpected"});
}

TEST_CASE("an authority's subject that PostgreSQL cuts is an error") {
  CHECK(found(ProfileName::client_authority,
              [](Sample& s) { s.leaf.subject = std::string(64, 'a'); }) == Codes{"subject-length"});
}

TEST_CASE("all that is wrong is told at once") {
  const auto codes = found(ProfileName::server, [](Sample& s) {
    s.leaf.version = 1;
    s.leaf.serial = "7";
    s.leaf.key_usage.reset();
    s.leaf.dns_names.push_back("a_b");
  });
  CHECK(codes == Codes{"version", "serial-random", "key-usage", "san-name"});
}
