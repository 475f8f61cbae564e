// SPDX-License-Identifier: PostgreSQL
#include "admission/alignment.h"

#include <algorithm>
#include <functional>
#include <map>
#include <set>
#include <string_view>
#include <unordered_map>

#include "admission/connection.h"
#include "admission/explain.h"
#include "base/text.h"

namespace admission {
namespace {

using hba::AddressSpec;
using hba::Token;

constexpr Transport transports[] = {Transport::local, Transport::plain, Transport::tls,
                                    Transport::gss};

/// What a map says, its lines in no order: each that fits lets in (hba.c, check_ident_usermap).
std::map<std::string, std::string> maps_of(const hba::IdentFile& idents,
                                           const hba::Version& version) {
  std::map<std::string, std::set<std::string>> lines;
  for (const hba::IdentRow& row : idents.rows) {
    if (!row.mapping) continue;
    const Token& role = row.mapping->role;
    std::string line = row.mapping->system_user.text;
    line += '\0';
    // Quotes make a name of what would be a word or a group.
    const bool word = hba::has_includes(version) && (role.is("all") || role.is_group());
    line += word ? ' ' : '"';
    line += role.text;
    line += '\0';
    lines[row.mapping->map].insert(std::move(line));
  }
  std::map<std::string, std::string> made;
  for (const auto& [name, some] : lines)
    for (const std::string& line : some) made[name] += line;
  return made;
}

/// A token's meaning: whether it is a word of the language, and its text.
struct Meaning {
  bool word = false;
  std::string_view text;
  auto operator<=>(const Meaning&) const = default;
};

Meaning user_meaning(const Token& token) {
  return {token.is("all") || token.is_group(), token.text};
}

Meaning database_meaning(const Token& token) {
  if (token.is_same_role()) return {true, "samerole"};
  return {token.is_database_word(), token.text};
}

using MeaningOf = Meaning (*)(const Token&);

bool same_field(const hba::Field& one, const hba::Field& other, MeaningOf meaning) {
  const auto equal = [&](const Token& a, const Token& b) { return meaning(a) == meaning(b); };
  if (std::equal(one.begin(), one.end(), other.begin(), other.end(), equal)) return true;
  const auto set_of = [&](const hba::Field& field) {
    std::set<Meaning> made;
    for (const Token& token : field) made.insert(meaning(token));
    return made;
  };
  return one.size() > 1 && set_of(one) == set_of(other);
}

std::size_t hash_of(const hba::Field& field, MeaningOf meaning) {
  std::size_t sum = 0;  // in any order
  for (const Token& token : field) {
    const Meaning each = meaning(token);
    sum += std::hash<std::string_view>()(each.text) * (each.word ? 3 : 1);
  }
  return sum;
}

bool same_addresses(const Ruled& one, const Ruled& other) {
  const AddressSpec& a = one.rule().address;
  const AddressSpec& b = other.rule().address;
  if (a.kind != b.kind) return false;
  // Compared by pg_strcasecmp (hostname_match).
  if (a.kind == AddressSpec::Kind::name) return base::lower(a.name) == base::lower(b.name);
  return a.kind != AddressSpec::Kind::network ||
         (a.address.family == b.address.family && one.network == other.network &&
          one.mask == other.mask);
}

struct Hash {
  std::size_t operator()(const Ruled* ruled) const {
    constexpr std::size_t odd = 0x9E3779B97F4A7C15U;
    const hba::Rule& rule = ruled->rule();
    std::size_t made = ruled->transports;
    const auto mix = [&](std::size_t more) { made = (made ^ (made >> 29U) ^ more) * odd; };
    mix(hash_of(rule.users, user_meaning));
    mix(hash_of(rule.databases, database_meaning));
    mix(static_cast<std::size_t>(ruled->network));
    mix(static_cast<std::size_t>(ruled->network >> 64U));
    mix(static_cast<std::size_t>(ruled->mask));
    mix(static_cast<std::size_t>(rule.method));
    return made;
  }
};

struct Same {
  bool operator()(const Ruled* one, const Ruled* other) const {
    return one->transports == other->transports && same_addresses(*one, *other) &&
           same_verdict(*one, *other) &&
           same_field(one->rule().users, other->rule().users, user_meaning) &&
           same_field(one->rule().databases, other->rule().databases, database_meaning);
  }
};

std::vector<Ruled> rules_of(const Subject& subject) {
  const auto maps = maps_of(subject.idents, subject.version);
  std::vector<Ruled> made;
  made.reserve(subject.file.rows.size());
  for (const hba::RuleRow& row : subject.file.rows) {
    if (!row.rule) continue;
    Ruled one;
    one.row = &row;
    for (const Transport transport : transports)
      if (type_matches(row.rule->type, transport, subject.traits.ssl))
        one.transports |= 1U << static_cast<unsigned>(transport);
    if (one.transports == 0) continue;
    one.refuses = row.rule->method == hba::Method::reject;
    if (const std::string* map = row.rule->options.map()) {
      const auto found = maps.find(*map);
      one.map = found == maps.end() ? "?" + *map : "=" + found->second;
    }
    if (row.rule->address.kind == AddressSpec::Kind::network) {
      one.mask = number_of(row.rule->address.mask);
      one.network = number_of(row.rule->address.address) & one.mask;
    }
    made.push_back(std::move(one));
  }
  return made;
}

using Places = std::unordered_map<const Ruled*, int, Hash, Same>;

/// Leaves the first of equal ones; gives the place of each.
Places without_repeats(std::vector<Ruled>& rules) {
  Places seen(rules.size() * 2);
  std::vector<Ruled> kept;
  kept.reserve(rules.size());  // what `seen` points to stays
  for (Ruled& ruled : rules) {
    if (seen.contains(&ruled)) continue;
    kept.push_back(std::move(ruled));
    seen.emplace(&kept.back(), static_cast<int>(kept.size()) - 1);
  }
  rules = std::move(kept);
  return seen;
}

/// A longest rising part of `places`, of which -1 is none: the indices that are in it.
std::vector<std::size_t> longest_rising(const std::vector<int>& places) {
  std::vector<std::size_t> ends;  // of the rising parts of each length, the lowest end
  std::vector<std::size_t> previous(places.size());
  for (std::size_t i = 0; i < places.size(); ++i) {
    if (places[i] < 0) continue;
    const auto at =
        std::lower_bound(ends.begin(), ends.end(), places[i],
                         [&](std::size_t end, int place) { return places[end] < place; });
    if (at != ends.begin()) previous[i] = *std::prev(at);
    if (at == ends.end())
      ends.push_back(i);
    else
      *at = i;
  }
  std::vector<std::size_t> made(ends.size());
  for (std::size_t left = made.size(); left > 0; --left)
    made[left - 1] = left == made.size() ? ends.back() : previous[made[left]];
  return made;
}

}  // namespace

bool same_options(const Ruled& one, const Ruled& other) {
  if (one.map != other.map) return false;
  const auto except_map = [](const hba::Rule& rule) {
    auto made = hba::without_defaults(rule.method, rule.options);
    made.erase("map");
    return made;
  };
  if (one.rule().options.values == other.rule().options.values) return true;
  return except_map(one.rule()) == except_map(other.rule());
}

bool same_verdict(const Ruled& one, const Ruled& other) {
  if (one.refuses || other.refuses) return one.refuses == other.refuses;
  const hba::AuthOptions& a = one.rule().options;
  const hba::AuthOptions& b = other.rule().options;
  const bool by_name = a.certificate == hba::Demand::verify_full;
  return one.rule().method == other.rule().method && a.certificate == b.certificate &&
         (!by_name || a.by_distinguished_name == b.by_distinguished_name) &&
         same_options(one, other);
}

Aligned align(const Subject& before, const Subject& after) {
  Aligned made{rules_of(before), rules_of(after)};
  const Places old_places = without_repeats(made.before);
  without_repeats(made.after);
  std::vector<int> places;
  places.reserve(made.after.size());
  for (const Ruled& ruled : made.after) {
    const auto found = old_places.find(&ruled);
    places.push_back(found == old_places.end() ? -1 : found->second);
  }
  for (const std::size_t i : longest_rising(places)) {
    made.after[i].partner = places[i];
    made.before[static_cast<std::size_t>(places[i])].partner = static_cast<int>(i);
  }
  return made;
}

}  // namespace admission
