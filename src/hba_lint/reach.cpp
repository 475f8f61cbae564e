// SPDX-License-Identifier: PostgreSQL
// What rules leave to those below them: which never decide, which let in without TLS. By the least
// members of each rule, as a proof does.
#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "admission/explain.h"
#include "admission/first_matches.h"
#include "base/text.h"
#include "hba_lint/material.h"

namespace hba_lint {
namespace {

using admission::Addresses;
using admission::FirstMatches;
using admission::Interval;
using admission::Member;
using admission::Number;
using admission::Transport;
using hba::ConnectionType;
using hba::Family;
using hba::Method;

// How many changes of the deciding rule are looked at for one rule, and how many are named.
constexpr int most_changes = 100;
constexpr int most_changes_of_others = 20;
constexpr std::size_t most_named = 5;

bool accepts(const hba::Rule& rule) { return rule.method != Method::reject; }

bool same_verdict(const hba::Rule& one, const hba::Rule& other) {
  return one.method == other.method && one.options.certificate == other.options.certificate &&
         one.options.by_distinguished_name == other.options.by_distinguished_name &&
         (one.options.values == other.options.values ||
          hba::without_defaults(one.method, one.options) ==
              hba::without_defaults(other.method, other.options));
}

bool asks_in_clear_text(Method method) {
  return method == Method::password || method == Method::ldap || method == Method::pam ||
         method == Method::radius || method == Method::bsd;
}

bool has_word(const hba::Field& field, std::string_view word) {
  return std::any_of(field.begin(), field.end(),
                     [&](const hba::Token& token) { return token.is(word); });
}

/// Of every address those that are not a machine's own.
Addresses of_other_machines() {
  constexpr Number loopback = Number(127) << 24U;
  constexpr Number loopback_end = (Number(128) << 24U) - 1;
  return {{{0, loopback - 1}, {loopback_end + 1, admission::whole(Family::ipv4).last}},
          {{0, 0}, {2, admission::whole(Family::ipv6).last}}};
}

class Reach {
 public:
  Reach(const Material& material, base::Findings& findings)
      : material_(material),
        rows_(material.rules.rows),
        names_(material.rules, material.subject.roles, material.subject.version),
        others_(of_other_machines()),
        findings_(findings),
        states_(rows_.size()),
        any_hostssl_(std::any_of(rows_.begin(), rows_.end(), [](const hba::RuleRow& row) {
          return row.rule && row.rule->type == ConnectionType::hostssl && accepts(*row.rule);
        })) {}

  void run() {
    for (const Transport transport :
         {Transport::plain, Transport::tls, Transport::gss, Transport::local})
      if (is_needed(transport)) pass(transport);
    for (std::size_t i = 0; i < rows_.size(); ++i) tell(i);
  }

 private:
  struct State {
    bool alive = false;
    bool asked = false;                    ///< there is somebody whom it could catch
    bool open = false;                     ///< lets other machines in by plain text
    bool other_verdict = false;            ///< among those that catch all it is about
    std::set<std::size_t> above;           ///< some of those
    std::vector<std::size_t> hostssl;      ///< above it, for the same connections
    std::vector<std::size_t> replication;  ///< below it, of a reject: what it lets by
  };

  [[nodiscard]] bool matches(const hba::RuleRow& row, Transport transport) const {
    return row.rule &&
           admission::type_matches(row.rule->type, transport, material_.subject.traits.ssl);
  }

  /// Others are known already, in whichever way connections come.
  [[nodiscard]] bool is_needed(Transport transport) const {
    for (std::size_t i = 0; i < rows_.size(); ++i)
      if (matches(rows_[i], transport) &&
          (!states_[i].alive || (transport == Transport::tls && catches_who_fell(i))))
        return true;
    return false;
  }

  /// An open rule for whom a hostssl rule lets in as well, perhaps.
  [[nodiscard]] bool catches_who_fell(std::size_t number) const {
    const ConnectionType type = rows_[number].rule->type;
    return any_hostssl_ && states_[number].open &&
           (type == ConnectionType::host || type == ConnectionType::hostnogssenc);
  }

  void pass(Transport transport) {
    FirstMatches first(names_);
    FirstMatches rejects(names_);
    bool any_rejects = false;
    for (std::size_t i = 0; i < rows_.size(); ++i) {
      if (!matches(rows_[i], transport)) continue;
      const hba::Rule& rule = *rows_[i].rule;
      const auto addresses = admission::addresses_of(rule.address);
      const Addresses possible =
          addresses ? *addresses : admission::possible_addresses(rule.address);
      look(i, possible, transport, first, any_rejects ? &rejects : nullptr);
      if (transport == Transport::tls && catches_who_fell(i)) note_hostssl(i, possible, first);
      if (!addresses) continue;
      first.add(rule, *addresses, i);
      if (accepts(rule) || !has_word(rule.databases, "all") ||
          has_word(rule.databases, "replication"))
        continue;
      hba::Rule of_all = rule;
      of_all.databases = {{"all", false}};
      rejects.add(of_all, *addresses, i);
      any_rejects = true;
    }
    if (transport == Transport::plain) fall_back(first);
  }

