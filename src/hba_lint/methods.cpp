// SPDX-License-Identifier: PostgreSQL
// Method and options of one rule, whoever comes by it.
#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <map>

#include "hba_lint/material.h"

namespace hba_lint {
namespace {

using hba::Method;

constexpr std::string_view switches[] = {"ldaptls",          "include_realm",
                                         "compat_realm",     "upn_username",
                                         "pam_use_hostname", "delegate_ident_mapping"};

/// Where the options begin.
std::size_t after_method(const hba::Rule& rule, const std::vector<hba::Field>& fields) {
  if (rule.type == hba::ConnectionType::local) return 4;
  const bool mask_apart = rule.address.kind == hba::AddressSpec::Kind::network &&
                          fields[3][0].text.find('/') == std::string::npos;
  return mask_apart ? 6 : 5;
}

void check_trust(const hba::RuleRow& row, base::Findings& findings) {
  const hba::Rule& rule = *row.rule;
  if (rule.options.certificate == hba::Demand::verify_full) return;
  if (rule.options.certificate == hba::Demand::verify_ca)
    say(findings, "hba.trust-tcp", row,
        "whoever has any certificate of that authority is whom he says he is");
  else if (only_own_machine(rule))
    say(findings, "hba.trust-local", row,
        "whoever is on the server's machine is whom he says he is");
  else
    say(findings, "hba.trust-tcp", row, "whoever comes from there is whom he says he is");
}

void check_options(const Material& material, const hba::RuleRow& row,
                   const std::vector<hba::Field>& fields, base::Findings& findings) {
  std::map<std::string_view, int> seen;
  for (std::size_t i = after_method(*row.rule, fields); i < fields.size(); ++i)
    for (const hba::Token& token : fields[i]) {
      const std::string_view text = token.text;
      const std::string_view name = text.substr(0, text.find('='));
      const std::string_view value = text.substr(std::min(text.size(), name.size() + 1));
      if (++seen[name] == 2)
        say(findings, "hba.duplicate-option", row, fmt::format("\"{}\" stands twice", name));
      const bool is_switch =
          std::find(std::begin(switches), std::end(switches), name) != std::end(switches);
      if (is_switch && value != "1" && value != "0")
        say(findings, "hba.boolean", row, fmt::format("\"{}\" is off", text));
      if (name == "clientcert" && material.subject.version.major < 12 && value != "1" &&
          value != "0")
        say(findings, "hba.clientcert-value", row,
            fmt::format("\"{}\" asks for no certificate before version 12", text))
            .severity = base::Severity::warning;
    }
}

void check_map(const Material& material, const hba::RuleRow& row, base::Findings& findings) {
  const hba::Rule& rule = *row.rule;
  const std::string* map = rule.options.map();
  if (map == nullptr) {
    if (rule.method == Method::cert)
      say(findings, "hba.cert-map", row, "the certificate's CN must be the role's name");
    return;
  }
  if (!material.subject.idents || material.idents.accepted == std::optional(false)) return;
  const bool there = std::any_of(
      material.idents.rows.begin(), material.idents.rows.end(),
      [&](const hba::IdentRow& each) { return each.mapping && each.mapping->map == *map; });
  if (there) return;
  base::Finding& made = say(findings, "hba.cert-map", row,
                            fmt::format("nobody gets in: the map \"{}\" has no line", *map));
  made.severity = base::Severity::warning;
}

}  // namespace

void check_method(const Material& material, std::size_t number, base::Findings& findings) {
  const hba::RuleRow& row = material.rules.rows[number];
  const hba::Rule& rule = *row.rule;
  if (rule.method == Method::trust) check_trust(row, findings);
  if (rule.method == Method::ident)
    say(findings, "hba.ident-tcp", row, "the client's own machine says who the client is");
  if (rule.method == Method::md5)
    say(findings, "hba.md5", row,
        material.subject.version.major >= 18 ? "md5 is deprecated" : "md5 is weak");
  if (rule.options.certificate == hba::Demand::verify_ca && rule.method != Method::reject)
    say(findings, "hba.clientcert-only-ca", row,
        "any certificate of the authority does for every role");
  check_options(material, row, material.fields[number], findings);
  check_map(material, row, findings);
}

}  // namespace hba_lint
