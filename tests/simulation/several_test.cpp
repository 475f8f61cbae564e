// SPDX-License-Identifier: PostgreSQL
// Several faults in one run: the second strikes what the first left, in the same apply or in one
// that follows it. Chains of two to four are drawn from fixed seeds; each fault is drawn among the
// messages that came after the one before, so that all of them strike. A failure is printed with
// coordinates that make it again (simulation_test.cpp).
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <array>
#include <cstdint>
#include <cstdio>

#include "operations/parallel.h"
#include "simulation/tally.h"

namespace {

using namespace simulation;
using fakes::Fault;
using fakes::Message;

constexpr std::size_t longest = 4;

/// splitmix64: the same numbers on every machine.
class Dice {
 public:
  explicit Dice(std::uint64_t seed) : state_(seed) {}
  std::size_t below(std::size_t bound) {
    std::uint64_t x = state_ += 0x9e3779b97f4a7c15ULL;
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ULL;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebULL;
    return static_cast<std::size_t>((x ^ (x >> 31)) % bound);
  }

 private:
  std::uint64_t state_;
};

/// One among the messages of apply number `apply` that come after the first `after`.
Fault draw_in(const Stage& stage, const std::vector<Message>& messages, int apply,
              std::size_t after, Dice& dice) {
  const std::size_t index = after + dice.below(messages.size() - after);
  const auto faults = faults_at(stage, static_cast<int>(index) + 1, messages[index], true);
  Fault fault = faults[dice.below(faults.size())];
  fault.apply = apply;
  return fault;
}

/// What strikes after `last`: as often in the same apply as in the next one.
Fault draw_after(const Stage& stage, const Outcome& seen, const Fault& last, Dice& dice) {
  const auto& same = seen.applies[static_cast<std::size_t>(last.apply) - 1];
  const auto after = static_cast<std::size_t>(last.message);
  if (after < same.size() && dice.below(2) == 0)
    return draw_in(stage, same, last.apply, after, dice);
  return draw_in(stage, seen.applies[static_cast<std::size_t>(last.apply)], last.apply + 1, 0,
                 dice);
}

/// `of`: the tally for runs of so many faults.
void try_chain(const Stage& stage, const Outcome& good, std::uint64_t seed,
               std::array<Tally, longest + 1>& of) {
  Dice dice(seed);
  std::vector<Fault> faults = {draw_in(stage, good.applies.front(), 1, 0, dice)};
  Outcome seen = run(stage, faults);
  while (faults.size() < longest) {
    faults.push_back(draw_after(stage, seen, faults.back(), dice));
    seen = of[faults.size()].make(stage, faults);
  }
}

}  // namespace

TEST_CASE("two to four faults in one run, in one apply and in those that follow it") {
  if (one_run_wanted()) return;
  constexpr long seeds = 3;
  std::vector<const StageMaker*> chosen;
  for (const StageMaker& maker : stage_makers())
    if (maker.name == "pair" || maker.name == "trio" || maker.name == "lost-ledger")
      chosen.push_back(&maker);
  std::array<Tally, longest + 1> of;
  operations::in_parallel(
      chosen.size(), 2,
      [&](std::size_t i) {
        const auto stage = make_stage(*chosen[i]);
        const Outcome good = good_day(*stage);
        for (long seed = 1; seed <= seeds; ++seed)
          try_chain(*stage, good, static_cast<std::uint64_t>(seed), of);
      },
      [&](std::size_t i, const char* text) { FAIL_CHECK(chosen[i]->name << ": " << text); });
  for (std::size_t faults = 2; faults <= longest; ++faults) {
    Tally& tally = of.at(faults);
    tally.expected = static_cast<long>(chosen.size()) * seeds;
    std::fputs(fmt::format("runs with {} faults, {} environments × {} seeds: expected {}, made {}, "
                           "all struck in {}, {} failed\n",
                           faults, chosen.size(), seeds, tally.expected, tally.made, tally.struck,
                           tally.failed)
                   .c_str(),
               stdout);
    CHECK(tally.made == tally.expected);
    CHECK(tally.struck == tally.made);
    CHECK(tally.failed == 0);
  }
}

TEST_CASE("coordinates name faults of several applies and are read as they are written") {
  const std::string text = "trio:17:power-within:3:4:failover:0:2.5:gone:0";
  const auto read = parse_coordinates(text);
  REQUIRE(read);
  REQUIRE(read->second.size() == 3);
  CHECK(read->second[2].apply == 2);
  CHECK(read->second[2].message == 5);
  CHECK(coordinates(read->first, read->second) == text);
  CHECK_FALSE(parse_coordinates("trio:17:no-such-way:0"));
}
