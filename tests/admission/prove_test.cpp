// SPDX-License-Identifier: PostgreSQL
// The proof against brute force: every connection of a small world is put to explain. Random files,
// about all or about some roles, databases and networks; with memberships known and, where they are
// not, every way in which they might be. A disagreement prints its file and seed; PGSEAL_PROOFS=N
// tries N files of each kind, PGSEAL_SEED=N begins elsewhere.
#include "admission/prove.h"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <algorithm>
#include <cstdio>

#include "admission/rule_writer.h"
#include "hba/texts.h"

namespace {

using admission::Connection;
using admission::Decision;
using admission::Proof;
using admission::Question;
using admission::Requirement;
using admission::Roles;
using admission::Transport;
using small_world::everybody;
using small_world::RuleWriter;

struct World {
  hba::Version version{15, 20};
  hba::ServerTraits traits;
  hba::RuleFile file;
  hba::IdentFile idents;
  Roles roles;
  std::string text;
  [[nodiscard]] admission::Subject subject() const {
    return {file, idents, roles, version, traits};
  }
  [[nodiscard]] admission::Rules rules(const Roles& of) const {
    return {file, idents, of, version, traits};
  }
};

World world_of(const std::string& text, const hba::Version& version, const std::string& maps = {},
               const std::string& memberships = {}) {
  World made;
  made.version = version;
  made.text = text;
  const hba_tests::Texts beside;
  made.file = hba::read_rules("hba", text, version, {}, beside);
  made.idents = hba::read_idents("ident", maps, version, beside);
  if (!memberships.empty()) {
    const auto roles = Roles::parse("roles", memberships);
    REQUIRE(roles);
    made.roles = *roles;
    made.text += "-- memberships\n" + memberships;
  }
  CAPTURE(text);
  REQUIRE(made.file.accepted != std::optional(false));
  return made;
}

bool too_weak(const hba::RuleRow& row, Transport transport) {
  if (row.rule->method == hba::Method::reject) return false;
  return transport != Transport::tls || std::string_view(admission::demand_of(*row.rule)) == "none";
}

/// Somebody for whom nothing above it is known to match may be let in by such a rule.
bool may_get_past(const Decision& decision, Transport transport) {
  if (decision.outcome == Decision::Outcome::accept) return too_weak(*decision.row, transport);
  return decision.outcome == Decision::Outcome::unknown &&
         too_weak(*decision.candidates.front(), transport);
}

bool is_in(const std::vector<std::string>& names, const std::string& name) {
  return names.empty() || std::find(names.begin(), names.end(), name) != names.end();
}

bool is_about(const Question& question, const Connection& asked) {
  if (asked.transport == Transport::tls && question.require == Requirement::tls) return false;
  if (asked.transport == Transport::local && !question.include_local) return false;
  if (asked.physical_replication ? !question.databases.empty()
                                 : !is_in(question.databases, asked.database))
    return false;
  if (!question.networks || !asked.address) return true;
  const auto& some = question.networks->of(asked.address->family);
  const admission::Number number = admission::number_of(*asked.address);
  return std::any_of(some.begin(), some.end(), [&](const admission::Interval& each) {
    return each.first <= number && number <= each.last;
  });
}

/// One of this world that gets past; with memberships as they are, or any that may be.
std::optional<std::string> got_past(const World& world, const Question& question) {
  const small_world::Pool& names = small_world::names_of(world.roles);
  for (const std::string& user : names) {
    if (!is_in(question.roles, user)) continue;
    std::optional<std::string> past;
    small_world::for_each_way(world.roles, user, [&](const Roles& roles, const auto& in) {
      if (past) return;
      const admission::Rules rules = world.rules(roles);
      small_world::any_connection(user, names, [&](const Connection& asked) {
        if (is_about(question, asked) && may_get_past(rules.explain(asked), asked.transport))
          past = fmt::format("{} in {{{}}}", to_string(asked), fmt::join(in, ","));
        return past.has_value();
      });
    });
    if (past) return past;
  }
  return std::nullopt;
}

struct Tally {
  int questions = 0;
  int narrowed = 0;
  int proven = 0;
  int sure = 0;
};

/// About all, or about some.
Question question_of(RuleWriter& writer, Requirement require) {
  Question made;
  made.require = require;
  made.include_local = writer.below(4) == 0;
  if (writer.below(3) != 0) return made;
  if (writer.below(2) == 0) made.roles = {writer.one_of(everybody), writer.one_of(everybody)};
  if (writer.below(2) == 0) made.databases = {writer.one_of(everybody)};
  if (writer.below(2) == 0) {
    const hba::Address low = hba::read_address(writer.below(2) == 0 ? "10.0.0.4" : "::8").address;
    const auto mask =
        hba::mask_of_length(low.family == hba::Family::ipv4 ? "30" : "126", low.family);
    made.networks = admission::addresses_of({hba::AddressSpec::Kind::network, low, *mask, ""});
  }
  return made;
}

std::string words_of(const Question& question) {
  return fmt::format("{} roles {{{}}} databases {{{}}}{}{}",
                     question.require == Requirement::tls ? "tls" : "certificate",
                     fmt::join(question.roles, ","), fmt::join(question.databases, ","),
                     question.networks ? " of one network" : "",
                     question.include_local ? " and local" : "");
}

/// `exact`: where nobody gets past it must be proven, too.
void compare(const World& world, RuleWriter& writer, std::uint64_t seed, bool exact, Tally& tally) {
  for (const Requirement require : {Requirement::tls, Requirement::certificate}) {
    const Question question = question_of(writer, require);
    const Proof proof = prove(world.subject(), question);
    const auto past = got_past(world, question);
    CAPTURE(seed);
    CAPTURE(world.text);
    const std::string about = words_of(question);
    CAPTURE(about);
    const std::string found = past.value_or("nobody");
    CAPTURE(found);
    const std::string said = proof.witness ? to_string(*proof.witness) : "no witness";
    CAPTURE(said);
    if (past) CHECK(!proof.proven);
    if (exact) CHECK(proof.proven == !past);
    if (proof.proven) CHECK(!proof.witness);
    if (proof.witness && proof.unknown.empty()) {
      const Decision decision = world.rules(world.roles).explain(*proof.witness);
      CHECK(decision.outcome == Decision::Outcome::accept);
      CHECK(decision.row == proof.row);
      CHECK(too_weak(*proof.row, proof.witness->transport));
      ++tally.sure;
    }
    ++tally.questions;
    if (!question.roles.empty() || !question.databases.empty() || question.networks)
      ++tally.narrowed;
    tally.proven += proof.proven ? 1 : 0;
  }
}

struct Files {
  std::uint64_t first;
  int usual;
  int at_length;
};

/// Files of one kind; `memberships` are known, or any.
Tally try_all(const Files& files, RuleWriter::Kind kind, bool memberships) {
  Tally tally;
  static constexpr hba::Version versions[] = {{12, 22}, {15, 20}, {16, 14}, {17, 10}, {18, 6}};
  const int tries = small_world::wanted("PGSEAL_PROOFS", files.usual, files.at_length);
  const std::uint64_t first = small_world::first_seed(files.first);
  std::printf("seeds %llu to %llu\n", static_cast<unsigned long long>(first),
              static_cast<unsigned long long>(first) + static_cast<unsigned long long>(tries) - 1);
  for (int i = 0; i < tries; ++i) {
    const std::uint64_t seed = first + static_cast<std::uint64_t>(i);
    kind.version = versions[kind.with_expressions ? 2 + seed % 3 : seed % 5];
    RuleWriter writer(seed, kind);
    const std::string text = fmt::format("{}\n", fmt::join(writer.file(7), "\n"));
    const std::string maps = writer.maps();
    World world = world_of(text, kind.version, maps, memberships ? "# all\n" + writer.roles() : "");
    world.traits.ssl = writer.below(8) != 0;
    compare(world, writer, seed, !kind.with_expressions && !kind.with_elsewhere, tally);
  }
  return tally;
}

void say(const char* what, const Tally& tally) {
  std::printf("%s: %d questions, %d of them narrowed, %d proven, %d with a sure witness\n", what,
              tally.questions, tally.narrowed, tally.proven, tally.sure);
  CHECK(tally.proven * 10 > tally.questions);
  CHECK(tally.sure * 10 > tally.questions);
}

}  // namespace

