// SPDX-License-Identifier: PostgreSQL
// What rules say against what a server told of itself. What one setting undoes for many rules is
// said once, of the first.
#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <iterator>
#include <sstream>

#include "admission/explain.h"
#include "admission/first_matches.h"
#include "hba_lint/material.h"

namespace hba_lint {
namespace {

using admission::Transport;
using hba::Method;

constexpr Transport transports[] = {Transport::local, Transport::plain, Transport::tls};
constexpr admission::Number loopback = (admission::Number(127) << 24U) + 1;

class ServerChecks {
 public:
  ServerChecks(const Material& material, base::Findings& findings)
      : material_(material), facts_(*material.subject.server), findings_(findings) {}

  void look() {
    for (const hba::RuleRow& row : material_.rules.rows)
      if (row.rule) check_names(row);
    if (std::any_of(material_.rules.rows.begin(), material_.rules.rows.end(), trusts_own_machine))
      check_superusers();
    check_settings();
  }

 private:
  void check_names(const hba::RuleRow& row) {
    for (const hba::Token& token : row.rule->databases)
      if (is_name(token, token.is_database_word()) && !facts_.databases.contains(token.text))
        say(findings_, "hba.name-absent", row,
            fmt::format("the server has no database \"{}\"", token.text));
    for (const hba::Token& token : row.rule->users) {
      const std::string name = token.is_group() ? token.text.substr(1) : token.text;
      if (is_name(token, token.is("all")) && !facts_.roles.contains(name))
        say(findings_, "hba.name-absent", row, fmt::format("the server has no role \"{}\"", name));
    }
  }

  [[nodiscard]] bool is_name(const hba::Token& token, bool word) const {
    return !word && !token.is_expression(material_.subject.version) &&
           hba::can_be_asked_for(token.text, material_.subject.version);
  }

  /// Elsewhere trust is a warning whoever comes.
  static bool trusts_own_machine(const hba::RuleRow& row) {
    return row.rule && row.rule->method == Method::trust && only_own_machine(*row.rule) &&
           row.rule->options.certificate == hba::Demand::none;
  }

  /// Who is caught by a rule above does not come by it.
  void check_superusers() {
    const admission::Names names(material_.rules, material_.subject.roles,
                                 material_.subject.version);
    std::vector<admission::FirstMatches> above(std::size(transports),
                                               admission::FirstMatches(names));
    const std::vector<hba::RuleRow>& rows = material_.rules.rows;
    for (std::size_t i = 0; i < rows.size(); ++i) {
      if (!rows[i].rule) continue;
      const hba::Rule& rule = *rows[i].rule;
      if (trusts_own_machine(rows[i])) tell_superuser(rows[i], above);
      const auto addresses = admission::addresses_of(rule.address);
      if (!addresses) continue;
      for (std::size_t way = 0; way < above.size(); ++way)
        if (admission::type_matches(rule.type, transports[way], material_.subject.traits.ssl))
          above[way].add(rule, *addresses, i);
    }
  }

  void tell_superuser(const hba::RuleRow& row, const std::vector<admission::FirstMatches>& above) {
    const hba::Rule& rule = *row.rule;
    const std::size_t way = rule.type == hba::ConnectionType::local     ? 0
                            : rule.type == hba::ConnectionType::hostssl ? 2
                                                                        : 1;
    const admission::Number from = rule.address.kind == hba::AddressSpec::Kind::network
                                       ? admission::number_of(rule.address.address)
                                       : loopback;
    const auto comes_by = [&](const std::string& role) {
      admission::Member tried;
      tried.user = role;
      tried.groups = material_.subject.roles.groups_of(role);
      tried.database = rule.databases[0].is_database_word() ? "postgres" : rule.databases[0].text;
      return above[way].hole(tried, rule.address.address.family, {{from, from}}).has_value();
    };
    const auto named = [&](const std::string& role) {
      return std::any_of(rule.users.begin(), rule.users.end(), [&](const hba::Token& token) {
        if (token.is("all") || token.text == role) return true;
        return token.is_group() &&
               material_.subject.roles.is_member(role, token.text.substr(1)) == std::optional(true);
      });
    };
    const auto found =
        std::find_if(facts_.superusers.begin(), facts_.superusers.end(),
                     [&](const std::string& role) { return named(role) && comes_by(role); });
    if (found != facts_.superusers.end())
      say(findings_, "hba.trust-superuser", row,
          fmt::format("whoever is on the server's machine is \"{}\", a superuser", *found));
  }

  void check_settings() {
    if (!material_.subject.traits.ssl)
      tell("hba.ssl-off", "ssl is off, and {} for TLS alone",
           [](const hba::Rule& rule) { return rule.type == hba::ConnectionType::hostssl; });
    if (!facts_.client_authority)
      tell("hba.clientcert-no-ca", "ssl_ca_file is empty, and {} for a certificate",
           [](const hba::Rule& rule) { return rule.options.certificate != hba::Demand::none; });
    if (facts_.password_encryption == "md5")
      tell("hba.md5-verifiers", "password_encryption is md5, and {} for SCRAM",
           [](const hba::Rule& rule) { return rule.method == Method::scram; });
    if (only_loopback(facts_.listen_addresses))
      tell("hba.not-listening", "the server listens on its own machine alone, and {} for others",
           [](const hba::Rule& rule) {
             return rule.method != Method::reject && !only_own_machine(rule);
           });
  }

  void tell(std::string_view code, fmt::format_string<const std::string&> words,
            const std::function<bool(const hba::Rule&)>& is_about) {
    const hba::RuleRow* first = nullptr;
    std::size_t many = 0;
    for (const hba::RuleRow& row : material_.rules.rows) {
      if (!row.rule || !is_about(*row.rule)) continue;
      if (many++ == 0) first = &row;
    }
    if (first == nullptr) return;
    const std::string rules = many == 1 ? "a rule is" : fmt::format("{} rules are", many);
    say(findings_, code, *first, fmt::format(words, rules));
  }

  /// As the server splits the list; "*" and names of other kinds are more.
  static bool only_loopback(const std::string& listened) {
    std::string spaced = listened;
    std::replace(spaced.begin(), spaced.end(), ',', ' ');
    std::istringstream words(spaced);
    for (std::string word; words >> word;)
      if (word != "localhost" && word != "::1" && !word.starts_with("127.")) return false;
    return true;
  }

  const Material& material_;
  const ServerFacts& facts_;
  base::Findings& findings_;
};

}  // namespace

void check_server(const Material& material, base::Findings& findings) {
  if (material.subject.server != nullptr) ServerChecks(material, findings).look();
}

}  // namespace hba_lint
