// SPDX-License-Identifier: PostgreSQL
// Rules that never decide, and ways in without TLS, against brute force: every connection of a
// small world is put to explain. Random files; a disagreement prints its file and seed.
// PGSEAL_LINTS=N tries N files of each kind.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <cstdio>
#include <set>

#include "admission/explain.h"
#include "admission/idle.h"
#include "admission/small_world.h"
#include "hba/texts.h"
#include "hba_lint/lint.h"

namespace {

using admission::Connection;
using admission::Decision;
using admission::Roles;
using admission::Transport;
using small_world::databases;
using small_world::everybody;
using small_world::Pool;
using small_world::types;
using small_world::users;

const Pool addresses = {"all",         "0.0.0.0/0",   "10.0.0.0/28", "10.0.0.0/29",
                        "10.0.0.8/29", "10.0.0.4/30", "10.0.0.1/32", "10.0.0.0 255.255.255.249",
                        "::/0",        "::8/125",     "127.0.0.0/8", "126.0.0.0/7"};
const Pool methods = {"reject", "reject", "password", "trust", "scram-sha-256"};
const Pool expressions = {"/^a$", "/a", "/^some", "/^$", "/^[ab]$", "/", "/\\w"};

class Writer : public small_world::Dice {
 public:
  Writer(std::uint64_t seed, bool with_expressions)
      : Dice(seed), with_expressions_(with_expressions) {}

  std::string file() {
    std::string text;
    for (std::size_t lines = 1 + below(14); lines > 0; --lines) text += rule();
    return text;
  }

 private:
  std::string name_of(const Pool& pool) {
    return with_expressions_ && below(3) == 0 ? one_of(expressions) : one_of(pool);
  }
  std::string rule() {
    const std::string type = one_of(types);
    return fmt::format("{} {} {} {} {}\n", type, name_of(databases), name_of(users),
                       type == "local" ? "" : one_of(addresses), one_of(methods));
  }

  bool with_expressions_;
};

/// Lines that decide some connection of the world, and those that let other machines in plainly.
struct Found {
  std::set<int> decide;
  std::set<int> open;
};

std::vector<hba::Address> every_address() {
  std::vector<hba::Address> from;
  for (int i = 0; i < 17; ++i)
    from.push_back(hba::read_address(fmt::format("10.0.0.{}", i)).address);
  for (const char* other : {"127.0.0.1", "127.255.255.255", "126.255.255.255", "128.0.0.0", "::1"})
    from.push_back(hba::read_address(other).address);
  for (int i = 7; i < 18; ++i) from.push_back(hba::read_address(fmt::format("::{:x}", i)).address);
  return from;
}

bool own(const hba::Address& address) {
  return address.family == hba::Family::ipv4 ? address.bytes[0] == 127
                                             : hba::to_string(address) == "::1";
}

Found by_brute_force(const hba::RuleFile& file, const Roles& roles, const hba::Version& version) {
  const hba::IdentFile idents;
  const admission::Rules rules(file, idents, roles, version, {});
  const auto from = every_address();
  Found found;
  const auto ask = [&](const Connection& asked) {
    const Decision decision = rules.explain(asked);
    std::vector<const hba::RuleRow*> rows = decision.candidates;
    if (decision.row != nullptr) rows.push_back(decision.row);
    for (const hba::RuleRow* row : rows) found.decide.insert(row->line);
    if (asked.transport == Transport::plain && !own(*asked.address) &&
        decision.outcome == Decision::Outcome::accept)
      found.open.insert(decision.row->line);
  };
  for (const std::string& user : everybody)
    for (std::size_t database = 0; database <= everybody.size(); ++database) {
      Connection asked;
      asked.user = user;
      asked.physical_replication = database == everybody.size();
      asked.database = asked.physical_replication ? user : everybody[database];
      ask(asked);
      for (const Transport transport : {Transport::plain, Transport::tls, Transport::gss})
        for (const hba::Address& address : from) {
          asked.transport = transport;
          asked.address = address;
          ask(asked);
        }
    }
  return found;
}

struct Said {
  std::set<int> never;
  std::set<int> open;
};

Said said(const base::Findings& findings) {
  Said made;
  for (const base::Finding& each : findings) {
    if (each.code == "hba.shadowed" || each.code == "hba.redundant") made.never.insert(each.line);
    for (const char* code :
         {"hba.plaintext", "hba.nogss-plain", "hba.cleartext-password", "hba.host-after-hostssl"})
      if (each.code == code) made.open.insert(each.line);
  }
  return made;
}

/// `exact`: what brute force does not find must be said to be dead, and nothing else.
void compare(std::uint64_t seed, bool with_expressions, bool exact) {
  int dead = 0;
  int open = 0;
  const hba::Version version = with_expressions ? hba::Version{17, 10} : hba::Version{15, 20};
  const int tries = small_world::wanted("PGSEAL_LINTS", 400);
  for (int i = 0; i < tries; ++i) {
    Writer writer(seed + static_cast<std::uint64_t>(i), with_expressions);
    const std::string text = writer.file();
    const auto roles = Roles::parse("roles", writer.roles());
    REQUIRE(roles);
    const hba_tests::Texts beside;
    const hba_lint::Report report = hba_lint::lint({"hba", text, version, {}, beside, *roles});
    REQUIRE(report.rules.accepted != std::optional(false));
    const Said lint = said(report.findings);
    const Found found = by_brute_force(report.rules, *roles, version);
    const std::uint64_t at = seed + static_cast<std::uint64_t>(i);
    CAPTURE(at);
    CAPTURE(text);
    const std::vector<bool> idle = admission::idle_rules(report.rules, *roles, version, {});
    std::size_t number = 0;
    for (const hba::RuleRow& row : report.rules.rows) {
      CAPTURE(row.line);
      CHECK(idle.at(number++) == lint.never.contains(row.line));
      const bool decides = found.decide.contains(row.line);
      if (lint.never.contains(row.line)) CHECK_FALSE(decides);
      if (exact) CHECK(lint.never.contains(row.line) == !decides);
      if (found.open.contains(row.line)) CHECK(lint.open.contains(row.line));
      if (exact) CHECK(lint.open.contains(row.line) == found.open.contains(row.line));
    }
    dead += static_cast<int>(lint.never.size());
    open += static_cast<int>(lint.open.size());
  }
  std::printf("lint and brute force: %d files, %d rules that never decide, %d open ones\n", tries,
              dead, open);
  CHECK(dead * 10 > tries);
  CHECK(open * 5 > tries);
}

}  // namespace

