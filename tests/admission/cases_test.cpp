// SPDX-License-Identifier: PostgreSQL
// What real servers did with connections under some hundred files (tests/hba/cases): in every
// version that a case names, explain says the same or says that only the server can tell.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <cstdio>

#include "admission/explain.h"
#include "hba/cases.h"

namespace {

using admission::Connection;
using admission::Decision;
using admission::Transport;
using hba_tests::main_file;
using Outcome = Decision::Outcome;

/// "user=alice,db=db1,tcp from 127.0.0.1,tls=cert:bob,replication=true" of a case.
Connection connection_of(const std::string& text) {
  Connection made;
  bool has_database = false;
  for (const std::string& part : hba_tests::split_by(text, ",")) {
    const std::string value = part.substr(part.find('=') + 1);
    if (part.starts_with("user=")) made.user = value;
    if (part.starts_with("db=") && value != "<omitted>") {
      made.database = value;
      has_database = true;
    }
    if (part.starts_with("tcp from ")) {
      made.transport = Transport::plain;
      made.address = hba::read_address(part.substr(9)).address;
    }
    if (part.starts_with("tls=")) made.transport = Transport::tls;
    if (part.starts_with("tls=cert:")) made.certificate = part.substr(9);
    if (part == "replication=true") made.physical_replication = true;
  }
  if (!has_database) made.database = made.user;
  return made;
}

/// Whether the server's answer is one that this decision foretells.
bool foretold(const Decision& decision, const std::string& answer) {
  const auto begins = [&](const char* words) { return answer.starts_with(words); };
  switch (decision.outcome) {
    case Outcome::accept:  // to the method; whether an OS user is the right one it alone can tell
      return begins("accept") || begins("challenge:") || begins("reject:Peer authentication");
    case Outcome::reject:
      return begins("reject:pg_hba.conf rejects");
    case Outcome::no_match:
      return begins("reject:no pg_hba.conf entry");
    case Outcome::certificate_required:
      return begins("reject:connection requires a valid client certificate");
    case Outcome::certificate_mismatch:
      return begins("reject:certificate authentication failed") ||
             begins("reject:\"trust\" authentication failed") || begins("SASL challenge");
    case Outcome::unknown:
      return true;
  }
  return false;
}

/// Some lines are about the handshake or say not how one comes; and explain takes a role to exist.
bool about_rules(const std::string& asks, const std::string& answer) {
  return asks.starts_with("conn(user=") && answer != "nossl" &&
         (asks.find("tcp from") != std::string::npos || asks.find("unix") != std::string::npos) &&
         asks.find("user=nobody_x,db=nobody_x") == std::string::npos;
}

admission::Roles roles_of_the_server() {
  auto roles = admission::Roles::parse("roles", "alice devs\ndevs ops\n");
  REQUIRE(roles);
  return *roles;
}

}  // namespace

TEST_CASE("connections are decided as real servers decided them") {
  const admission::Roles roles = roles_of_the_server();
  int asked = 0;
  int unknown = 0;
  std::vector<std::string> undecided;
  for (const hba_tests::Case& each :
       hba_tests::read_cases(PGSEAL_TEST_FOLDER "/../hba/cases/hba-cases.tsv")) {
    for (int major = each.first; major <= each.last; ++major) {
      const auto version = hba::parse_version(std::to_string(major));
      REQUIRE(version);
      const hba::RuleFile file =
          hba::read_rules(main_file, each.text, *version, each.traits, each.beside);
      const hba::IdentFile idents =
          hba::read_idents("/data/pg_ident.conf", each.idents, *version, each.beside);
      const admission::Rules rules(file, idents, roles, *version, each.traits);
      for (const std::string& expected : each.expected) {
        const std::size_t arrow = expected.find(")=>");
        if (arrow == std::string::npos || file.accepted == std::optional(false)) continue;
        const std::string asks = hba_tests::expanded(expected.substr(0, arrow));
        const std::string answer = expected.substr(arrow + 3);
        if (!about_rules(asks, answer)) continue;
        const Decision decision = rules.explain(connection_of(asks.substr(5)));
        ++asked;
        if (decision.outcome == Outcome::unknown) {
          ++unknown;
          if (undecided.empty() || undecided.back() != each.id) undecided.push_back(each.id);
        }
        CAPTURE(each.id);
        CAPTURE(major);
        CAPTURE(expected);
        const int outcome = static_cast<int>(decision.outcome);
        CAPTURE(outcome);
        CHECK(foretold(decision, answer));
      }
    }
  }
  std::printf("connections of real servers: %d, of which %d only the server can decide (%s)\n",
              asked, unknown, fmt::format("{}", fmt::join(undecided, " ")).c_str());
  CHECK(asked > 300);
  CHECK(unknown * 5 < asked);  // host names and the server's own networks
}
