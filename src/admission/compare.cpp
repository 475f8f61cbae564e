// SPDX-License-Identifier: PostgreSQL
#include "admission/compare.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <stdexcept>

#include "admission/alignment.h"
#include "admission/catchers.h"
#include "admission/dependence.h"
#include "admission/explain.h"
#include "admission/joint_members.h"

namespace admission {
namespace {

using hba::Family;
using hba::Method;
using Outcome = Decision::Outcome;

constexpr int most_tries = 20;  // for two rules, each a walk through both files
constexpr std::size_t most_named = 20;
constexpr std::size_t most_changes = 1000;
constexpr std::size_t most_walked = 200'000'000;

/// How much a method asks by itself; null: of its own kind.
std::optional<int> rank_of(Method method) {
  switch (method) {
    case Method::trust:
      return 0;
    case Method::ident:
      return 1;
    case Method::password:
    case Method::ldap:
    case Method::pam:
    case Method::radius:
    case Method::bsd:
      return 2;
    case Method::md5:
      return 3;
    case Method::scram:
      return 4;
    default:
      return std::nullopt;
  }
}

int sign(int number) { return number > 0 ? 1 : number < 0 ? -1 : 0; }

/// 1 where the new method asks more, -1 where less, 0 where the same; null where nobody can say.
std::optional<int> method_change(const Ruled& before, const Ruled& after) {
  if (before.rule().method == after.rule().method)
    return same_options(before, after) ? std::optional(0) : std::nullopt;
  const auto old_rank = rank_of(before.rule().method);
  const auto new_rank = rank_of(after.rule().method);
  if (!old_rank || !new_rank || *old_rank == *new_rank) return std::nullopt;
  return sign(*new_rank - *old_rank);
}

/// Of two whose verdicts differ; null is no rule.
Effect effect_of(const Ruled* before, const Ruled* after) {
  const bool accepted = before != nullptr && !before->refuses;
  const bool accepts = after != nullptr && !after->refuses;
  if (!accepted) return Effect::lets_in;
  if (!accepts) return Effect::locks_out;
  const int demand = sign(static_cast<int>(after->rule().options.certificate) -
                          static_cast<int>(before->rule().options.certificate));
  // Less of one and more of the other is neither.
  const int both = method_change(*before, *after).value_or(0) + demand;
  return both > 0 ? Effect::stronger : both < 0 ? Effect::weaker : Effect::different;
}

bool network_meets(const Ruled& one, const Ruled& other) {
  using Kind = hba::AddressSpec::Kind;
  const hba::AddressSpec& a = one.rule().address;
  const hba::AddressSpec& b = other.rule().address;
  if (a.kind != Kind::network || b.kind != Kind::network) return true;
  return a.address.family == b.address.family &&
         ((one.network ^ other.network) & one.mask & other.mask) == 0;
}

Ruled no_rule(const hba::RuleRow& row) {
  Ruled made;
  made.row = &row;
  made.refuses = true;
  made.transports = ~0U;
  return made;
}

hba::RuleRow catching_everybody() {
  hba::Rule rule;
  rule.type = hba::ConnectionType::host;
  rule.databases = {{"all", false}, {"replication", false}};
  rule.users = {{"all", false}};
  rule.address.kind = hba::AddressSpec::Kind::all;
  hba::RuleRow made;
  made.rule = std::move(rule);
  return made;
}

class Comparer {
 public:
  Comparer(const Subject& before, const Subject& after)
      : subjects_{before, after},
        aligned_(align(before, after)),
        universe_(aligned_, before.roles, before.version),
        rules_{Rules(before.file, before.idents, before.roles, before.version, before.traits),
               Rules(after.file, after.idents, after.roles, after.version, after.traits)},
        everybody_(catching_everybody()),
        none_(no_rule(everybody_)) {}

  Comparison run() {
    for (const int side : {0, 1}) {
      note_load(side);
      for (std::size_t i = 0; i < rules(side).size() && !given_up(); ++i)
        if (rules(side)[i].partner < 0) look(side, i);
    }
    if (given_up())
      note(made_.unknown, fmt::format("what else differs: after {} changes the comparison gave up",
                                      found_.size()));
    for (auto& [places, change] : found_) made_.changes.push_back(std::move(change));
    made_.equivalent = made_.changes.empty() && made_.unknown.empty();
    return std::move(made_);
  }

 private:
  /// Files that have little in common.
  [[nodiscard]] bool given_up() const {
    return found_.size() > most_changes || walked_ > most_walked;
  }

