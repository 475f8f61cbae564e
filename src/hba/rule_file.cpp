// SPDX-License-Identifier: PostgreSQL
#include "hba/rule_file.h"

#include <fmt/format.h>

#include "hba/mask.h"

namespace hba {
namespace {

std::vector<std::string> texts_of(const Field& field) {
  std::vector<std::string> texts;
  for (const Token& token : field) texts.push_back(mask_secrets(token.text));
  return texts;
}

/// False where a row is refused, else null where one is undecided.
std::optional<bool> accepted(const std::vector<RuleRow>& rows) {
  bool undecided = false;
  for (const RuleRow& row : rows) {
    if (!row.rule) return false;
    undecided = undecided || !row.doubt.empty();
  }
  return undecided ? std::nullopt : std::optional(true);
}

struct How {
  const Version& version;
  const ServerTraits& traits;
  bool keep_fields;  ///< what no row has stays in the lines
};

RuleFile take_rows(const std::string& file, Tokens& tokens, const How& how) {
  RuleFile made;
  made.remarks = std::move(tokens.remarks);
  made.rows.reserve(tokens.lines.size());
  int number = 0;
  for (Line& line : tokens.lines) {
    RuleRow& row = made.rows.emplace_back();
    row.file = std::move(line.file);
    row.line = line.number;
    row.error = std::move(line.error);
    row.text = std::move(line.text);
    if (row.error.empty()) {
      ParsedRule parsed = parse_rule(line.fields, how.version, how.traits);
      row.rule = std::move(parsed.rule);
      row.error = std::move(parsed.error);
      if (!how.keep_fields) line.fields = {};
      if (!parsed.doubt.empty()) row.doubt = mask_message(parsed.doubt, row.text);
    }
    if (row.error.empty())
      row.number = ++number;
    else
      row.error = mask_message(row.error, row.text);
  }
  made.accepted = accepted(made.rows);
  if (made.rows.empty()) {
    made.accepted = false;
    made.refusal = fmt::format("configuration file \"{}\" contains no entries", file);
  }
  return made;
}

}  // namespace

RuleFile read_rules(const std::string& file, std::string_view text, const Version& version,
                    const ServerTraits& traits, const Sources& sources) {
  Tokens tokens = tokenize(file, text, version, sources);
  return take_rows(file, tokens, {version, traits, false});
}

RuleFile rules_of(const std::string& file, Tokens& tokens, const Version& version,
                  const ServerTraits& traits) {
  return take_rows(file, tokens, {version, traits, true});
}

ShownRule shown(const Rule& rule, const Version& version) {
  using Kind = AddressSpec::Kind;
  ShownRule made;
  made.type = to_string(rule.type);
  made.databases = texts_of(rule.databases);
  made.users = texts_of(rule.users);
  switch (rule.address.kind) {
    case Kind::none:
      break;
    case Kind::all:
      made.address = "all";
      break;
    case Kind::samehost:
      made.address = "samehost";
      break;
    case Kind::samenet:
      made.address = "samenet";
      break;
    case Kind::name:
      made.address = mask_secrets(rule.address.name);
      break;
    case Kind::network:
      made.address = to_string(rule.address.address);
      made.netmask = to_string(rule.address.mask);
  }
  made.method = to_string(rule.method);
  made.options = shown_options(rule.method, version, rule.options);
  return made;
}

}  // namespace hba
