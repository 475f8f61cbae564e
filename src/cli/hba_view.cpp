// SPDX-License-Identifier: PostgreSQL
// The rules of a pg_hba.conf as text.
#include <fmt/format.h>

#include "base/text.h"
#include "cli/views.h"

namespace cli {

using base::printable_line;

namespace {

/// As an array of the view: "{all}"; names with blanks or commas in quotes.
std::string array_of(const std::vector<std::string>& items) {
  std::vector<std::string> quoted;
  for (const std::string& item : items) {
    const bool plain = !item.empty() && item.find_first_of(" ,{}\"\\\t\r") == std::string::npos;
    std::string text = plain ? "" : "\"";
    for (const char c : item) {
      if (c == '"' || c == '\\') text += '\\';
      text += c;
    }
    quoted.push_back(printable_line(text + (plain ? "" : "\"")));
  }
  return fmt::format("{{{}}}", fmt::join(quoted, ","));
}

std::string place_of(const hba::RuleRow& row, const std::string& main) {
  return row.file == main ? fmt::to_string(row.line)
                          : fmt::format("{}:{}", printable_line(row.file), row.line);
}

}  // namespace

std::string text_of(const hba::RuleFile& rules, const std::string& main,
                    const hba::Version& version) {
  std::vector<std::vector<std::string>> cells = {
      {"line", "type", "database", "user", "address", "netmask", "method", "options"}};
  for (const hba::RuleRow& row : rules.rows) {
    std::vector<std::string> line = {place_of(row, main)};
    if (row.rule) {
      const hba::ShownRule shown = hba::shown(*row.rule, version);
      line.insert(line.end(),
                  {shown.type, array_of(shown.databases), array_of(shown.users),
                   printable_line(shown.address.value_or("-")), shown.netmask.value_or("-"),
                   shown.method, shown.options.empty() ? "-" : array_of(shown.options)});
    } else {
      line.insert(line.end(), 7, "-");
    }
    // The view has no word for some refusals either.
    if (!row.error.empty() || !row.rule)
      line.push_back(row.error.empty() ? "refused; the view shows no error"
                                       : "error: " + printable_line(row.error));
    cells.push_back(std::move(line));
  }
  return table_of(cells);
}

}  // namespace cli