  /// What one unaligned rule may meet in both files, each in order.
  struct Surroundings {
    int side = 0;
    std::size_t place = 0;
    std::vector<std::size_t> earlier;  ///< in its own file
    std::vector<std::size_t> others;   ///< in the other, if not sure to come later
  };
  /// Two rules, of which the second may be none.
  struct Pair {
    int side = 0;  ///< of the first
    std::size_t place = 0;
    std::optional<std::size_t> other;
    Transport transport = Transport::plain;
  };

  [[nodiscard]] const std::vector<Ruled>& rules(int side) const {
    return side == 0 ? aligned_.before : aligned_.after;
  }

  [[nodiscard]] bool meet(const Ruled& one, const Ruled& other) const {
    return (one.transports & other.transports) != 0 && network_meets(one, other) &&
           universe_.may_meet(one.rule(), other.rule());
  }

  /// A line that only the server can judge matters where it is new, or gone.
  void note_load(int side) {
    for (const Ruled& ruled : rules(side))
      if (!ruled.row->doubt.empty() && ruled.partner < 0)
        note(made_.unknown, fmt::format("whether the server loads {}: only it can judge the line",
                                        place_of(*ruled.row)));
    for (const hba::RuleRow& row : subjects_[side].file.rows)
      if (!row.rule)
        note(made_.unknown,
             fmt::format("whether the server loads {}: only it can judge the line", place_of(row)));
  }

  void look(int side, std::size_t place) {
    const Ruled& mine = rules(side)[place];
    Surroundings around{side, place, {}, {}};
    for (std::size_t i = 0; i < place; ++i)
      if (meet(mine, rules(side)[i])) around.earlier.push_back(i);
    const std::vector<Ruled>& others = rules(1 - side);
    for (std::size_t i = 0; i < others.size(); ++i) {
      // Whom it catches, its partner in this rule's own file catches before this rule.
      const int partner = others[i].partner;
      const bool comes_first = partner >= 0 && static_cast<std::size_t>(partner) < place;
      if (!comes_first && meet(mine, others[i])) around.others.push_back(i);
    }
    unsigned seen = 0;
    for (const Transport transport :
         {Transport::plain, Transport::tls, Transport::local, Transport::gss})
      if (const unsigned bit = 1U << static_cast<unsigned>(transport);
          (mine.transports & bit) != 0 && !like_another(around, bit, seen)) {
        pass(around, transport);
        seen |= bit;
      }
  }

  /// Whether by one of the transports in `seen` the same rules are met as by that of `bit`.
  [[nodiscard]] bool like_another(const Surroundings& around, unsigned bit, unsigned seen) const {
    unsigned like = seen;
    const auto compare_with = [&](const Ruled& ruled) {
      like &= (ruled.transports & bit) != 0 ? ruled.transports : ~ruled.transports;
    };
    for (const std::size_t i : around.earlier) compare_with(rules(around.side)[i]);
    for (const std::size_t i : around.others) compare_with(rules(1 - around.side)[i]);
    return like != 0;
  }

  void pass(const Surroundings& around, Transport transport) {
    const unsigned bit = 1U << static_cast<unsigned>(transport);
    Catchers earlier(universe_);
    expect(around, bit, earlier);
    for (const std::size_t i : around.earlier)
      if (const Ruled& ruled = rules(around.side)[i]; (ruled.transports & bit) != 0)
        earlier.add(ruled);
    Pair pair{around.side, around.place, std::nullopt, transport};
    for (const std::size_t i : around.others) {
      if (given_up()) return;
      const Ruled& ruled = rules(1 - around.side)[i];
      if ((ruled.transports & bit) == 0) continue;
      pair.other = i;
      if (is_asked(around, ruled)) look_at(pair, earlier);
      earlier.add(ruled);
    }
    pair.other.reset();
    look_at(pair, earlier);
  }

  /// Whether the rule may decide where this one does, and otherwise. Two unaligned ones have been
  /// looked at from the old file.
  [[nodiscard]] bool is_asked(const Surroundings& around, const Ruled& other) const {
    return (around.side == 0 || other.partner >= 0) &&
           !same_verdict(rules(around.side)[around.place], other);
  }

