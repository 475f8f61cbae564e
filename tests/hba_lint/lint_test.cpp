// SPDX-License-Identifier: PostgreSQL
// What is said of whole files, and what is not.
#include "hba_lint/lint.h"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <cstdio>

#include "hba/cases.h"

namespace {

base::Findings findings_of(std::string_view text, const hba::Version& version = {15, 20}) {
  const hba_tests::Texts beside;
  const admission::Roles roles;
  return hba_lint::lint({"hba", text, version, {}, beside, roles}).findings;
}

/// "2 hba.shadowed" of each, in their order.
std::vector<std::string> said(const base::Findings& findings) {
  std::vector<std::string> all;
  for (const base::Finding& each : findings)
    all.push_back(fmt::format("{} {}", each.line, each.code));
  return all;
}

using Said = std::vector<std::string>;

}  // namespace

TEST_CASE("the file that Debian installs shows nothing") {
  const std::string_view text =
      "# Database administrative login by Unix domain socket\n"
      "local   all             postgres                                peer\n\n"
      "# TYPE  DATABASE        USER            ADDRESS                 METHOD\n\n"
      "local   all             all                                     peer\n"
      "host    all             all             127.0.0.1/32            scram-sha-256\n"
      "host    all             all             ::1/128                 scram-sha-256\n"
      "local   replication     all                                     peer\n"
      "host    replication     all             127.0.0.1/32            scram-sha-256\n"
      "host    replication     all             ::1/128                 scram-sha-256\n";
  CHECK(said(findings_of(text)) == Said{});
}

TEST_CASE("spelling that means nothing is no finding") {
  for (const std::string_view text :
       {"hostssl shop app 10.0.0.0/8 scram-sha-256",        // no newline at the end
        "hostssl shop app 10.0.0.0/8 scram-sha-256\r\n",    // CRLF
        "hostssl\tshop\tapp\t10.0.0.0/8\tscram-sha-256\n",  // tabs
        "\"hostssl\" shop app 10.0.0.0/8 \"scram-sha-256\"\n",
        "hostssl shop app 10.0.0.0/8 scram-sha-256 # for the shop\n",
        "hostssl shop app 10.0.0.0/8 scram-sha-256 # C:\\shop\n",
        "# a comment \\\n\n# and another \\\n# one\nhostssl shop app 10.0.0.0/8 scram-sha-256\n"}) {
    CAPTURE(text);
    CHECK(said(findings_of(text)) == Said{});
  }
}

TEST_CASE("what only the server can tell covers no rule below") {
  for (const std::string_view address : {"samenet", "samehost", "app1.example"}) {
    CAPTURE(address);
    for (const base::Finding& each :
         findings_of(fmt::format("hostssl shop all {} reject\nhostssl shop app 10.0.0.0/8 "
                                 "scram-sha-256\n",
                                 address)))
      CHECK(each.line == 1);
  }
  CHECK(said(findings_of("hostssl \"/^sh\\wp$\" all all reject\n"
                         "hostssl shop app 10.0.0.0/8 scram-sha-256\n",
                         {18, 6})) == Said{"1 hba.undecided"});
}

TEST_CASE("the rules of a file that the server refuses are not weighed against each other") {
  CHECK(said(findings_of("hostssl shop all 10.0.0.0/8 scram-sha-256\n"
                         "hostssl shop app 10.0.0.0/8 reject\n"
                         "host\n")) == Said{"3 hba.syntax"});
}

TEST_CASE("before 12 clientcert=verify-full asks for nothing, and it is said") {
  const base::Findings findings =
      findings_of("hostssl shop app 10.0.0.0/8 scram-sha-256 clientcert=verify-full\n", {11, 22});
  CHECK(said(findings) == Said{"1 hba.clientcert-value"});
  CHECK(findings[0].severity == base::Severity::warning);
}

