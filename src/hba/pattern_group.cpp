// SPDX-License-Identifier: PostgreSQL
// The text of a pattern's first group: the pattern is taken apart into what stands before the
// group, in it and behind it, and each split of the name is tried against the three.
#include <array>
#include <utility>

#include "hba/pattern.h"

namespace hba {
namespace {

// Every split of the name is tried.
constexpr std::size_t longest_name = 256;

/// "^before(group)after$" in its three parts.
using Parts = std::array<std::string_view, 3>;

/// Where a bracket list that begins at `at` ends; a "]" that is its first character is of the list.
std::size_t end_of_list(std::string_view text, std::size_t at) {
  ++at;
  if (at < text.size() && text[at] == '^') ++at;
  if (at < text.size() && text[at] == ']') ++at;
  return text.find(']', at);
}

/// Null where the whole is no such sequence: an alternative or an anchor outside of the group, or
/// within it, or a quantifier behind it.
std::optional<Parts> parts_of(std::string_view text) {
  if (text.size() < 2 || text.front() != '^' || text.back() != '$') return std::nullopt;
  text = text.substr(1, text.size() - 2);
  std::size_t open = text.npos;
  std::size_t close = text.npos;
  int depth = 0;
  for (std::size_t at = 0; at < text.size(); ++at) {
    const char c = text[at];
    if (c == '\\') {
      if (++at == text.size()) return std::nullopt;  // it escapes the last "$"
    } else if (c == '[') {
      at = end_of_list(text, at);
      if (at == text.npos) return std::nullopt;
    } else if (c == '^' || c == '$' || (c == '|' && depth == 0)) {
      return std::nullopt;
    } else if (c == '(') {
      if (open == text.npos) open = at;
      ++depth;
    } else if (c == ')' && --depth == 0 && close == text.npos) {
      close = at;
    }
  }
  if (close == text.npos) return std::nullopt;
  const Parts parts = {text.substr(0, open), text.substr(open + 1, close - open - 1),
                       text.substr(close + 1)};
  const bool captures = !parts[1].starts_with('?');
  const bool repeated =
      !parts[2].empty() && std::string_view("*+?{").find(parts[2][0]) != text.npos;
  return captures && !repeated ? std::optional(parts) : std::nullopt;
}

}  // namespace

std::optional<std::string> first_group(std::string_view pattern, std::string_view name) {
  const bool ignores_case = pattern.starts_with("(?i)");
  const std::string prefix = ignores_case ? "(?i)" : "";
  const auto parts = parts_of(pattern.substr(prefix.size()));
  if (!parts || name.size() > longest_name) return std::nullopt;
  std::vector<Pattern> whole;
  for (const std::string_view part : *parts) {
    auto compiled = Pattern::compile(prefix + "^(" + std::string(part) + ")$");
    if (!compiled) return std::nullopt;
    whole.push_back(std::move(*compiled));
  }
  std::vector<std::size_t> ends;  // where `after` may begin
  for (std::size_t at = 0; at <= name.size(); ++at)
    if (whole[2].matches(name.substr(at))) ends.push_back(at);
  std::optional<std::string> found;
  for (std::size_t begin = 0; begin <= name.size(); ++begin) {
    if (!whole[0].matches(name.substr(0, begin))) continue;
    for (const std::size_t end : ends) {
      if (end < begin) continue;
      const std::string_view text = name.substr(begin, end - begin);
      if ((found && *found == text) || !whole[1].matches(text)) continue;
      if (found) return std::nullopt;
      found = text;
    }
  }
  return found;
}

}  // namespace hba
