// SPDX-License-Identifier: PostgreSQL
// What a change of a rule does to those whom it decides, and what of it only the server can tell.
#include <doctest/doctest.h>

#include "admission/compare.h"
#include "hba/texts.h"

namespace {

using admission::Comparison;

struct Texts {
  std::string before;
  std::string after;
  std::string old_maps;
  std::string new_maps;
};

std::string text_of(const Comparison& comparison) {
  std::string made;
  for (const admission::Change& change : comparison.changes) {
    made += made.empty() ? "" : "; ";
    made += std::string(change.unknown.empty() ? "" : "perhaps ") + to_string(change.effect);
  }
  for (const std::string& what : comparison.unknown) made += "; " + what;
  return comparison.equivalent ? "equivalent" : made;
}

std::string comparison_of(const Texts& texts, const hba::Version& version = {18, 6}) {
  const hba_tests::Texts beside;
  const hba::RuleFile before = hba::read_rules("old", texts.before, version, {}, beside);
  const hba::RuleFile after = hba::read_rules("new", texts.after, version, {}, beside);
  REQUIRE(before.accepted != std::optional(false));
  REQUIRE(after.accepted != std::optional(false));
  const hba::IdentFile old_maps = hba::read_idents("maps", texts.old_maps, version, beside);
  const hba::IdentFile new_maps = hba::read_idents("maps", texts.new_maps, version, beside);
  const admission::Roles roles;
  return text_of(admission::compare({before, old_maps, roles, version, {}},
                                    {after, new_maps, roles, version, {}}));
}

/// Of a rule that says `before`, and then `after`, how a connection is authenticated.
std::string effect_of(const std::string& before, const std::string& after) {
  return comparison_of({"hostssl all app 10.0.0.0/8 " + before + "\n",
                        "hostssl all app 10.0.0.0/8 " + after + "\n", "", ""});
}

}  // namespace

TEST_CASE("a method that asks more is stronger, the reverse weaker") {
  const std::vector<std::vector<std::string>> ranks = {
      {"trust"},
      {"ident"},
      {"password", "pam", "ldap ldapserver=a ldapprefix=x"},
      {"md5"},
      {"scram-sha-256"}};
  for (std::size_t low = 0; low < ranks.size(); ++low)
    for (std::size_t high = low; high < ranks.size(); ++high)
      for (const std::string& weak : ranks[low])
        for (const std::string& strong : ranks[high]) {
          CAPTURE(weak);
          CAPTURE(strong);
          const bool like = weak == strong;
          const char* up = like ? "equivalent" : low == high ? "different" : "stronger";
          const char* down = like ? "equivalent" : low == high ? "different" : "weaker";
          CHECK(effect_of(weak, strong) == up);
          CHECK(effect_of(strong, weak) == down);
        }
}

TEST_CASE("a demand for a certificate decides where the methods do not") {
  CHECK(effect_of("trust", "trust clientcert=verify-ca") == "stronger");
  CHECK(effect_of("md5 clientcert=verify-full", "md5 clientcert=verify-ca") == "weaker");
  CHECK(effect_of("scram-sha-256", "cert") == "stronger");
  CHECK(effect_of("cert", "gss") == "weaker");
  CHECK(effect_of("scram-sha-256", "gss") == "different");
  // Less of one and more of the other is neither.
  CHECK(effect_of("scram-sha-256", "trust clientcert=verify-full") == "different");
  CHECK(effect_of("trust clientcert=verify-full", "md5 clientcert=verify-ca") == "different");
}

TEST_CASE("a rejection is one, whatever it demands, and so is no rule") {
  CHECK(effect_of("reject", "reject clientcert=verify-full") == "equivalent");
  CHECK(effect_of("reject", "trust") == "lets in");
  CHECK(effect_of("trust", "reject") == "locks out");
  const std::string other = "local all all peer\n";
  CHECK(comparison_of({other + "host all all all reject\n", other, "", ""}) == "equivalent");
}

TEST_CASE("where a secret of a method differs, the change is one") {
  CHECK(effect_of("ldap ldapserver=a ldapprefix=x", "ldap ldapserver=b ldapprefix=x") ==
        "different");
  CHECK(effect_of("gss include_realm=1", "gss include_realm=0") == "different");
}

TEST_CASE("a map counts by what its file says beside each of the two") {
  const std::string rule = "hostssl all all all cert map=m\n";
  CHECK(comparison_of({rule, rule, "m cn app\nm other b\n", "m other b\nm cn app\n"}) ==
        "equivalent");
  CHECK(comparison_of({rule, rule, "m cn app\n", "m other app\n"}) == "different");
  CHECK(comparison_of({rule, "hostssl all all all cert map=n\n", "m cn app\n", "n cn app\n"}) ==
        "equivalent");
}

TEST_CASE("what a host name stands for is not guessed, and nothing that both files leave to it") {
  const std::string named = "host all all db.example.com trust\n";
  const std::string rest = "host all all 10.0.0.0/8 md5\n";
  const std::string changed = "host all all 10.0.0.0/8 scram-sha-256\n";
  CHECK(comparison_of({named + rest, rest, "", ""}) == "perhaps stronger; perhaps locks out");
  CHECK(comparison_of({rest, named + rest, "", ""}) == "perhaps weaker; perhaps lets in");
  CHECK(comparison_of({named + rest, named + rest, "", ""}) == "equivalent");
  // Who comes from the name's addresses is caught before it.
  CHECK(comparison_of({named + "host all all db.example.com md5\n" + rest, named + rest, "", ""}) ==
        "equivalent");
  CHECK(comparison_of({named + rest, named + changed, "", ""}) == "perhaps stronger");
  CHECK(comparison_of({named + "host all all samenet md5\n", named + "host all all samehost md5\n",
                       "", ""}) == "perhaps locks out; perhaps lets in");
}

