// SPDX-License-Identifier: PostgreSQL
// The only file that sees toml++. It reports by exception, which ends here.
#include <toml++/toml.h>

#include <algorithm>
#include <tuple>

#include "base/text.h"
#include "configuration/tree.h"

namespace configuration {
namespace {

Position position_of(const toml::source_region& source) {
  return {static_cast<int>(source.begin.line), static_cast<int>(source.begin.column)};
}

const toml::node& node_of(const void* node) { return *static_cast<const toml::node*>(node); }

// Only called with a date that the parser accepted; a year is 0 to 9999 by its grammar.
base::Time time_of(const toml::date& date) {
  const std::chrono::year_month_day day(std::chrono::year(date.year),
                                        std::chrono::month(date.month), std::chrono::day(date.day));
  return std::chrono::sys_days(day);
}

// The library quotes what it stumbled over: "…, saw 'hunt'", "…: '8675309…' is not representable".
// Of that only the names of keys and tables that are there twice stay.
std::string harmless(std::string_view description) {
  std::string_view kept = description.substr(0, description.find(", saw"));
  if (kept.find(": '") != std::string_view::npos ||
      kept.find("interpret '") != std::string_view::npos)
    return "a number cannot be read";
  while (!kept.empty() && (kept.back() == ' ' || kept.back() == '.')) kept.remove_suffix(1);
  std::string text = base::printable_line(kept);
  if (text.starts_with("Error while")) text[0] = 'e';
  return text;
}

}  // namespace

std::string_view to_string(ValueKind kind) {
  switch (kind) {
    case ValueKind::text:
      return "a string";
    case ValueKind::integer:
      return "an integer";
    case ValueKind::boolean:
      return "true or false";
    case ValueKind::date:
      return "a date";
    case ValueKind::array:
      return "an array";
    case ValueKind::table:
      return "a table";
    case ValueKind::other:
      return "a value of another type";
  }
  return "a value of another type";
}

// ---- Value --------------------------------------------------------------------------------------

ValueKind Value::kind() const {
  switch (node_of(node_).type()) {
    case toml::node_type::string:
      return ValueKind::text;
    case toml::node_type::integer:
      return ValueKind::integer;
    case toml::node_type::boolean:
      return ValueKind::boolean;
    case toml::node_type::date:
      return ValueKind::date;
    case toml::node_type::array:
      return ValueKind::array;
    case toml::node_type::table:
      return ValueKind::table;
    default:
      return ValueKind::other;
  }
}

Position Value::at() const { return position_of(node_of(node_).source()); }

std::string_view Value::text() const {
  const auto* text = node_of(node_).as_string();
  return text == nullptr ? std::string_view() : text->get();
}

std::int64_t Value::integer() const {
  const auto* integer = node_of(node_).as_integer();
  return integer == nullptr ? 0 : integer->get();
}

bool Value::boolean() const {
  const auto* boolean = node_of(node_).as_boolean();
  return boolean != nullptr && boolean->get();
}

base::Time Value::date() const {
  const auto* date = node_of(node_).as_date();
  return date == nullptr ? base::Time() : time_of(date->get());
}

std::vector<Value> Value::items() const {
  std::vector<Value> items;
  const auto* array = node_of(node_).as_array();
  if (array == nullptr) return items;
  items.reserve(array->size());
  for (const toml::node& item : *array) items.push_back(Value(&item));
  return items;
}

// toml++ keeps tables by key; people read by line.
std::vector<Member> Value::members() const {
  std::vector<Member> members;
  const auto* table = node_of(node_).as_table();
  if (table == nullptr) return members;
  members.reserve(table->size());
  for (const auto& [key, node] : *table)
    members.push_back({key.str(), position_of(key.source()), Value(&node)});
  std::sort(members.begin(), members.end(), [](const Member& left, const Member& right) {
    return std::tie(left.at, left.key) < std::tie(right.at, right.key);
  });
  return members;
}

// ---- Document -----------------------------------------------------------------------------------

struct Document::Tree {
  toml::table table;
};

void Document::Fell::operator()(Tree* tree) const { delete tree; }

Value Document::top() const { return Value(static_cast<const toml::node*>(&tree_->table)); }

std::variant<Document, SyntaxProblem> Document::parse(std::string_view text) {
  try {
    return Document(new Tree{toml::parse(text)});
  } catch (const toml::parse_error& problem) {
    return SyntaxProblem{harmless(problem.description()), position_of(problem.source())};
  } catch (const std::exception&) {
    return SyntaxProblem{"cannot be read as TOML", {}};
  }
}

}  // namespace configuration
