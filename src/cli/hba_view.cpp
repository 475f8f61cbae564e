// SPDX-License-Identifier: PostgreSQL
// The rules of a pg_hba.conf as text.
#include <fmt/format.h>

#include "base/text.h"
#include "cli/views.h"
#include "hba/mask.h"

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

template <class Row>
std::string place_of(const Row& row, const std::string& main) {
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

std::string text_of(const hba::IdentFile& maps, const std::string& main) {
  std::vector<std::vector<std::string>> cells = {{"line", "map", "system user", "role"}};
  for (const hba::IdentRow& row : maps.rows) {
    std::vector<std::string> line = {place_of(row, main)};
    if (row.mapping)
      line.insert(line.end(),
                  {printable_line(row.mapping->map), printable_line(row.mapping->system_user.text),
                   printable_line(row.mapping->role.text)});
    else
      line.insert(line.end(), {"-", "-", "-", "error: " + printable_line(row.error)});
    cells.push_back(std::move(line));
  }
  return table_of(cells);
}

namespace {

std::string line_of(const hba::RuleRow& row) {
  return fmt::format("  {}:{}: {}\n", printable_line(row.file), row.line,
                     printable_line(hba::mask_secrets(row.text)));
}

/// What follows from the decision, for somebody who wonders why a client is refused.
std::string consequence_of(const admission::Decision& decision) {
  using Outcome = admission::Decision::Outcome;
  switch (decision.outcome) {
    case Outcome::accept:
      return fmt::format("This is the first rule that matches: it asks by the method {}.\n",
                         hba::to_string(decision.row->rule->method));
    case Outcome::reject:
      return "This is the first rule that matches, and it rejects.\n";
    case Outcome::no_match:
      return "No rule matches, and so the server rejects.\n";
    case Outcome::certificate_required:
      return "This is the first rule that matches: the server ends the connection, because no "
             "certificate of a client is shown that it trusts.\n";
    case Outcome::certificate_mismatch:
      return "This is the first rule that matches: the server ends the connection, because the "
             "certificate is not in the role's name.\n";
    case Outcome::unknown:
      return fmt::format(
          "Only the server can tell which of these decides{}: it asks a name's resolver, its own "
          "interfaces, its catalogs (--roles tells them) or its expressions.\n",
          decision.or_none ? ", or whether none does" : "");
  }
  return {};
}

}  // namespace

std::string text_of(const admission::Decision& decision) {
  std::string made = fmt::format("{}\n", to_string(decision.outcome));
  if (decision.row != nullptr) made += line_of(*decision.row);
  for (const hba::RuleRow* row : decision.candidates) made += line_of(*row);
  return made + consequence_of(decision);
}

std::string text_of(const admission::Proof& proof) {
  std::string made = proof.statement + "\n";
  if (proof.witness)
    made += fmt::format("{} {}\n", proof.unknown.empty() ? "Gets past:" : "Perhaps gets past:",
                        printable_line(to_string(*proof.witness)));
  if (proof.row != nullptr) made += line_of(*proof.row);
  for (const std::string& what : proof.unknown)
    made += fmt::format("Only the server can tell: {}\n", what);
  return made;
}

namespace {

/// What decides a group, or that nothing does.
std::string decided_by(const admission::Decision& decision) {
  std::string made = to_string(decision.outcome);
  if (decision.row != nullptr)
    made += fmt::format(" {}:{}: {}", printable_line(decision.row->file), decision.row->line,
                        printable_line(hba::mask_secrets(decision.row->text)));
  for (const hba::RuleRow* row : decision.candidates)
    made += fmt::format("{} {}:{}", row == decision.candidates.front() ? "," : " or",
                        printable_line(row->file), row->line);
  return made;
}

/// "lets in: ", or what it is if things are so as only the server can tell.
std::string heading_of(const admission::Change& change) {
  return fmt::format("{}{}: {}\n", change.unknown.empty() ? "" : "perhaps ",
                     to_string(change.effect), printable_line(to_string(change.witness)));
}

std::string side_of(const char* word, const hba::RuleRow* row) {
  if (row == nullptr) return fmt::format("  {} no rule matches\n", word);
  return fmt::format("  {} {}:{}: {}\n", word, printable_line(row->file), row->line,
                     printable_line(hba::mask_secrets(row->text)));
}

}  // namespace

namespace {

/// What the new rules do with it, and which rule let it in before, where the log told.
std::string fate_by(const replay::Group& group) {
  if (group.fate == replay::Fate::never_authenticated) return "-";
  std::string made = decided_by(group.decision);
  if (group.fate != replay::Fate::asked_differently || !group.former) return made;
  made += " (was " + printable_line(group.former->method);
  if (!group.former->file.empty())
    made += fmt::format(", {}:{}", printable_line(group.former->file), group.former->line);
  return made + ")";
}

}  // namespace

std::string text_of(const std::vector<replay::Group>& groups) {
  std::vector<std::vector<std::string>> cells = {
      {"outcome", "count", "role", "database", "network", "application", "last seen", "decision"}};
  const auto text = [](const std::string& some) {
    return some.empty() ? std::string("-") : printable_line(some);
  };
  for (const replay::Group& group : groups)
    cells.push_back({to_string(group.fate), fmt::to_string(group.count), text(group.role),
                     text(group.database), text(group.network), text(group.application),
                     text(group.last_seen), fate_by(group)});
  return table_of(cells);
}

std::string text_of(const replay::Report& report) {
  std::string made = text_of(report.groups);
  for (std::size_t fate = 0; fate < replay::fates; ++fate)
    if (report.more.at(fate) > 0)
      made += fmt::format("and {} more that are {}, in groups that are not shown\n",
                          report.more.at(fate), to_string(static_cast<replay::Fate>(fate)));
  return made;
}

std::string text_of(const admission::Comparison& comparison) {
  std::string made;
  for (const admission::Change& change : comparison.changes) {
    made += heading_of(change) + side_of("old", change.before) + side_of("new", change.after);
    for (const std::string& what : change.unknown)
      made += fmt::format("  only the server can tell: {}\n", what);
  }
  if (comparison.changes.empty())
    made = comparison.equivalent
               ? "Equivalent: both files decide every connection alike.\n"
               : "Both files decide every connection alike, if the server loads them.\n";
  for (const std::string& what : comparison.unknown)
    made += fmt::format("Only the server can tell: {}\n", what);
  return made;
}

}  // namespace cli