TEST_CASE("with memberships known exactly the rules that brute force never meets never decide") {
  compare(1, false, true);
}

TEST_CASE("with regular expressions no rule that decides is said never to") {
  compare(5000000, true, false);
}

TEST_CASE("rules that say the same as those above are redundant, others are shadowed") {
  const hba_tests::Texts beside;
  const Roles roles;
  const auto codes = [&](const std::string& above, const std::string& below) {
    const std::string text = fmt::format(
        "hostssl shop all 10.0.0.0/9 {}\nhostssl shop all 10.128.0.0/9 scram-sha-256\n"
        "hostssl shop app 10.0.0.0/8 {}\n",
        above, below);
    std::string made;
    for (const base::Finding& each :
         hba_lint::lint({"hba", text, {15, 20}, {}, beside, roles}).findings)
      if (each.line == 3) {
        made += each.code;
        CHECK(each.related == std::vector<base::Place>{{"hba", 1}, {"hba", 2}});
      }
    return made;
  };
  CHECK(codes("scram-sha-256", "scram-sha-256") == "hba.redundant");
  CHECK(codes("reject", "scram-sha-256") == "hba.shadowed");
  CHECK(codes("scram-sha-256", "reject") == "hba.shadowed");
  CHECK(codes("scram-sha-256", "scram-sha-256 clientcert=verify-full") == "hba.shadowed");
}

TEST_CASE("the fall to a host rule is seen for whoever the two rules have in common") {
  const hba_tests::Texts beside;
  const Roles roles;
  const auto codes = [&](const std::string& text) {
    std::string made;
    for (const base::Finding& each :
         hba_lint::lint({"hba", text, {15, 20}, {}, beside, roles}).findings)
      made += each.code + " ";
    return made;
  };
  CHECK(codes("hostssl shop app 10.0.0.0/8 scram-sha-256\nhost shop all 10.0.0.0/8 "
              "scram-sha-256\n") == "hba.host-after-hostssl ");
  CHECK(codes("hostssl shop all 10.0.0.0/8 scram-sha-256\nhost shop app 10.0.0.0/8 "
              "scram-sha-256\n") == "hba.host-after-hostssl ");
  CHECK(codes("hostssl shop app 10.0.0.0/8 scram-sha-256\nhost shop app 11.0.0.0/8 "
              "scram-sha-256\n") == "hba.plaintext ");
  CHECK(codes("host shop app 10.0.0.0/9 scram-sha-256\nhostssl shop app 10.0.0.0/8 "
              "scram-sha-256\n") == "hba.plaintext ");
  CHECK(codes("hostnossl shop all all reject\nhostssl shop all 10.0.0.0/8 scram-sha-256\n"
              "host shop all all scram-sha-256\n") == "");
}

namespace {

/// "3 hba.redundant" of each; "" of none.
std::string said_of(const std::string& text) {
  const hba_tests::Texts beside;
  const Roles roles;
  std::string made;
  for (const base::Finding& each :
       hba_lint::lint({"hba", text, {18, 6}, {}, beside, roles}).findings)
    made += fmt::format("{} {} ", each.line, each.code);
  return made;
}

}  // namespace

TEST_CASE("of several rules above, those that are the first to match are compared") {
  CHECK(said_of("hostssl shop all 10.0.0.0/8 scram-sha-256\nhostssl shop app 10.0.0.0/8 reject\n"
                "hostssl shop app 10.0.0.1/32 scram-sha-256\n") ==
        "2 hba.shadowed 3 hba.redundant ");
}

TEST_CASE("what only the server's own machine can reach is not open to others") {
  const std::string both = "host shop app 126.0.0.0/7 scram-sha-256\n";
  CHECK(said_of("hostnossl shop app 126.0.0.0/8 reject\n" + both) == "");
  CHECK(said_of("hostnossl shop app 127.0.0.0/8 reject\n" + both) == "2 hba.plaintext ");
}

TEST_CASE("a rule with an expression that only the server can decide may decide somebody") {
  const std::string above = "hostssl shop app 10.0.0.0/8 scram-sha-256\n";
  CHECK(said_of(above + "hostssl shop app,\"/^b\\d$\" 10.0.0.0/8 reject\n") == "2 hba.undecided ");
  CHECK(said_of(above + "hostssl shop app 10.0.0.0/8 reject\n") == "2 hba.shadowed ");
}
