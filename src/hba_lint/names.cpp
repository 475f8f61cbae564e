// SPDX-License-Identifier: PostgreSQL
// Roles and databases of one rule.
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/text.h"
#include "hba/pattern.h"
#include "hba_lint/material.h"

namespace hba_lint {
namespace {

constexpr std::array<std::string_view, 5> database_words = {"all", "sameuser", "samerole",
                                                            "samegroup", "replication"};

bool is_database_word(std::string_view text) {
  return std::find(database_words.begin(), database_words.end(), text) != database_words.end();
}

bool unanchored(const std::string& text) {
  const std::string_view expression = std::string_view(text).substr(1);
  if (expression.find('$') != std::string_view::npos) return false;
  for (std::size_t at = expression.find('^'); at != std::string_view::npos;
       at = expression.find('^', at + 1))
    if (at == 0 || expression[at - 1] != '[') return false;
  const auto pattern = hba::Pattern::compile(expression);
  return !pattern || !pattern->matches_everything();
}

class NameCheck {
 public:
  NameCheck(const Material& material, const hba::RuleRow& row, base::Findings& findings)
      : version_(material.subject.version), row_(row), findings_(findings) {}

  void look(const hba::Token& token, bool is_database) {
    const std::string& text = token.text;
    const bool keyword = is_database ? is_database_word(text) : text == "all";
    if (token.quoted && keyword) return tell("hba.quoted-keyword", "\"{}\" is a name here", text);
    if (keyword) return;
    if (text.starts_with('/')) return look_at_slash(token);
    const std::string name = !is_database && token.is_group() ? text.substr(1) : text;
    const std::size_t longest = hba::longest_name(version_);
    if (longest != 0 && name.size() > longest)
      tell("hba.name-too-long", "\"{}\" is longer than any name that a client can send", name);
    if (token.quoted) return;
    const std::string small = base::lower(name);
    if (small == name) return;
    const bool meant = is_database ? is_database_word(small) : text == name && small == "all";
    if (meant)
      tell("hba.keyword-case", "\"{}\" is a name, no keyword", name);
    else
      tell("hba.upper-case-name", "\"{}\" is compared as it stands", name);
  }

 private:
  void look_at_slash(const hba::Token& token) {
    if (!hba::has_includes(version_))
      tell("hba.literal-slash", "\"{}\" is a name before version 16", token.text);
    else if (unanchored(token.text))
      tell("hba.unanchored-regex", "\"{}\" catches every name that contains it", token.text);
  }

  /// Once a rule for each code.
  void tell(std::string_view code, fmt::format_string<const std::string&> words,
            const std::string& name) {
    for (std::size_t i = before_; i < findings_.size(); ++i)
      if (findings_[i].code == code) return;
    say(findings_, code, row_, fmt::format(words, name));
  }

  const hba::Version& version_;
  const hba::RuleRow& row_;
  base::Findings& findings_;
  std::size_t before_ = findings_.size();
};

}  // namespace

void check_names(const Material& material, std::size_t number, base::Findings& findings) {
  const hba::RuleRow& row = material.rules.rows[number];
  NameCheck check(material, row, findings);
  for (const hba::Token& token : row.rule->databases) check.look(token, true);
  for (const hba::Token& token : row.rule->users) check.look(token, false);
}

}  // namespace hba_lint
