// SPDX-License-Identifier: PostgreSQL
// The comparison of two files against brute force: every connection of a small world is put to
// explain, before and after. Two random files, and one with some lines moved, removed, changed. A
// disagreement prints both files and the seed; PGSEAL_PROOFS=N tries N pairs of each kind.
#include "admission/compare.h"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <cstdio>
#include <set>

#include "admission/explain.h"
#include "admission/small_world.h"
#include "hba/texts.h"

namespace {

using admission::Change;
using admission::Comparison;
using admission::Connection;
using admission::Decision;
using admission::Effect;
using admission::Roles;
using admission::Transport;
using small_world::addresses;
using small_world::everybody;
using small_world::Pool;
using small_world::types;
using Lines = std::vector<std::string>;

const Pool databases = {
    "all", "all", "a", "b,g", "sameuser", "samerole", "h", "replication", "all,replication"};
const Pool users = {"all", "all", "a", "b", "a,b", "+g", "+h", "g", "+a", "h,+b"};
const Pool methods = {"reject", "reject", "trust", "scram-sha-256", "md5", "password"};
const Pool expressions = {"/^a$", "/a", "/^some", "/^$", "/^[ab]$", "/"};
const Pool every_database = {"a", "b", "g", "h", "f", "k", "shop"};

class Writer : public small_world::Dice {
 public:
  Writer(int seed, bool with_expressions)
      : Dice(static_cast<std::uint64_t>(seed)), with_expressions_(with_expressions) {}

  Lines file() {
    Lines lines;
    for (std::size_t left = 1 + below(8); left > 0; --left) lines.push_back(rule());
    return lines;
  }

  /// One to three lines moved, removed, changed, added.
  Lines edited(Lines lines) {
    for (std::size_t left = 1 + below(3); left > 0; --left) {
      const auto at = lines.begin() + static_cast<std::ptrdiff_t>(below(lines.size()));
      std::string line = *at;
      const std::size_t deed = below(4);
      if (deed == 0) *at = rule();
      if (deed == 1 || (deed == 2 && lines.size() > 1)) lines.erase(at);
      if (deed == 3) line = rule();
      if (deed == 1 || deed == 3)
        lines.insert(lines.begin() + static_cast<std::ptrdiff_t>(below(lines.size() + 1)), line);
    }
    return lines;
  }

  Roles memberships() {
    const auto made = Roles::parse("roles", roles());
    REQUIRE(made);
    return *made;
  }

 private:
  std::string name_of(const Pool& pool) {
    return with_expressions_ && below(4) == 0 ? one_of(expressions) : one_of(pool);
  }
  std::string rule() {
    const std::string type = one_of(types);
    return fmt::format("{} {} {} {} {}{}", type, name_of(databases), name_of(users),
                       type == "local" ? "" : one_of(addresses), one_of(methods),
                       type == "hostssl" && below(2) == 0 ? " clientcert=verify-ca" : "");
  }