TEST_CASE("with memberships known the proof finds what brute force finds") {
  say("memberships known", try_all({1, 400, 60000}, {}, true));
}

TEST_CASE("with memberships unknown it holds for each way in which they may be") {
  say("memberships unknown", try_all({1000001, 60, 1200}, {{}, false, false, false}, false));
}

TEST_CASE("with regular expressions nothing is proven that does not hold") {
  say("regular expressions", try_all({2000001, 400, 20000}, {{}, true, false}, true));
}

TEST_CASE("with addresses that only the server knows nothing is proven that does not hold") {
  say("addresses of elsewhere", try_all({3000001, 200, 8000}, {{}, false, true}, true));
}

TEST_CASE("a database is found that is a group of whom an expression catches") {
  const auto proven = [](const std::string& users) {
    World world = world_of(
        fmt::format("host sameuser all all reject\nhost samerole \"{}\" all trust\n", users),
        {17, 10});
    const auto roles = Roles::parse("roles", "app devs\n");
    REQUIRE(roles);
    world.roles = *roles;
    return prove(world.subject(), {}).proven;
  };
  CHECK_FALSE(proven("/^app$"));
  CHECK_FALSE(proven("/"));
  CHECK(proven("/^other$"));
}

TEST_CASE("whoever has the name of a database that is asked about may come by sameuser") {
  const auto proven = [](const std::string& users) {
    const World world = world_of(fmt::format("host sameuser {} all trust\n", users), {17, 10});
    Question question;
    question.databases = {"app"};
    return prove(world.subject(), question).proven;
  };
  CHECK_FALSE(proven("+devs"));
  CHECK_FALSE(proven("/^app"));
  CHECK_FALSE(proven("all"));
  CHECK_FALSE(proven("app"));
  CHECK(proven("other,/^other"));
}

