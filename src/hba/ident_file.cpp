// SPDX-License-Identifier: PostgreSQL
#include "hba/ident_file.h"

#include <fmt/format.h>

#include "hba/pattern.h"

namespace hba {
namespace {

/// Compiles a token's regular expression; false where the server refuses it.
bool take_pattern(const Token& token, IdentRow& row) {
  const std::string text = token.text.substr(1);
  const PatternVerdict verdict = check_pattern(text);
  if (verdict.state == PatternVerdict::State::undecided) row.undecided = true;
  if (verdict.state != PatternVerdict::State::refused) return true;
  row.error = fmt::format("invalid regular expression \"{}\": {}", text, verdict.why);
  return false;
}

void take_fields(const Line& line, const Version& version, IdentRow& row) {
  // Fields behind the third are not looked at.
  for (std::size_t i = 0; i < 3; ++i) {
    if (i >= line.fields.size()) {
      row.error = "missing entry at end of line";
      return;
    }
    if (line.fields[i].size() > 1) {
      row.error = "multiple values in ident field";
      return;
    }
  }
  IdentLine made;
  made.map = line.fields[0][0].text;
  made.system_user = line.fields[1][0];
  made.role = line.fields[2][0];
  if (made.system_user.text.starts_with('/') && !take_pattern(made.system_user, row)) return;
  if (made.role.is_expression(version) && !take_pattern(made.role, row)) return;
  row.mapping = std::move(made);
}

}  // namespace

IdentFile read_idents(const std::string& file, std::string_view text, const Version& version,
                      const Sources& sources) {
  IdentFile made;
  Tokens tokens = tokenize(file, text, version, sources);
  made.remarks = std::move(tokens.remarks);
  bool refused = false;
  bool undecided = false;
  for (const Line& line : tokens.lines) {
    IdentRow row;
    row.file = line.file;
    row.line = line.number;
    row.error = line.error;
    if (line.error.empty()) take_fields(line, version, row);
    refused = refused || !row.mapping;
    undecided = undecided || row.undecided;
    made.rows.push_back(std::move(row));
  }
  if (refused || !undecided) made.accepted = !refused;
  return made;
}

}  // namespace hba