  bool with_expressions_;
};

struct World {
  hba::Version version;
  Roles roles;
  hba::RuleFile before;
  hba::RuleFile after;
  hba::IdentFile idents;
  [[nodiscard]] admission::Subject subject(const hba::RuleFile& file) const {
    return {file, idents, roles, version, {}};
  }
};

World world_of(const Lines& before, const Lines& after, const hba::Version& version) {
  World made;
  made.version = version;
  const hba_tests::Texts beside;
  made.before =
      hba::read_rules("old", fmt::format("{}\n", fmt::join(before, "\n")), version, {}, beside);
  made.after =
      hba::read_rules("new", fmt::format("{}\n", fmt::join(after, "\n")), version, {}, beside);
  REQUIRE(made.before.accepted == std::optional(true));
  REQUIRE(made.after.accepted == std::optional(true));
  return made;
}

/// What a rule does, in words; "" refuses.
std::string deed_of(const hba::RuleRow* row) {
  if (row == nullptr || row->rule->method == hba::Method::reject) return "";
  return fmt::format("{} {}", hba::to_string(row->rule->method), admission::demand_of(*row->rule));
}

int line_of(const hba::RuleRow* row) { return row == nullptr ? 0 : row->line; }

using Lines2 = std::pair<int, int>;  // old and new; 0 is no rule

std::vector<Connection> of_user(const std::string& user) {
  std::vector<std::optional<hba::Address>> from;
  for (int i = 0; i < 17; ++i)
    from.emplace_back(hba::read_address(fmt::format("10.0.0.{}", i)).address);
  for (const char* text : {"::7", "::8", "::f", "::10"})
    from.emplace_back(hba::read_address(text).address);
  std::vector<Connection> made;
  for (const Transport transport :
       {Transport::local, Transport::plain, Transport::tls, Transport::gss})
    for (const auto& address : from) {
      for (const std::string& database : every_database)
        made.push_back({transport, user, database, address, false, std::nullopt});
      made.push_back({transport, user, user, address, true, std::nullopt});
      if (transport != Transport::local) continue;
      for (Connection& each : made) each.address.reset();
      break;
    }
  return made;
}

/// Every two rules that decide some connection of this world differently.
std::set<Lines2> differing(const World& world) {
  std::set<Lines2> found;
  for (std::size_t user = 0; user < everybody.size(); ++user) {
    const std::vector<Connection> asked = of_user(everybody[user]);
    small_world::for_each_way(world.roles, user, [&](const Roles& roles, const auto&) {
      const admission::Rules before(world.before, world.idents, roles, world.version, {});
      const admission::Rules after(world.after, world.idents, roles, world.version, {});
      for (const Connection& each : asked) {
        const Decision one = before.explain(each);
        const Decision other = after.explain(each);
        if (deed_of(one.row) != deed_of(other.row))
          found.emplace(line_of(one.row), line_of(other.row));
      }
    });
  }
  return found;
}

int wanted(int usual) { return small_world::wanted("PGSEAL_PROOFS", usual); }

struct Tally {
  int pairs = 0;
  int equivalent = 0;
  int changes = 0;
  int sure = 0;
};

void check_confirmed(const World& world, const Change& change) {
  const Decision one = admission::Rules(world.before, world.idents, world.roles, world.version, {})
                           .explain(change.witness);
  const Decision other = admission::Rules(world.after, world.idents, world.roles, world.version, {})
                             .explain(change.witness);
  CHECK(one.row == change.before);
  CHECK(other.row == change.after);
  const std::string old_deed = deed_of(one.row);
  const std::string new_deed = deed_of(other.row);
  CHECK(old_deed != new_deed);
  CHECK((change.effect == Effect::lets_in) == old_deed.empty());
  CHECK((change.effect == Effect::locks_out) == new_deed.empty());
}

/// `exact`: there is a change for each two rules that differ, and for no others.
void check_pair(const World& world, const std::string& about, bool exact, Tally& tally) {
  CAPTURE(about);
  const Comparison made =
      admission::compare(world.subject(world.before), world.subject(world.after));
  const std::set<Lines2> real = differing(world);
  std::set<Lines2> said;
  std::string words;
  for (const Change& change : made.changes) {
    words += fmt::format("{} {} {}\n", line_of(change.before), line_of(change.after),
                         to_string(change.witness));
    CHECK(said.emplace(line_of(change.before), line_of(change.after)).second);
    if (change.unknown.empty() ||
        (world.roles.known() && change.witness.transport == Transport::gss &&
         change.unknown.size() == 1))
      check_confirmed(world, change);
    if (change.unknown.empty()) ++tally.sure;
  }
  CAPTURE(words);
  for (const auto& [one, other] : real) {
    CAPTURE(one);
    CAPTURE(other);
    CHECK(said.contains({one, other}));
  }
  if (exact) CHECK(said.size() == real.size());
  CHECK(made.equivalent == made.changes.empty());
  ++tally.pairs;
  tally.equivalent += made.equivalent ? 1 : 0;
  tally.changes += static_cast<int>(made.changes.size());
}

std::string about(int seed, const Lines& before, const Lines& after) {
  return fmt::format("seed {}\n{}\n-- to --\n{}", seed, fmt::join(before, "\n"),
                     fmt::join(after, "\n"));
}

void say(const char* what, const Tally& tally) {
  std::printf("%s: %d pairs, %d equivalent, %d changes, %d of them sure\n", what, tally.pairs,
              tally.equivalent, tally.changes, tally.sure);
  CHECK(tally.changes > tally.pairs);
  CHECK(tally.sure * 3 > tally.changes);
}

}  // namespace

TEST_CASE("two random files differ as brute force finds") {
  Tally tally;
  for (int seed = 1; seed <= wanted(200); ++seed) {
    Writer writer(seed, false);
    const Lines before = writer.file();
    const Lines after = writer.file();
    World world = world_of(before, after, {15, 20});
    world.roles = writer.memberships();
    check_pair(world, about(seed, before, after), true, tally);
  }
  say("random files", tally);
}

TEST_CASE("an edited file differs as brute force finds") {
  Tally tally;
  for (int seed = 1; seed <= wanted(400); ++seed) {
    Writer writer(seed + 1000000, false);
    const Lines before = writer.file();
    const Lines after = writer.edited(before);
    World world = world_of(before, after, {15, 20});
    world.roles = writer.memberships();
    check_pair(world, about(seed, before, after), true, tally);
  }
  say("edited files", tally);
  CHECK(tally.equivalent * 10 > tally.pairs);
}

TEST_CASE("with memberships unknown an edit differs as in some way in which they may be") {
  Tally tally;
  for (int seed = 1; seed <= wanted(15); ++seed) {
    Writer writer(seed + 2000000, false);
    const Lines before = writer.file();
    const Lines after = writer.edited(before);
    check_pair(world_of(before, after, {15, 20}), about(seed, before, after), true, tally);
  }
  std::printf("memberships unknown: %d pairs, %d equivalent, %d changes, %d of them sure\n",
              tally.pairs, tally.equivalent, tally.changes, tally.sure);
}

TEST_CASE("with regular expressions no change is missed") {
  Tally tally;
  for (int seed = 1; seed <= wanted(200); ++seed) {
    Writer writer(seed + 3000000, true);
    const Lines before = writer.file();
    const Lines after = writer.edited(before);
    World world = world_of(before, after, {17, 10});
    world.roles = writer.memberships();
    check_pair(world, about(seed, before, after), false, tally);
  }
  std::printf("regular expressions: %d pairs, %d equivalent, %d changes, %d of them sure\n",
              tally.pairs, tally.equivalent, tally.changes, tally.sure);
}