TEST_CASE("a name that is asked about is cut as the server cuts it") {
  const std::string cut(63, 'n');
  World world = world_of("host all " + cut + " all trust\n", {15, 20});
  admission::Question question;
  question.roles = {cut + "xx"};
  CHECK_FALSE(prove(world.subject(), question).proven);
  world = world_of("host " + cut + " all all trust\n", {15, 20});
  question.roles = {};
  question.databases = {cut + "xx"};
  CHECK_FALSE(prove(world.subject(), question).proven);
  question.databases = {cut.substr(1)};
  CHECK(prove(world.subject(), question).proven);
}

TEST_CASE("a mask with many gaps leaves the other family alone") {
  const World world =
      world_of("host all all 0.0.0.0/0 reject\nhost all all 0.0.0.1 0.0.0.1 md5\n", {15, 20});
  CHECK(prove(world.subject(), {}).proven);
}

TEST_CASE("a proof says whose memberships it rests on") {
  World world;
  world.roles = Roles::of_all({{"a", {"b"}}});
  world.file = hba::read_rules("hba", "local all all peer\n", world.version, {}, hba::Files());
  admission::Subject subject = world.subject();
  CHECK(admission::prove(subject, {}).statement.ends_with(" Memberships are those of the list."));
  subject.members = "the server";
  CHECK(admission::prove(subject, {}).statement.ends_with(" Memberships are those of the server."));
}

TEST_CASE("no client has an IPv6 address that stands for one of IPv4, and the statement says so") {
  const World world = world_of(
      "host all all ::ffff:0:0/96 trust\nhost all all 0.0.0.0/0 reject\nhostssl all all all md5\n",
      {18, 6});
  const Proof proof = prove(world.subject(), {});
  CHECK(proof.proven);
  CHECK(proof.statement.find("::ffff:0:0/96") != std::string::npos);
  const World wider = world_of("host all all ::fffe:0:0/95 trust\n", {18, 6});
  const Proof refuted = prove(wider.subject(), {});
  REQUIRE(refuted.witness);
  CHECK(hba::to_string(*refuted.witness->address).find("ffff") == std::string::npos);
}

TEST_CASE("a proof says of which line only the server can tell whether it loads") {
  const World world = world_of(
      "hostssl all all all md5\nhostssl all b all oauth issuer=https://id.example scope=openid\n",
      {18, 6});
  const Proof proof = prove(world.subject(), {});
  CHECK_FALSE(proof.proven);
  REQUIRE(proof.unknown.size() == 1);
  CHECK(proof.unknown[0].find("hba:2: ") != std::string::npos);
  CHECK(proof.unknown[0].find("oauth_validator_libraries") != std::string::npos);
}
