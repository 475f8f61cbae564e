// SPDX-License-Identifier: PostgreSQL
// What the server says itself, each under its code.
#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "hba_lint/material.h"

namespace hba_lint {
namespace {

struct Wording {
  std::string_view part;  ///< of the server's words
  std::string_view code;
};

// The first that fits.
constexpr Wording wordings[] = {
    {"end-of-line before netmask", "hba.bare-address"},
    {"invalid IP mask", "hba.bad-mask"},
    {"IP address and mask do not match", "hba.bad-mask"},
    {"invalid connection type", "hba.unknown-type"},
    {"invalid authentication method", "hba.unknown-method"},
    {"authentication is only supported on", "hba.method-type"},
    {"authentication is not supported on local sockets", "hba.method-type"},
    {"unrecognized authentication option name", "hba.unknown-option"},
    {"is only valid for authentication methods", "hba.option-method"},
    {"can only be configured for", "hba.option-method"},
    {"clientcert can ", "hba.clientcert-value"},
    {"invalid regular expression", "hba.bad-regex"},
    {"authentication file token too long", "hba.too-long"},
    {"authentication file line too long", "hba.too-long"},
    {"maximum nesting depth exceeded", "hba.include-loop"},
    {"is read within itself, without end", "hba.include-loop"},
    {"could not open", "hba.file-missing"},
    {"could not read file", "hba.file-missing"},
    {"are named", "hba.file-missing"},
    {"empty configuration directory name", "hba.file-missing"},
    {"requires argument", "hba.option-value"},
    {"cannot mix options", "hba.option-value"},
    {"cannot use ldap", "hba.option-value"},
    {"map cannot be used", "hba.option-value"},
    {"LDAP", "hba.option-value"},
    {"RADIUS", "hba.option-value"},
};

std::string_view code_of(const std::string& error) {
  const auto found =
      std::find_if(std::begin(wordings), std::end(wordings),
                   [&](const Wording& each) { return error.find(each.part) != std::string::npos; });
  return found == std::end(wordings) ? "hba.syntax" : found->code;
}

/// A method stands where the mask should, or a word that cannot be meant as one.
bool lacks_mask(const std::vector<hba::Field>& fields) {
  return fields.size() > 4 &&
         fields[4][0].text.find_first_not_of("0123456789abcdefABCDEFx.:") != std::string::npos;
}

bool ends_in_backslash(const std::vector<hba::Field>& fields) {
  return !fields.empty() && fields.back().back().text.ends_with('\\');
}

/// A field that is a file's name alone, and the file has no name.
bool field_vanished(const Material& material, std::size_t number) {
  const hba::RuleRow& row = material.rules.rows[number];
  const std::vector<hba::Field>& fields = material.fields[number];
  if (fields.empty() || row.text.find('@') == std::string::npos) return false;
  const hba::Tokens full = hba::tokenize(row.file, row.text, material.subject.version, OneName());
  return full.lines.size() == 1 && full.lines[0].fields.size() > fields.size() &&
         std::none_of(material.rules.remarks.begin(), material.rules.remarks.end(),
                      [&](const hba::Remark& remark) {
                        return remark.file == row.file && remark.line == row.line;
                      });
}

/// What the server writes into its log where its view has no words.
base::Finding& say_from_the_log(const hba::RuleRow& row, const std::vector<hba::Field>& fields,
                                base::Findings& findings) {
  for (const hba::Field& field : fields)
    for (const hba::Token& token : field) {
      const std::string_view text = token.text;
      const std::string_view value = text.substr(std::min(text.size(), text.find('=') + 1));
      if (text.starts_with("clientcert=") && value != "verify-ca" && value != "verify-full")
        return say(findings, "hba.clientcert-value", row,
                   fmt::format("invalid value for clientcert: \"{}\"", value));
      if (text.starts_with("clientname=") && value != "CN" && value != "DN")
        return say(findings, "hba.option-value", row,
                   fmt::format("invalid value for clientname: \"{}\"", value));
    }
  return say(findings, "hba.option-value", row,
             "the server refuses this line for a reason that stands in its log alone");
}

bool odd(std::string_view text) {
  for (const std::string_view each :
       {"\v", "\f", "\xC2\xA0", "\xE2\x80\xAF", "\xE2\x81\x9F", "\xE3\x80\x80"})
    if (text.find(each) != std::string_view::npos) return true;
  // U+2000 to U+200B
  for (std::size_t at = text.find("\xE2\x80"); at != std::string_view::npos;
       at = text.find("\xE2\x80", at + 2))
    if (at + 2 < text.size() && static_cast<unsigned char>(text[at + 2]) >= 0x80 &&
        static_cast<unsigned char>(text[at + 2]) <= 0x8B)
      return true;
  return false;
}

bool any_odd(const hba::Field& field) {
  return std::any_of(field.begin(), field.end(),
                     [](const hba::Token& token) { return odd(token.text); });
}

/// One row, as far as the server or the tokens are the reason.
void check_row(const Material& material, std::size_t number, bool after_backslash,
               base::Findings& findings) {
  const hba::RuleRow& row = material.rules.rows[number];
  const std::vector<hba::Field>& fields = material.fields[number];
  const bool refused = !row.rule;
  if (std::any_of(fields.begin(), fields.end(), any_odd) ||
      (row.rule && (any_odd(row.rule->databases) || any_odd(row.rule->users))))
    say(findings, "hba.odd-character", row, "a word has a blank in it that separates nothing");
  if (!hba::joins_lines(material.subject.version) && ends_in_backslash(fields)) {
    base::Finding& made = say(findings, "hba.continuation-version", row,
                              refused && !row.error.empty()
                                  ? row.error
                                  : "the backslash at the line's end is part of its last word");
    if (!refused) made.severity = base::Severity::warning;
    return;
  }
  if (refused && after_backslash) return;  // it was meant to be part of the line above
  if (field_vanished(material, number)) {
    base::Finding& made =
        say(findings, "hba.field-vanished", row,
            row.error.empty() ? "a field became nothing, and those behind it moved" : row.error);
    made.detail = "A file that stands alone in a field has no names.";
    return;
  }
  if (!row.doubt.empty())
    say(findings, "hba.undecided", row,
        fmt::format("only the server can tell whether it loads this line: {}", row.doubt));
  if (!refused) return;
  const auto text = material.texts.find(row.file);
  if (row.line == 1 && text != material.texts.end() && text->second.starts_with(byte_order_mark)) {
    say(findings, "hba.byte-order-mark", row, row.error);
    return;
  }
  if (!row.error.empty()) {
    std::string_view code = code_of(row.error);
    if (code == "hba.bad-mask" && lacks_mask(fields)) code = "hba.bare-address";
    say(findings, code, row, row.error);
    return;
  }
  say_from_the_log(row, fields, findings);
  say(findings, "hba.null-row", row, "pg_hba_file_rules shows no error for this line");
}

}  // namespace

void check_refusals(const Material& material, base::Findings& findings) {
  if (!material.rules.refusal.empty())
    say(findings, "hba.no-entries", material.subject.file, 0, material.rules.refusal);
  for (const hba::Remark& remark : material.rules.remarks)
    if (remark.message.starts_with("could not read file"))
      say(findings, "hba.include-directory", remark.file, remark.line, remark.message);
  bool after_backslash = false;
  for (std::size_t i = 0; i < material.rules.rows.size(); ++i) {
    check_row(material, i, after_backslash, findings);
    after_backslash =
        !hba::joins_lines(material.subject.version) && ends_in_backslash(material.fields[i]);
  }
}

}  // namespace hba_lint
