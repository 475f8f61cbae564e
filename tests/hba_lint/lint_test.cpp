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
                         {18, 6})) == Said{});
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