  void look(std::size_t number, const Addresses& addresses, Transport transport,
            const FirstMatches& first, const FirstMatches* rejects) {
    State& state = states_[number];
    const hba::Rule& rule = *rows_[number].rule;
    const bool watched = transport == Transport::plain && accepts(rule);
    const bool replicates =
        rejects != nullptr && accepts(rule) && has_word(rule.databases, "replication");
    if (state.alive && !watched && !replicates) return;
    bool unnamed = false;
    bool alive = false;
    const std::vector<Member> members = names_.least_members(rule, {}, {}, unnamed);
    for (const Member& member : members)
      for (const Family family : {Family::ipv4, Family::ipv6}) {
        const std::vector<Interval>& wanted = addresses.of(family);
        if (wanted.empty()) continue;
        state.asked = true;
        if (first.hole(member, family, wanted)) {
          alive = true;
          if (watched && !state.open)
            state.open = !only_own_machine(rule) &&
                         first.hole(member, family, common(wanted, others_.of(family)));
          if (replicates && member.physical) note_gap(number, member, family, wanted, *rejects);
        } else if (!alive && !state.alive) {
          int changes = 0;
          first.deciders(member, family, wanted, most_changes, [&](std::size_t above) {
            // Beyond the last that is looked at there may be another.
            if (++changes == most_changes) state.other_verdict = true;
            if (!same_verdict(rule, *rows_[above].rule)) state.other_verdict = true;
            if (state.above.size() < most_named) state.above.insert(above);
          });
        }
        if (transport == Transport::local) break;
      }
    state.alive = state.alive || alive || unnamed;
  }

  /// Whom a reject for all databases would have caught, were it about replication too.
  void note_gap(std::size_t number, const Member& member, Family family,
                const std::vector<Interval>& wanted, const FirstMatches& rejects) {
    Member ordinary = member;
    ordinary.physical = false;
    rejects.deciders(ordinary, family, wanted, most_changes_of_others,
                     [&](std::size_t above) { add_once(states_[above].replication, number); });
  }

  /// Who comes in by hostssl, and what decides where TLS fails and his client comes without.
  void fall_back(const FirstMatches& plain) {
    if (!any_hostssl_ ||
        std::none_of(states_.begin(), states_.end(), [](const State& each) { return each.open; }))
      return;
    for (std::size_t i = 0; i < rows_.size(); ++i) {
      if (!rows_[i].rule || rows_[i].rule->type != ConnectionType::hostssl ||
          !accepts(*rows_[i].rule))
        continue;
      const auto addresses = admission::addresses_of(rows_[i].rule->address);
      if (!addresses) continue;
      bool unnamed = false;
      for (const Member& member : names_.least_members(*rows_[i].rule, {}, {}, unnamed))
        for (const Family family : {Family::ipv4, Family::ipv6})
          plain.deciders(member, family, common(addresses->of(family), others_.of(family)),
                         most_changes_of_others, [&](std::size_t decider) {
                           if (decider > i && catches_who_fell(decider))
                             add_once(states_[decider].hostssl, i);
                         });
    }
  }

  /// The same for those that an open rule is about.
  void note_hostssl(std::size_t number, const Addresses& addresses, const FirstMatches& tls) {
    bool unnamed = false;
    for (const Member& member : names_.least_members(*rows_[number].rule, {}, {}, unnamed))
      for (const Family family : {Family::ipv4, Family::ipv6})
        tls.deciders(member, family, common(addresses.of(family), others_.of(family)),
                     most_changes_of_others, [&](std::size_t above) {
                       const hba::Rule& rule = *rows_[above].rule;
                       if (rule.type == ConnectionType::hostssl && accepts(rule))
                         add_once(states_[number].hostssl, above);
                     });
  }

  static void add_once(std::vector<std::size_t>& to, std::size_t number) {
    if (to.size() < most_named && std::find(to.begin(), to.end(), number) == to.end())
      to.push_back(number);
  }

  void tell(std::size_t number) {
    const hba::RuleRow& row = rows_[number];
    const State& state = states_[number];
    if (!row.rule) return;
    if (state.asked && !state.alive && !state.above.empty()) {
      base::Finding& made = state.other_verdict
                                ? say(findings_, "hba.shadowed", row, "this rule never decides")
                                : say(findings_, "hba.redundant", row,
                                      "this rule never decides, and what does says the same");
      relate(made, state.above, "Rules above it catch all that it is about");
    }
    if (state.open) tell_open(number);
    if (!state.replication.empty())
      relate(say(findings_, "hba.replication-reject-gap", row,
                 "this reject does not stop physical replication"),
             state.replication, "It comes in further down");
  }

  void tell_open(std::size_t number) {
    const hba::RuleRow& row = rows_[number];
    const State& state = states_[number];
    const bool in_clear_text = asks_in_clear_text(row.rule->method);
    if (in_clear_text)
      say(findings_, "hba.cleartext-password", row, "the password is sent in clear text");
    if (row.rule->type == ConnectionType::hostnogssenc)
      say(findings_, "hba.nogss-plain", row, "hostnogssenc lets in without TLS");
    if (!state.hostssl.empty())
      relate(say(findings_, "hba.host-after-hostssl", row,
                 "clients whose TLS fails come in here without"),
             state.hostssl, "With TLS they come in above");
    if (!in_clear_text && row.rule->type != ConnectionType::hostnogssenc && state.hostssl.empty())
      say(findings_, "hba.plaintext", row, "this rule lets in without TLS");
  }

  template <typename Numbers>
  void relate(base::Finding& made, const Numbers& numbers, std::string_view words) const {
    std::string places;
    for (const std::size_t each : numbers) {
      made.related.push_back({rows_[each].file, rows_[each].line});
      places += fmt::format("{}{}:{}", places.empty() ? "" : ", ",
                            base::printable_line(rows_[each].file), rows_[each].line);
    }
    made.detail = fmt::format("{}: {}.", words, places);
  }

  const Material& material_;
  const std::vector<hba::RuleRow>& rows_;
  admission::Names names_;
  Addresses others_;
  base::Findings& findings_;
  std::vector<State> states_;
  bool any_hostssl_;  ///< that accepts
};

}  // namespace

void check_reach(const Material& material, base::Findings& findings) {
  Reach(material, findings).run();
}

}  // namespace hba_lint