TEST_CASE("an expression that is not decided here is left to the server") {
  const std::string rest = "host all all all reject\n";
  const std::string digits = "host all /^\\d+$ all md5\n";
  CHECK(comparison_of({digits + rest, digits + rest, "", ""}) == "equivalent");
  const std::string made = comparison_of({rest, digits + rest, "", ""});
  CHECK(made.starts_with("perhaps lets in"));
  CHECK(made.find("whether the server loads new:1") != std::string::npos);
}

TEST_CASE("of connections that GSS would encrypt it is said that the server has to be able to") {
  CHECK(comparison_of({"hostgssenc all all all gss\nhost all all all md5\n",
                       "host all all all md5\n", "", ""}) == "perhaps different");
}

TEST_CASE("a name that is longer than the server keeps is nobody's") {
  const std::string rest = "local all all peer\n";
  const std::string rule = "host all " + std::string(64, 'n') + " all trust\n";
  CHECK(comparison_of({rest, rest + rule, "", ""}) == "equivalent");
  CHECK(comparison_of({rest, rest + rule, "", ""}, {17, 0}) == "lets in");
}

TEST_CASE("files without much in common are given up on, and it is said") {
  std::string before;
  std::string after;
  for (int i = 0; i < 60; ++i) {
    const std::string rule = "host all u" + std::to_string(i) + ",+g" + std::to_string(i) + " all ";
    before += rule + (i % 2 == 0 ? "md5\n" : "scram-sha-256\n");
    after = rule + (i % 2 == 0 ? "md5\n" : "scram-sha-256\n") + after;
  }
  // 30 times 30 pairs of rules that ask for something else, all of them met in another order.
  const std::string few = comparison_of({before, after, "", ""});
  CHECK(few.find("gave up") == std::string::npos);
  for (int i = 60; i < 90; ++i) {
    const std::string rule = "host all u" + std::to_string(i) + ",+g" + std::to_string(i) + " all ";
    before += rule + (i % 2 == 0 ? "md5\n" : "scram-sha-256\n");
    after = rule + (i % 2 == 0 ? "md5\n" : "scram-sha-256\n") + after;
  }
  CHECK(comparison_of({before, after, "", ""})
            .ends_with("; what else differs: after 1001 changes the comparison gave up"));
}

TEST_CASE("what says in other words what holds anyway is no change") {
  const std::string ldap = "ldap ldapserver=a ldapbasedn=b";
  CHECK(effect_of("gss", "gss include_realm=1") == "equivalent");
  CHECK(effect_of("gss", "gss include_realm=0") == "different");
  CHECK(effect_of(ldap, ldap + " ldaptls=0") == "equivalent");
  CHECK(effect_of(ldap, ldap + " ldaptls=1") == "different");
  CHECK(effect_of(ldap, ldap + " ldapport=389") == "equivalent");
  CHECK(effect_of(ldap, ldap + " ldapport=390") == "different");
  CHECK(effect_of(ldap, ldap + " ldapscheme=ldap") == "equivalent");
  CHECK(effect_of(ldap + " ldapscheme=ldaps", ldap + " ldapscheme=ldaps ldapport=636") ==
        "equivalent");
  CHECK(effect_of(ldap + " ldapscheme=ldaps", ldap + " ldapscheme=ldaps ldapport=389") ==
        "different");
  CHECK(effect_of(ldap, ldap + " ldapsearchattribute=uid") == "equivalent");
  CHECK(effect_of(ldap, "ldap ldapurl=\"ldap://a/b??sub\"") == "equivalent");
  CHECK(effect_of(ldap, "ldap ldapurl=\"ldap://a/b\"") == "different");
  CHECK(effect_of("ldap ldapserver=a ldapprefix=x",
                  "ldap ldapserver=a ldapprefix=x ldapsuffix=\"\"") == "equivalent");
  CHECK(effect_of("pam", "pam pamservice=postgresql pam_use_hostname=0") == "equivalent");
  CHECK(effect_of("pam", "pam pamservice=other") == "different");
  CHECK(effect_of("cert", "cert map=\"\"") == "equivalent");
  CHECK(effect_of("radius radiusservers=10.0.0.1 radiussecrets=s",
                  "radius radiusservers=10.0.0.1 radiussecrets=s radiusports=1812") ==
        "equivalent");
}

TEST_CASE("a host's name is the same in upper case, a role's is not") {
  const auto from = [](const std::string& name) {
    return comparison_of(
        {"host all app App.Example md5\n", "host all app " + name + " md5\n", "", ""});
  };
  CHECK(from("app.example") == "equivalent");
  CHECK(from("App.Examples") != "equivalent");
  CHECK(comparison_of({"host all app App.Example md5\nhost all b app.example trust\n",
                       "host all b APP.example trust\nhost all app APP.EXAMPLE md5\n", "", ""}) ==
        "equivalent");
  CHECK(comparison_of({"host all App all md5\n", "host all app all md5\n", "", ""}) !=
        "equivalent");
}

TEST_CASE("quotes around a name in a map say nothing") {
  const std::string rule = "hostssl all all all cert map=m\n";
  CHECK(comparison_of({rule, rule, "m app \"app\"\n", "m \"app\" app\n"}) == "equivalent");
  CHECK(comparison_of({rule, rule, "m app \"all\"\n", "m app all\n"}) != "equivalent");
}
