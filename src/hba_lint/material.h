// SPDX-License-Identifier: PostgreSQL
// What the checks look at: one file as bytes, tokens and rules. Each check is pure and adds what it
// finds.
#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "hba/ident_file.h"
#include "hba/mask.h"
#include "hba_lint/catalogue.h"
#include "hba_lint/lint.h"

namespace hba_lint {

constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";

struct Material {
  const Subject& subject;
  hba::RuleFile rules;
  /// Of each row, as they were written; a rule has the databases and users of its own.
  std::vector<std::vector<hba::Field>> fields;
  hba::IdentFile idents;
  std::map<std::string, std::string> texts;  ///< of every file that was read, with FILE itself
};

/// Gives every file one name: what a line is where no file is empty.
class OneName : public hba::Sources {
 public:
  [[nodiscard]] hba::Reading read(const std::string&) const override {
    return {hba::Reading::State::read, "name", ""};
  }
  [[nodiscard]] hba::Listing list(const std::string&) const override { return {}; }
};

inline base::Finding& say(base::Findings& findings, std::string_view code, const std::string& file,
                          int line, std::string message) {
  base::Finding made = finding(code, std::move(message));
  made.file = file;
  made.line = line;
  return findings.emplace_back(std::move(made));
}

/// What the message repeats of the rule is without its secrets.
inline base::Finding& say(base::Findings& findings, std::string_view code, const hba::RuleRow& row,
                          const std::string& message) {
  return say(findings, code, row.file, row.line, hba::mask_message(message, row.text));
}

void check_bytes(const Material& material, base::Findings& findings);
/// What the server says itself: refused lines, what it only logs, a file without rules.
void check_refusals(const Material& material, base::Findings& findings);
/// Rule by rule; `number` is of a row that has a rule.
void check_names(const Material& material, std::size_t number, base::Findings& findings);
void check_address(const Material& material, std::size_t number, base::Findings& findings);
void check_method(const Material& material, std::size_t number, base::Findings& findings);
void check_idents(const Material& material, base::Findings& findings);
/// What rules do together.
void check_coverage(const Material& material, base::Findings& findings);
void check_reach(const Material& material, base::Findings& findings);
/// Nothing where no server was asked.
void check_server(const Material& material, base::Findings& findings);

/// No client of another machine has an address of the rule.
bool only_own_machine(const hba::Rule& rule);

}  // namespace hba_lint
