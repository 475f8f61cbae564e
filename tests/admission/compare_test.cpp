// SPDX-License-Identifier: PostgreSQL
// The comparison of two files against brute force: every connection of a small world is put to
// explain, before and after. Two random files, and one with some lines moved, removed, changed,
// each with maps of its own. A disagreement prints both files and the seed; PGSEAL_PROOFS=N tries N
// pairs of each kind, PGSEAL_SEED=N begins elsewhere.
#include "admission/compare.h"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <cstdio>
#include <set>

#include "admission/explain.h"
#include "admission/rule_writer.h"
#include "hba/texts.h"

namespace {

using admission::Change;
using admission::Comparison;
using admission::Connection;
using admission::Decision;
using admission::Effect;
using admission::Roles;
using admission::Transport;
using small_world::RuleWriter;
using Lines = std::vector<std::string>;

constexpr std::size_t most_rules = 8;

/// One to three lines moved, removed, changed, added.
Lines edited(RuleWriter& writer, Lines lines) {
  for (std::size_t left = 1 + writer.below(3); left > 0; --left) {
    const auto at = lines.begin() + static_cast<std::ptrdiff_t>(writer.below(lines.size()));
    std::string line = *at;
    const std::size_t deed = writer.below(4);
    if (deed == 0) *at = writer.rule();
    if (deed == 1 || (deed == 2 && lines.size() > 1)) lines.erase(at);
    if (deed == 3) line = writer.rule();
    if (deed == 1 || deed == 3)
      lines.insert(lines.begin() + static_cast<std::ptrdiff_t>(writer.below(lines.size() + 1)),
                   line);
  }
  return lines;
}

struct World {
  hba::Version version;
  hba::ServerTraits traits;
  Roles roles;
  hba::RuleFile before;
  hba::RuleFile after;
  hba::IdentFile old_maps;
  hba::IdentFile new_maps;
  std::string text;
  [[nodiscard]] admission::Subject old_subject() const {
    return {before, old_maps, roles, version, traits};
  }
  [[nodiscard]] admission::Subject new_subject() const {
    return {after, new_maps, roles, version, traits};
  }
  [[nodiscard]] admission::Rules old_rules(const Roles& of) const {
    return {before, old_maps, of, version, traits};
  }
  [[nodiscard]] admission::Rules new_rules(const Roles& of) const {
    return {after, new_maps, of, version, traits};
  }
};

/// What a map says, as a set of lines.
std::string map_of(const hba::Rule& rule, const hba::IdentFile& idents) {
  const auto map = rule.options.values.find("map");
  if (map == rule.options.values.end()) return "";
  std::set<std::string> lines;
  for (const hba::IdentRow& row : idents.rows)
    if (row.mapping && row.mapping->map == map->second)
      lines.insert(fmt::format("{} {}", row.mapping->system_user.text, row.mapping->role.text));
  // Of a map that there is not only its name is to be seen.
  return lines.empty() ? " no " + map->second : fmt::format(" map {}", fmt::join(lines, ";"));
}

/// What a rule does, in words; "" refuses.
std::string deed_of(const hba::RuleRow* row, const hba::IdentFile& idents) {
  if (row == nullptr || row->rule->method == hba::Method::reject) return "";
  const hba::Rule& rule = *row->rule;
  const bool whole = rule.options.certificate == hba::Demand::verify_full;
  return fmt::format("{} {}{}{}", hba::to_string(rule.method), admission::demand_of(rule),
                     whole && rule.options.by_distinguished_name ? " DN" : "",
                     map_of(rule, idents));
}

int line_of(const hba::RuleRow* row) { return row == nullptr ? 0 : row->line; }

using TwoLines = std::pair<int, int>;  // old and new; 0 is no rule

/// Of each line, what its rule does; of line 0 what no rule does.
std::vector<std::string> deeds_of(const hba::RuleFile& file, const hba::IdentFile& idents) {
  std::vector<std::string> made(1);
  for (const hba::RuleRow& row : file.rows) made.push_back(deed_of(&row, idents));
  return made;
}

/// Every two rules that decide some connection of this world differently.
std::set<TwoLines> differing(const World& world) {
  std::set<TwoLines> found;
  const std::vector<std::string> old_deeds = deeds_of(world.before, world.old_maps);
  const std::vector<std::string> new_deeds = deeds_of(world.after, world.new_maps);
  const auto deed = [](const std::vector<std::string>& deeds, int line) -> const std::string& {
    return deeds[static_cast<std::size_t>(line)];
  };
  const small_world::Pool& names = small_world::names_of(world.roles);
  for (const std::string& user : names) {
    small_world::for_each_way(world.roles, user, [&](const Roles& roles, const auto&) {
      const admission::Rules before = world.old_rules(roles);
      const admission::Rules after = world.new_rules(roles);
      small_world::any_connection(user, names, [&](const Connection& each) {
        const Decision one = before.explain(each);
        const Decision other = after.explain(each);
        const bool unknown = one.outcome == Decision::Outcome::unknown ||
                             other.outcome == Decision::Outcome::unknown;
        const TwoLines lines(line_of(one.row), line_of(other.row));
        if (!unknown && deed(old_deeds, lines.first) != deed(new_deeds, lines.second))
          found.insert(lines);
        return false;
      });
    });
  }
  return found;
}

struct Tally {
  int pairs = 0;
  int equivalent = 0;
  int changes = 0;
  int sure = 0;
};

/// What a sure change says is what explain says of its witness, and of who shows that certificate.
void check_confirmed(const World& world, const Change& change) {
  using Outcome = Decision::Outcome;
  const Decision one = world.old_rules(world.roles).explain(change.witness);
  const Decision other = world.new_rules(world.roles).explain(change.witness);
  CHECK(one.row == change.before);
  CHECK(other.row == change.after);
  const std::string old_deed = deed_of(one.row, world.old_maps);
  const std::string new_deed = deed_of(other.row, world.new_maps);
  CHECK(old_deed != new_deed);
  CHECK((change.effect == Effect::lets_in) == old_deed.empty());
  CHECK((change.effect == Effect::locks_out) == new_deed.empty());
  if (change.effect == Effect::lets_in) {
    CHECK(one.outcome != Outcome::accept);
    CHECK(other.outcome == Outcome::accept);
  } else if (change.effect == Effect::locks_out) {
    CHECK(one.outcome == Outcome::accept);
    CHECK(other.outcome != Outcome::accept);
  }
}

/// `exact`: there is a change for each two rules that differ, and for no others.
void check_pair(const World& world, std::uint64_t seed, bool exact, Tally& tally) {
  CAPTURE(seed);
  CAPTURE(world.text);
  const Comparison made = admission::compare(world.old_subject(), world.new_subject());
  const std::set<TwoLines> real = differing(world);
  std::set<TwoLines> said;
  std::string words;
  for (const Change& change : made.changes) {
    words += fmt::format("{} {} {} {} ({})\n", line_of(change.before), line_of(change.after),
                         to_string(change.effect), to_string(change.witness),
                         fmt::join(change.unknown, "; "));
    CAPTURE(words);
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
  CHECK(made.equivalent == (made.changes.empty() && made.unknown.empty()));
  ++tally.pairs;
  tally.equivalent += made.equivalent ? 1 : 0;
  tally.changes += static_cast<int>(made.changes.size());
}

/// Another file or an edited one; with the old maps or others.
World random_world(RuleWriter& writer, bool edit, bool memberships) {
  World made;
  const Lines before = writer.file(most_rules);
  const Lines after = edit ? edited(writer, before) : writer.file(most_rules);
  const std::string old_maps = writer.maps();
  const std::string new_maps = writer.below(2) == 0 ? old_maps : writer.maps();
  const std::string roles = "# all\n" + writer.roles();
  made.version = writer.version();
  made.traits.ssl = writer.below(8) != 0;
  made.text =
      fmt::format("{}\n{}-- to --\n{}\n{}-- memberships --\n{}", fmt::join(before, "\n"), old_maps,
                  fmt::join(after, "\n"), new_maps, memberships ? roles : "unknown");
  const auto rules_of = [&](const char* name, const Lines& lines) {
    return hba::read_rules(name, fmt::format("{}\n", fmt::join(lines, "\n")), made.version, {},
                           hba_tests::Texts());
  };
  made.before = rules_of("old", before);
  made.after = rules_of("new", after);
  REQUIRE(made.before.accepted != std::optional(false));
  REQUIRE(made.after.accepted != std::optional(false));
  made.old_maps = hba::read_idents("maps", old_maps, made.version, hba_tests::Texts());
  made.new_maps = hba::read_idents("maps", new_maps, made.version, hba_tests::Texts());
  if (!memberships) return made;
  auto parsed = Roles::parse("roles", roles);
  REQUIRE(parsed);
  made.roles = std::move(*parsed);
  return made;
}

struct Pairs {
  const char* what;
  std::uint64_t first;
  int usual;
  int at_length;
  bool edit;
  bool memberships;
};

Tally try_all(const Pairs& pairs, RuleWriter::Kind kind) {
  static constexpr hba::Version versions[] = {{12, 22}, {15, 20}, {16, 14}, {17, 10}, {18, 6}};
  const int tries = small_world::wanted("PGSEAL_PROOFS", pairs.usual, pairs.at_length);
  const std::uint64_t first = small_world::first_seed(pairs.first);
  Tally tally;
  for (int i = 0; i < tries; ++i) {
    const std::uint64_t seed = first + static_cast<std::uint64_t>(i);
    kind.version = versions[kind.with_expressions ? 2 + seed % 3 : seed % 5];
    RuleWriter writer(seed, kind);
    const World world = random_world(writer, pairs.edit, pairs.memberships);
    check_pair(world, seed, !kind.with_expressions && !kind.with_elsewhere, tally);
  }
  std::printf("%s: %d pairs from seed %llu on, %d equivalent, %d changes, %d of them sure\n",
              pairs.what, tally.pairs, static_cast<unsigned long long>(first), tally.equivalent,
              tally.changes, tally.sure);
  return tally;
}

}  // namespace

TEST_CASE("two random files differ as brute force finds") {
  const Tally tally = try_all({"random files", 1, 100, 4000, false, true}, {});
  CHECK(tally.changes > tally.pairs);
  CHECK(tally.sure * 3 > tally.changes);
}

TEST_CASE("an edited file differs as brute force finds") {
  const Tally tally = try_all({"edited files", 1000001, 150, 8000, true, true}, {});
  CHECK(tally.changes * 2 > tally.pairs);
  CHECK(tally.sure * 3 > tally.changes);
  CHECK(tally.equivalent * 10 > tally.pairs);
}

TEST_CASE("with memberships unknown an edit differs as in some way in which they may be") {
  const Tally tally =
      try_all({"memberships unknown", 2000001, 10, 200, true, false}, {{}, false, false, false});
  CHECK(tally.changes > 0);
}

TEST_CASE("with regular expressions no change is missed") {
  const Tally tally =
      try_all({"regular expressions", 3000001, 80, 2000, true, true}, {{}, true, false});
  CHECK(tally.changes * 2 > tally.pairs);
}

TEST_CASE("with addresses that only the server knows no change is missed") {
  const Tally tally =
      try_all({"addresses of elsewhere", 4000001, 50, 1500, true, true}, {{}, false, true});
  CHECK(tally.changes * 2 > tally.pairs);
}
