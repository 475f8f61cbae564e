// SPDX-License-Identifier: PostgreSQL
#include "configuration/reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <unordered_set>
#include <utility>

#include "base/text.h"
#include "configuration/keys.h"

namespace configuration {

using base::Code;

std::string in_quotes(std::string_view value) {
  constexpr std::size_t limit = 80;
  std::string shown = base::printable_line(value.substr(0, limit));
  if (value.size() > limit) shown += "…";
  return "\"" + base::printable_line(shown) + "\"";
}

// ---- Problems -----------------------------------------------------------------------------------

void Problems::enter(std::string path) { files_.push_back(std::move(path)); }

void Problems::add(Code code, Position at, std::string message, std::string hint) {
  add_at(code, here(at), std::move(message), std::move(hint));
}

void Problems::add_at(Code code, Spot spot, std::string message, std::string hint) {
  base::Finding finding;
  finding.code = base::error_row(code).name;
  finding.message = spot.at.line == 0 ? std::move(message)
                                      : fmt::format("line {}, column {}: {}", spot.at.line,
                                                    spot.at.column, message);
  finding.hint = std::move(hint);
  finding.file = files_[spot.file];
  finding.line = spot.at.line;
  problems_.push_back({code, spot, std::move(finding)});
}

void Problems::warn(Position at, std::string message, std::string hint) {
  add(Code::config_value, at, std::move(message), std::move(hint));
  problems_.back().finding.severity = base::Severity::warning;
}

std::vector<Problems::Problem> Problems::sorted() const {
  std::vector<Problem> sorted = problems_;
  std::stable_sort(sorted.begin(), sorted.end(), [](const Problem& left, const Problem& right) {
    return left.spot < right.spot;
  });
  return sorted;
}

base::Findings Problems::findings() const {
  base::Findings findings;
  for (Problem& problem : sorted()) findings.push_back(std::move(problem.finding));
  return findings;
}

std::optional<base::Error> Problems::error() const {
  std::optional<base::Error> first;
  for (const Problem& problem : sorted()) {
    const base::Finding& finding = problem.finding;
    if (finding.severity != base::Severity::error) continue;
    const std::string message = fmt::format("{}{}{}", in_quotes(finding.file),
                                            finding.line == 0 ? ": " : ", ", finding.message);
    if (!first) {
      first = base::error(problem.code, message).with_hint(finding.hint);
    } else {
      first->detail += fmt::format("{}Also {}.{}{}", first->detail.empty() ? "" : "\n", message,
                                   finding.hint.empty() ? "" : " ", finding.hint);
    }
  }
  return first;
}

// ---- TableReader --------------------------------------------------------------------------------

namespace {

bool is_of(KeyKind kind, const Value& value) {
  const auto all_are = [&](ValueKind item) {
    if (value.kind() != ValueKind::array) return false;
    const std::vector<Value> items = value.items();
    return std::all_of(items.begin(), items.end(),
                       [&](const Value& each) { return each.kind() == item; });
  };
  switch (kind) {
    case KeyKind::text:
      return value.kind() == ValueKind::text;
    case KeyKind::texts:
      return all_are(ValueKind::text);
    case KeyKind::integer:
      return value.kind() == ValueKind::integer;
    case KeyKind::boolean:
      return value.kind() == ValueKind::boolean;
    case KeyKind::date:
      return value.kind() == ValueKind::date;
    case KeyKind::table:
      return value.kind() == ValueKind::table;
    case KeyKind::tables:
      return all_are(ValueKind::table);
  }
  return false;
}

std::string type_hint(const ConfigurationKey& key, const Value& value) {
  if (key.kind == KeyKind::tables && value.kind() == ValueKind::table)
    return fmt::format("Write [[{}]] with two brackets: there may be several.", key.name);
  if (key.kind == KeyKind::table && value.kind() == ValueKind::array)
    return fmt::format("Write [{}] with one bracket: there is only one.", key.name);
  if (key.kind == KeyKind::texts && value.kind() == ValueKind::text)
    return fmt::format("Put it in brackets: {} = [\"…\"].", key.name);
  if (key.kind == KeyKind::date)
    return fmt::format("Write the day without quotes and without a time: {} = 2027-03-31.",
                       key.name);
  if ((key.kind == KeyKind::integer || key.kind == KeyKind::boolean) &&
      value.kind() == ValueKind::text)
    return "Write it without quotes.";
  return "";
}

// An array of the right kind with one wrong item is told by that item.
Value culprit(KeyKind kind, const Value& value) {
  if (value.kind() != ValueKind::array) return value;
  const ValueKind wanted = kind == KeyKind::texts    ? ValueKind::text
                           : kind == KeyKind::tables ? ValueKind::table
                                                     : ValueKind::other;
  for (const Value& item : value.items())
    if (wanted != ValueKind::other && item.kind() != wanted) return item;
  return value;
}

}  // namespace

TableReader::TableReader(std::string_view table, Value value, Problems& problems)
    : table_(table), value_(value), problems_(problems) {
  good_ = value.members();
  const auto wrong = std::stable_partition(
      good_.begin(), good_.end(), [&](const Member& member) { return check_member(member); });
  wrong_.assign(wrong, good_.end());
  good_.erase(wrong, good_.end());
}

bool TableReader::check_member(const Member& member) {
  const ConfigurationKey* key = find_key(table_, member.key);
  if (key == nullptr) {
    const std::string near = base::nearest(member.key, key_names(table_));
    problems_.add(Code::config_unknown_key, member.at,
                  fmt::format("unknown key {} in {}", in_quotes(member.key), table_title(table_)),
                  near.empty() ? "" : fmt::format("The nearest known key is \"{}\".", near));
    return false;
  }
  if (is_of(key->kind, member.value)) return true;
  const Value wrong = culprit(key->kind, member.value);
  problems_.add(Code::config_type, wrong.at().line == 0 ? member.at : wrong.at(),
                fmt::format("{} is {} where {} belongs", key->name, to_string(wrong.kind()),
                            to_string(key->kind)),
                type_hint(*key, member.value));
  return false;
}

namespace {

const Member* find_in(const std::vector<Member>& members, std::string_view name) {
  for (const Member& member : members)
    if (member.key == name) return &member;
  return nullptr;
}

}  // namespace

const Member* TableReader::find(std::string_view name) const { return find_in(good_, name); }

Position TableReader::at(std::string_view name) const {
  const Member* member = find(name);
  if (member == nullptr) member = find_in(wrong_, name);
  if (member == nullptr) return value_.at();
  const Position at = member->value.at();
  return at.line == 0 ? member->at : at;
}

bool TableReader::accept(std::string_view name, const Value& value, Check check) {
  auto objection = check_words(value.text());
  if (!objection && check != nullptr) objection = check(value.text());
  if (!objection) return true;
  problems_.add(Code::config_value, value.at(),
                fmt::format("{} {} {}", name, in_quotes(value.text()), objection->problem),
                objection->hint);
  return false;
}

std::string TableReader::text(std::string_view name, Check check) {
  const Member* member = find(name);
  if (member == nullptr || !accept(name, member->value, check)) return "";
  return std::string(member->value.text());
}

std::vector<std::string> TableReader::texts(std::string_view name, Check check) {
  std::vector<std::string> made;
  const Member* member = find(name);
  if (member == nullptr) return made;
  const std::vector<Value> items = member->value.items();
  std::unordered_set<std::string_view> seen;
  seen.reserve(items.size());
  made.reserve(items.size());
  for (const Value& item : items) {
    if (!accept(name, item, check)) continue;
    if (!seen.insert(item.text()).second)
      problems_.add(Code::config_duplicate, item.at(),
                    fmt::format("{} has {} twice", name, in_quotes(item.text())));
    else
      made.emplace_back(item.text());
  }
  return made;
}

std::optional<int> TableReader::integer(std::string_view name, int low, int high) {
  const Member* member = find(name);
  if (member == nullptr) return std::nullopt;
  const std::int64_t number = member->value.integer();
  if (number >= low && number <= high) return static_cast<int>(number);
  problems_.add(Code::config_value, member->value.at(),
                fmt::format("{} is {}, outside of {} to {}", name, number, low, high));
  return std::nullopt;
}

bool TableReader::flag(std::string_view name) {
  const Member* member = find(name);
  return member != nullptr && member->value.boolean();
}

std::optional<base::Time> TableReader::end_of_day(std::string_view name) {
  const Member* member = find(name);
  if (member == nullptr) return std::nullopt;
  return member->value.date() + base::Days(1) - std::chrono::seconds(1);
}

std::optional<std::size_t> TableReader::choice(std::string_view name,
                                               std::span<const std::string_view> words) {
  const Member* member = find(name);
  if (member == nullptr) return std::nullopt;
  const std::string_view word = member->value.text();
  const auto found = std::find(words.begin(), words.end(), word);
  if (found != words.end()) return static_cast<std::size_t>(found - words.begin());
  std::string known;
  for (const std::string_view each : words)
    known += fmt::format("{}\"{}\"", known.empty() ? "" : ", ", each);
  const std::vector<std::string_view> candidates(words.begin(), words.end());
  std::string near = base::nearest(word, candidates);
  if (near.empty()) near = base::nearest(base::lower(word), candidates);
  problems_.add(Code::config_value, member->value.at(),
                fmt::format("{} {} is none of {}", name, in_quotes(word), known),
                near.empty() ? "" : fmt::format("The nearest is \"{}\".", near));
  return std::nullopt;
}

bool TableReader::require(std::string_view name, std::string hint) {
  if (find(name) != nullptr) return true;
  if (find_in(wrong_, name) == nullptr)
    problems_.add(Code::config_value, value_.at(),
                  table_.empty() ? fmt::format("there is no {}", table_title(name))
                                 : fmt::format("{} has no {}", table_title(table_), name),
                  std::move(hint));
  return false;
}

void TableReader::object(std::string_view name, std::string message, std::string hint) {
  problems_.add(Code::config_value, at(name), std::move(message), std::move(hint));
}

}  // namespace configuration
