// SPDX-License-Identifier: PostgreSQL
// The proof against brute force: every connection of a small world is put to explain. Random files,
// with memberships known and, where they are not, every way in which they might be. A disagreement
// prints its file and seed; PGSEAL_PROOFS=N tries N files of each kind.
#include "admission/prove.h"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <cstdio>

#include "admission/small_world.h"
#include "hba/texts.h"

namespace {

using admission::Connection;
using admission::Decision;
using admission::Proof;
using admission::Question;
using admission::Requirement;
using admission::Roles;
using admission::Transport;
using small_world::addresses;
using small_world::databases;
using small_world::everybody;
using small_world::Pool;
using small_world::types;
using small_world::users;

const Pool methods = {"reject", "reject", "reject", "trust", "scram-sha-256"};
const Pool expressions = {"/^a$", "/a", "/^some", "/^$", "/^[ab]$", "/"};

struct World {
  hba::Version version{15, 20};
  hba::RuleFile file;
  hba::IdentFile idents;
  Roles roles;
  std::string text;
  [[nodiscard]] admission::Subject subject() const { return {file, idents, roles, version, {}}; }
};

class Writer : public small_world::Dice {
 public:
  Writer(std::uint64_t seed, bool with_expressions)
      : Dice(seed), with_expressions_(with_expressions) {}

  std::string file() {
    std::string text;
    for (std::size_t lines = 1 + below(7); lines > 0; --lines) text += rule();
    return text;
  }

 private:
  std::string name_of(const Pool& pool) {
    return with_expressions_ && below(3) == 0 ? one_of(expressions) : one_of(pool);
  }
  std::string rule() {
    const std::string type = one_of(types);
    return fmt::format("{} {} {} {} {}{}\n", type, name_of(databases), name_of(users),
                       type == "local" ? "" : one_of(addresses), one_of(methods),
                       type == "hostssl" && below(2) == 0 ? " clientcert=verify-ca" : "");
  }

  bool with_expressions_;
};

World world_of(const std::string& text, const hba::Version& version) {
  World made;
  made.version = version;
  made.text = text;
  const hba_tests::Texts beside;
  made.file = hba::read_rules("hba", text, version, {}, beside);
  made.idents = hba::read_idents("ident", "", version, beside);
  CAPTURE(text);
  REQUIRE(made.file.accepted == std::optional(true));
  return made;
}

bool too_weak(const Decision& decision, Transport transport) {
  if (decision.outcome != Decision::Outcome::accept) return false;
  return transport != Transport::tls ||
         std::string_view(admission::demand_of(*decision.row->rule)) == "none";
}

/// One of this world that gets past; with memberships as they are, or any that may be.
std::optional<std::string> got_past(const World& world, Requirement require) {
  std::vector<hba::Address> from;
  for (int i = 0; i < 17; ++i)
    from.push_back(hba::read_address(fmt::format("10.0.0.{}", i)).address);
  for (int i = 7; i < 18; ++i) from.push_back(hba::read_address(fmt::format("::{:x}", i)).address);
  std::vector<Transport> transports = {Transport::plain, Transport::gss};
  if (require == Requirement::certificate) transports.push_back(Transport::tls);
  for (std::size_t user = 0; user < everybody.size(); ++user) {
    std::optional<std::string> past;
    small_world::for_each_way(world.roles, user, [&](const Roles& roles, const auto& in) {
      const admission::Rules rules(world.file, world.idents, roles, world.version, {});
      Connection asked;
      asked.user = everybody[user];
      for (const Transport transport : transports)
        for (const hba::Address& address : from)
          for (std::size_t database = 0; database <= everybody.size(); ++database) {
            if (past) return;
            asked.transport = transport;
            asked.address = address;
            asked.physical_replication = database == everybody.size();
            asked.database = asked.physical_replication ? asked.user : everybody[database];
            if (transport == Transport::tls && database == 0) asked.certificate.reset();
            if (too_weak(rules.explain(asked), transport))
              past = fmt::format("{} in {{{}}}", to_string(asked), fmt::join(in, ","));
          }
    });
    if (past) return past;
  }
  return std::nullopt;
}

int wanted(int usual) { return small_world::wanted("PGSEAL_PROOFS", usual); }

struct Tally {
  int files = 0;
  int proven = 0;
  int sure = 0;
};

/// `exact`: where nobody gets past it must be proven, too.
void compare(const World& world, std::uint64_t seed, bool exact, Tally& tally) {
  for (const Requirement require : {Requirement::tls, Requirement::certificate}) {
    const Proof proof = prove(world.subject(), {require, {}, {}, {}, false});
    const auto past = got_past(world, require);
    CAPTURE(seed);
    CAPTURE(world.text);
    const std::string found = past.value_or("nobody");
    CAPTURE(found);
    const std::string said = proof.witness ? to_string(*proof.witness) : "no witness";
    CAPTURE(said);
    if (past) CHECK(!proof.proven);
    if (exact) CHECK(proof.proven == !past);
    if (proof.proven) CHECK(!proof.witness);
    if (proof.witness && proof.unknown.empty()) {
      const admission::Rules rules(world.file, world.idents, world.roles, world.version, {});
      CHECK(too_weak(rules.explain(*proof.witness), proof.witness->transport));
      ++tally.sure;
    }
    ++tally.files;
    tally.proven += proof.proven ? 1 : 0;
  }
}

void say(const char* what, const Tally& tally) {
  std::printf("%s: %d questions, %d proven, %d with a sure witness\n", what, tally.files,
              tally.proven, tally.sure);
  CHECK(tally.proven * 10 > tally.files);
  CHECK(tally.sure * 10 > tally.files);
}

}  // namespace

TEST_CASE("with memberships known the proof finds what brute force finds") {
  Tally tally;
  for (int seed = 1; seed <= wanted(400); ++seed) {
    Writer writer(static_cast<std::uint64_t>(seed), false);
    World world = world_of(writer.file(), {15, 20});
    const auto roles = Roles::parse("roles", writer.roles());
    REQUIRE(roles);
    world.roles = *roles;
    compare(world, static_cast<std::uint64_t>(seed), true, tally);
  }
  say("memberships known", tally);
}

TEST_CASE("with memberships unknown it holds for each way in which they may be") {
  Tally tally;
  for (int seed = 1; seed <= wanted(60); ++seed) {
    Writer writer(static_cast<std::uint64_t>(seed) + 1000000, false);
    compare(world_of(writer.file(), {15, 20}), static_cast<std::uint64_t>(seed), true, tally);
  }
  say("memberships unknown", tally);
}

TEST_CASE("with regular expressions nothing is proven that does not hold") {
  Tally tally;
  for (int seed = 1; seed <= wanted(400); ++seed) {
    Writer writer(static_cast<std::uint64_t>(seed) + 2000000, true);
    World world = world_of(writer.file(), {17, 10});
    const auto roles = Roles::parse("roles", writer.roles());
    REQUIRE(roles);
    world.roles = *roles;
    compare(world, static_cast<std::uint64_t>(seed), false, tally);
  }
  say("regular expressions", tally);
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
