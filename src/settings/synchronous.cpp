// SPDX-License-Identifier: PostgreSQL
#include "settings/synchronous.h"

#include <charconv>

#include "base/text.h"

namespace settings {

base::Result<int> confirming_standbys(std::string_view value) {
  std::string_view rest = base::trim(value);
  if (rest.empty()) return 0;
  const std::size_t open = rest.find('(');
  const std::size_t quote = rest.find('"');
  if (open == rest.npos || quote < open) return 1;  // a parenthesis may be part of a quoted name
  std::string_view head = base::trim(rest.substr(0, open));
  for (const std::string_view word : {"first", "any"}) {
    if (base::lower(head.substr(0, word.size())) != word) continue;
    head = base::trim(head.substr(word.size()));
    break;
  }
  int count = 0;
  const auto [end, problem] = std::from_chars(head.data(), head.data() + head.size(), count);
  if (problem == std::errc() && end == head.data() + head.size() && count > 0 && rest.back() == ')')
    return count;
  return base::error(base::Code::parse, "synchronous_standby_names cannot be understood");
}

}  // namespace settings
