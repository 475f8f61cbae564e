// SPDX-License-Identifier: PostgreSQL
// A pg_hba.conf as a server of a version takes it: its rules in order, and whether it loads.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "hba/rule.h"

namespace hba {

/// A row of pg_hba_file_rules.
struct RuleRow {
  std::string file;
  int line = 0;
  int number = 0;            ///< rule_number of 16 and later; 0: null
  std::optional<Rule> rule;  ///< null: the columns from `type` on are
  std::string error;         ///< the server's words, without secrets
  std::string doubt;  ///< what only the server can tell, so whether it loads; "" where nothing
  std::string text;   ///< continued lines joined, secrets and all
};

struct RuleFile {
  std::vector<RuleRow> rows;
  std::vector<Remark> remarks;
  std::optional<bool> accepted;  ///< null: only the server can tell
  std::string refusal;           ///< where it is about no row: "contains no entries"
};

/// Total: any bytes are taken. `file` is the path beside which other files are looked for.
RuleFile read_rules(const std::string& file, std::string_view text, const Version& version,
                    const ServerTraits& traits, const Sources& sources);

/// The same of its tokens, a row for each line. What no row has stays in the lines' fields.
RuleFile rules_of(const std::string& file, Tokens& tokens, const Version& version,
                  const ServerTraits& traits);

/// What the view prints of a rule. Null: the column is.
struct ShownRule {
  std::string type;
  std::vector<std::string> databases;
  std::vector<std::string> users;
  std::optional<std::string> address;
  std::optional<std::string> netmask;
  std::string method;
  std::vector<std::string> options;
};

ShownRule shown(const Rule& rule, const Version& version);

}  // namespace hba