TEST_CASE("a rule by a map that pg_ident.conf does not have is a warning, where it is known") {
  const hba_tests::Texts beside;
  const admission::Roles roles;
  const std::string_view text = "hostssl shop app 10.0.0.0/8 cert map=m\n";
  const auto lint = [&](const std::optional<std::string>& idents) {
    return hba_lint::lint({"hba", text, {15, 20}, {}, beside, roles, "ident", idents}).findings;
  };
  CHECK(said(lint(std::nullopt)) == Said{});
  CHECK(said(lint("m app app\n")) == Said{});
  const base::Findings findings = lint("other app app\n");
  CHECK(said(findings) == Said{"1 hba.cert-map"});
  CHECK(findings[0].severity == base::Severity::warning);
}

TEST_CASE("no slip brings a secret into a finding") {
  for (const char* rest :
       {"ldap ldapserver=x ldapbasedn=y ldapbindpasswd=my S3CRET", "ldap ldapbindpasswd=a,S3CRET",
        "radius radiusservers=a radiussecrets=\"\" S3CRET", "ldapbindpasswd=S3CRET",
        "ldap ldapserver=x ldapbindpasswd= @S3CRET", "ldap \"x ldapbindpasswd=a S3CRET\""})
    for (const int major : {10, 15, 18}) {
      const std::string text = fmt::format("hostssl all all 10.0.0.0/8 {}\n", rest);
      for (const base::Finding& each : findings_of(text, {major, 5}))
        CHECK_MESSAGE((each.message + each.detail + each.hint).find("S3CRET") == std::string::npos,
                      each.message);
    }
  for (const char* text : {"host all all 10.0.0.1 ldapbindpasswd=S3CRET md5\n",
                           "hostssl all all ldapbindpasswd=S3CRET md5\n"})
    for (const base::Finding& each : findings_of(text))
      CHECK_MESSAGE((each.message + each.detail + each.hint).find("S3CRET") == std::string::npos,
                    each.message);
}

TEST_CASE("a reject of one family is a gap, whatever accepts below it") {
  const auto gap_in = [](std::string_view text) {
    for (const base::Finding& each : findings_of(text))
      if (each.code == "hba.ipv6-gap") return each.line;
    return 0;
  };
  CHECK(gap_in("hostssl all evil 0.0.0.0/0 reject\nhostssl all evil all scram-sha-256\n") == 1);
  CHECK(gap_in("hostssl all evil 0.0.0.0/0 reject\nhostssl all evil ::/0 scram-sha-256\n") == 1);
  CHECK(gap_in("hostssl all evil 0.0.0.0/0 reject\nhostssl all evil ::/0 reject\n") == 0);
  CHECK(gap_in("hostssl a,b \"app\" 0.0.0.0/0 md5\nhostssl b,a app ::/0 md5\n") == 0);
}

TEST_CASE("trust that any certificate of an authority opens is a warning") {
  CHECK(said(findings_of("hostssl shop app all trust clientcert=verify-full\n")) == Said{});
  const Said all = said(findings_of("hostssl shop app all trust clientcert=verify-ca\n"));
  CHECK(std::find(all.begin(), all.end(), "1 hba.trust-tcp") != all.end());
}

TEST_CASE("a rule whose many predecessors were not all looked at is not called redundant") {
  std::string text;
  for (int i = 0; i < 240; i += 2) text += fmt::format("hostssl all app 10.0.0.{}/31 reject\n", i);
  for (int i = 240; i < 256; i += 2)
    text += fmt::format("hostssl all app 10.0.0.{}/31 scram-sha-256\n", i);
  const Said all = said(findings_of(text + "hostssl all app 10.0.0.0/24 reject\n"));
  CHECK(std::find(all.begin(), all.end(), "129 hba.shadowed") != all.end());
}

