// SPDX-License-Identifier: PostgreSQL
// The only file that sees toml++. It reports by exception, which ends here.
#include <toml++/toml.h>
#include <algorithm>

#include "base/text.h"
#include "configuration/tree.h"

namespace configuration {
namespace {

Position position_of(const toml::source_region& source) {
  return {static_cast<int>(source.begin.line), static_cast<int>(source.begin.column)};
}

Value convert(const toml::node& node);

// toml++ keeps tables by key; people read by line.
void convert_members(const toml::table& table, Value& into) {
  for (const auto& [key, node] : table)
    into.members.push_back({std::string(key.str()), position_of(key.source()), convert(node)});
  std::stable_sort(into.members.begin(), into.members.end(),
                   [](const Member& left, const Member& right) { return left.at < right.at; });
}

// Only called with a date that the parser accepted; a year is 0 to 9999 by its grammar.
base::Time time_of(const toml::date& date) {
  const std::chrono::year_month_day day(std::chrono::year(date.year),
                                        std::chrono::month(date.month), std::chrono::day(date.day));
  return std::chrono::sys_days(day);
}

Value convert(const toml::node& node) {
  Value made;
  made.at = position_of(node.source());
  if (const auto* table = node.as_table()) {
    made.kind = ValueKind::table;
    convert_members(*table, made);
  } else if (const auto* array = node.as_array()) {
    made.kind = ValueKind::array;
    for (const toml::node& item : *array) made.items.push_back(convert(item));
  } else if (const auto* text = node.as_string()) {
    made.kind = ValueKind::text;
    made.text = text->get();
  } else if (const auto* integer = node.as_integer()) {
    made.kind = ValueKind::integer;
    made.integer = integer->get();
  } else if (const auto* boolean = node.as_boolean()) {
    made.kind = ValueKind::boolean;
    made.boolean = boolean->get();
  } else if (const auto* date = node.as_date()) {
    made.kind = ValueKind::date;
    made.date = time_of(date->get());
  }
  return made;
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

std::variant<Value, SyntaxProblem> parse_toml(std::string_view text) {
  try {
    const toml::table table = toml::parse(text);
    return convert(table);
  } catch (const toml::parse_error& problem) {
    return SyntaxProblem{harmless(problem.description()), position_of(problem.source())};
  } catch (const std::exception&) {
    return SyntaxProblem{"cannot be read as TOML", {}};
  }
}

}  // namespace configuration