  void expect(const Surroundings& around, unsigned transport, Catchers& catchers) const {
    const Ruled& mine = rules(around.side)[around.place];
    const auto expect_of = [&](const Ruled& other) {
      for (const JointMember& member : universe_.joint_members(mine.rule(), other.rule()))
        catchers.expect(member);
    };
    for (const std::size_t i : around.others)
      if (const Ruled& other = rules(1 - around.side)[i];
          (other.transports & transport) != 0 && is_asked(around, other))
        expect_of(other);
    if (!mine.refuses) expect_of(none_);
  }

  [[nodiscard]] const Ruled& other_of(const Pair& pair) const {
    return pair.other ? rules(1 - pair.side)[*pair.other] : none_;
  }

  void look_at(const Pair& pair, const Catchers& earlier) {
    const Ruled& mine = rules(pair.side)[pair.place];
    const Ruled& other = other_of(pair);
    if (same_verdict(mine, other)) return;
    if (const auto known = found_.find(places_of(pair));
        known != found_.end() && known->second.unknown.empty())
      return;
    AddressQuestions questions = {question_of(mine), question_of(other)};
    const Addresses addresses = possible_addresses(mine.rule().address);
    const Addresses others = possible_addresses(other.rule().address);
    int tries = 0;
    for (const JointMember& member : universe_.joint_members(mine.rule(), other.rule()))
      for (const Family family : {Family::ipv4, Family::ipv6}) {
        std::vector<const Intervals*> sets;
        earlier.collect(member, questions, family, sets);
        const auto open = hole(
            sets, common(common(addresses.of(family), others.of(family)), clients_.of(family)));
        if (open && tries++ < most_tries && examine(pair, member, address_of(*open, family)))
          return;
        if (pair.transport == Transport::local) break;
      }
  }

  /// The places of the rules before and after; what is none comes last.
  using Places = std::pair<std::size_t, std::size_t>;
  [[nodiscard]] Places places_of(const Pair& pair) const {
    const std::size_t other = pair.other.value_or(static_cast<std::size_t>(-1));
    return pair.side == 0 ? Places(pair.place, other) : Places(other, pair.place);
  }

  /// True once the two have a witness that depends on nothing.
  bool examine(const Pair& pair, const JointMember& member, const hba::Address& address) {
    walked_ += rules(0).size() + rules(1).size();
    const Ruled* mine = &rules(pair.side)[pair.place];
    const Ruled* other = pair.other ? &other_of(pair) : nullptr;
    const Ruled* before = pair.side == 0 ? mine : other;
    const Ruled* after = pair.side == 0 ? other : mine;
    Change change;
    change.effect = effect_of(before, after);
    change.witness.transport = pair.transport;
    change.witness.user = member.user;
    change.witness.database = member.physical ? member.user : member.database;
    if (pair.transport != Transport::local) change.witness.address = address;
    change.witness.physical_replication = member.physical;
    change.before = before == nullptr ? nullptr : before->row;
    change.after = after == nullptr ? nullptr : after->row;
    const Sides sides{{before, after}};
    show_certificate(sides, member, change.witness);
    confirm(sides, member, change);
    if (pair.transport == Transport::gss)
      note(change.unknown,
           "whether the server encrypts by GSS: that it was built with it and has a keytab");
    const bool sure = change.unknown.empty();
    Change& known = found_[places_of(pair)];
    if (sure || (known.before == nullptr && known.after == nullptr)) known = std::move(change);
    return sure;
  }

  struct Sides {
    const Ruled* rules[2] = {nullptr, nullptr};  ///< before and after; null: none
    [[nodiscard]] const hba::RuleRow* row(int side) const {
      return rules[side] == nullptr ? nullptr : rules[side]->row;
    }
    [[nodiscard]] bool asks(int side) const {
      return rules[side] != nullptr && !rules[side]->refuses &&
             rules[side]->rule().options.certificate != hba::Demand::none;
    }
  };

  /// How many of the two rules ask for a certificate and take this one; -1 where others decide.
  [[nodiscard]] int taken(const Connection& witness, const Sides& sides) const {
    int count = 0;
    for (const int side : {0, 1}) {
      const Decision decision = rules_[side].explain(witness);
      if (decision.row != sides.row(side)) return -1;
      if (sides.asks(side) && decision.outcome == Outcome::accept) ++count;
    }
    return count;
  }