TEST_CASE("trust is a superuser's only where he comes by that rule") {
  hba_lint::ServerFacts facts;
  facts.superusers = {"postgres"};
  facts.roles = {"postgres", "app"};
  facts.databases = {"postgres"};
  facts.client_authority = true;
  const hba_tests::Texts beside;
  const admission::Roles roles;
  const auto says = [&](std::string_view text) {
    const auto found =
        hba_lint::lint({"pg_hba.conf", text, {16, 1}, {}, beside, roles, {}, {}, &facts}).findings;
    return std::any_of(found.begin(), found.end(), [](const base::Finding& each) {
      return each.code == "hba.trust-superuser";
    });
  };
  CHECK(says("local all all trust\n"));
  CHECK(says("local all app peer\nlocal all all trust\n"));
  CHECK(says("host all all 127.0.0.1/32 trust\n"));
  CHECK_FALSE(says("local all postgres peer\nlocal all all trust\n"));
  CHECK_FALSE(says("host all postgres 127.0.0.0/8 md5\nhost all all 127.0.0.1/32 trust\n"));
  CHECK_FALSE(says("local all app trust\n"));
  CHECK(says("host all all samehost trust\n"));
  CHECK(says("host all all db.example md5\nhost all all 127.0.0.1/32 trust\n"));
  // Whoever is caught by the first is not by the second, whoever else is.
  CHECK_FALSE(
      says("host all all db.example md5\nhost all postgres 127.0.0.0/8 md5\n"
           "host all all 127.0.0.1/32 trust\n"));
  CHECK(says("hostnossl all postgres all md5\nhostssl all all ::1/128 trust\n"));
  CHECK_FALSE(says("hostnogssenc all postgres all md5\nhostssl all all ::1/128 trust\n"));
}

TEST_CASE("a mask that is no address is told from one that is missing") {
  const auto code = [](const std::string& fields) {
    return said(findings_of("host shop app " + fields + "\nhost replication all all reject\n"));
  };
  CHECK(code("10.0.0.1 255.255.255.256 md5") == Said{"1 hba.bad-mask"});
  CHECK(code("10.0.0.1 255.255.255 reject") == Said{"1 hba.address-short"});
  CHECK(code("10.0.0.1 ffff:: md5") == Said{"1 hba.bad-mask"});
  CHECK(code("10.0.0.1 md5") == Said{"1 hba.bare-address"});
  CHECK(code("10.0.0.1") == Said{"1 hba.bare-address"});
  CHECK(code("10.0.0.1 trust") == Said{"1 hba.bare-address"});
}

TEST_CASE("each line that only the server can judge is named, and why") {
  const std::string text =
      "hostssl shop a all oauth issuer=https://id.example scope=openid\n"
      "hostssl shop b all radius radiusservers=rad.example radiussecrets=s\n"
      "hostssl shop c all ldap ldapurl=\"ldap://[a\"\n"
      "hostssl shop \"/^\\d$\" all scram-sha-256\n"
      "hostssl shop e all scram-sha-256\n";
  const hba_tests::Texts beside;
  const admission::Roles roles;
  const std::string maps = "m /^\\d$ app\n";
  const hba_lint::Report report =
      hba_lint::lint({"hba", text, {18, 6}, {}, beside, roles, "maps", maps});
  CHECK_FALSE(report.rules.accepted.has_value());
  Said found;
  for (const base::Finding& each : report.findings)
    if (each.code == "hba.undecided") {
      CHECK(each.severity == base::Severity::note);
      found.push_back(fmt::format("{} {} {}", each.file, each.line,
                                  each.message.substr(each.message.find(": ") + 2)));
    }
  CHECK(found == Said{"hba 1 whether oauth_validator_libraries names a validator for it",
                      "hba 2 whether its resolver knows the RADIUS server \"rad.example\"",
                      "hba 3 how its LDAP library reads the URL",
                      "hba 4 what the regular expression means",
                      "maps 1 what the regular expression means"});
}

TEST_CASE("a file that is /dev/null has no rules, as the server reads it") {
  const admission::Roles roles;
  const std::string text = "include /dev/null\nlocal shop app,@/dev/null peer\n";
  const hba_lint::Report report = hba_lint::lint({"hba", text, {18, 6}, {}, hba::Files(), roles});
  CHECK(report.rules.accepted == std::optional(true));
  CHECK(report.rules.rows.size() == 1);
}

TEST_CASE("a rule that says in other words what one above it says is redundant") {
  CHECK(said(findings_of("host shop all all gss\nhost shop app all gss include_realm=1\n",
                         {18, 6}))[1] == "2 hba.redundant");
  CHECK(said(findings_of("host shop all all gss\nhost shop app all gss include_realm=0\n",
                         {18, 6}))[1] == "2 hba.shadowed");
}