  /// One by which the rules that ask for it let in; by a map perhaps in another role.
  void show_certificate(const Sides& sides, const JointMember& member, Connection& witness) const {
    if (witness.transport != Transport::tls || (!sides.asks(0) && !sides.asks(1))) return;
    witness.certificate = witness.user;
    int best = 0;
    int tries = 0;
    const Connection asked = witness;
    for (const int side : {0, 1}) {
      if (!sides.asks(side) || sides.rules[side]->map.empty()) continue;
      if (best == 0) best = std::max(0, taken(witness, sides));
      const std::string* map = sides.rules[side]->rule().options.map();
      for (const hba::IdentRow& row : subjects_[side].idents.rows) {
        if (!row.mapping || row.mapping->map != *map || ++tries > most_tries) continue;
        Connection shown = asked;
        shown.certificate = row.mapping->system_user.text;
        if (member.any_user && !member.same_name) shown.user = row.mapping->role.text;
        if (const int count = taken(shown, sides); count > best) {
          best = count;
          witness = shown;
        }
      }
    }
  }

  /// The change is what explain says of its witness. Notes what only the server can tell.
  void confirm(const Sides& sides, const JointMember& member, Change& change) const {
    const Decision decisions[2] = {rules_[0].explain(change.witness),
                                   rules_[1].explain(change.witness)};
    bool accepted = false;
    for (const int side : {0, 1}) {
      confirm_row(side, decisions[side], sides.row(side), member, change);
      accepted = accepted || decisions[side].outcome == Outcome::accept;
    }
    for (const int side : {0, 1})
      if (sides.asks(side) && decisions[side].outcome != Outcome::accept &&
          (!accepted || decisions[side].outcome == Outcome::unknown))
        note(change.unknown,
             fmt::format("which certificates {} takes for the role's", place_of(*sides.row(side))));
  }

  void confirm_row(int side, const Decision& decision, const hba::RuleRow* row,
                   const JointMember& member, Change& change) const {
    const bool unknown = decision.outcome == Outcome::unknown;
    const auto& candidates = decision.candidates;
    if (!unknown) {
      if (decision.row != row) contradicted(side, decision, member, change);
      return;
    }
    const bool possible =
        row == nullptr ? decision.or_none
                       : std::find(candidates.begin(), candidates.end(), row) != candidates.end();
    if (!possible) contradicted(side, decision, member, change);
    for (const hba::RuleRow* each : candidates) note_dependence(side, *each, change);
  }

  /// A name may be but an example of what an expression catches, an address of what a mask leaves
  /// open: others may do what it does not. Nothing else is contradicted.
  void contradicted(int side, const Decision& decision, const JointMember& member,
                    Change& change) const {
    const bool example =
        (member.any_user || member.any_database) && !universe_.expressions().empty();
    std::vector<const hba::RuleRow*> rows = {change.before, change.after, decision.row};
    rows.insert(rows.end(), decision.candidates.begin(), decision.candidates.end());
    const bool wide_mask = std::any_of(rows.begin(), rows.end(), [](const hba::RuleRow* row) {
      return row != nullptr && row->rule->address.kind == hba::AddressSpec::Kind::network &&
             !addresses_of(row->rule->address);
    });
    if (!example && !wide_mask)
      throw std::logic_error(fmt::format("explain does not confirm {}", to_string(change.witness)));
    note(change.unknown, example ? "which names the regular expressions catch"
                                 : "which addresses a mask leaves open");
    for (const hba::RuleRow* row : rows)
      if (row != nullptr) note_dependence(side, *row, change);
  }

  void note_dependence(int side, const hba::RuleRow& row, Change& change) const {
    for (const std::string& what :
         dependences_of(row, subjects_[side].roles, subjects_[side].version))
      note(change.unknown, what);
  }

  static void note(std::vector<std::string>& list, const std::string& what) {
    if (list.size() < most_named && std::find(list.begin(), list.end(), what) == list.end())
      list.push_back(what);
  }

  Subject subjects_[2];
  Aligned aligned_;
  Universe universe_;
  Rules rules_[2];
  Addresses clients_ = client_addresses();
  hba::RuleRow everybody_;
  Ruled none_;
  std::map<Places, Change> found_;
  Comparison made_;
  std::size_t walked_ = 0;  ///< rules that explain was asked to go through
};

}  // namespace

const char* to_string(Effect effect) {
  switch (effect) {
    case Effect::lets_in:
      return "lets in";
    case Effect::locks_out:
      return "locks out";
    case Effect::weaker:
      return "weaker";
    case Effect::stronger:
      return "stronger";
    case Effect::different:
      return "different";
  }
  return "different";
}

Comparison compare(const Subject& before, const Subject& after) {
  return Comparer(before, after).run();
}

}  // namespace admission
