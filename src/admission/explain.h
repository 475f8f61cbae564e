// SPDX-License-Identifier: PostgreSQL
// Which rule decides a connection, and how: the first that matches, and then what it asks of the
// client's certificate (src/backend/libpq/hba.c, check_hba; auth.c, ClientAuthentication).
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "admission/connection.h"
#include "admission/roles.h"
#include "hba/ident_file.h"
#include "hba/pattern.h"
#include "hba/rule_file.h"

namespace admission {

/// Unknown: a host name's resolution, the server's interfaces, memberships without a list, a
/// regular expression that is not decided here.
enum class Match : std::uint8_t { no, yes, unknown };

struct Decision {
  enum class Outcome : std::uint8_t {
    accept,  ///< to the method's own question: a password, a ticket, an OS user
    reject,
    no_match,
    certificate_required,  ///< asked before the method, of a `reject` too
    certificate_mismatch,  ///< its name is not the role's: after the method
    unknown,
  };
  Outcome outcome = Outcome::no_match;
  const hba::RuleRow* row = nullptr;  ///< what decides; null for `no_match` and `unknown`
  /// Of `unknown`: what may decide, in order. The last is sure to match, unless `or_none`.
  std::vector<const hba::RuleRow*> candidates;
  bool or_none = false;  ///< of `unknown`: perhaps no rule matches
};

/// A file's rules, ready for many connections; refers to all it is made of.
class Rules {
 public:
  /// Of a file that loads. The rules of one that does not decide nothing: the server goes by its
  /// former ones.
  Rules(const hba::RuleFile& file, const hba::IdentFile& idents, const Roles& roles,
        const hba::Version& version, const hba::ServerTraits& traits);

  [[nodiscard]] Decision explain(const Connection& connection) const;
  [[nodiscard]] const hba::Version& version() const { return version_; }

 private:
  [[nodiscard]] Match match(const hba::Rule& rule, const Connection& connection) const;
  [[nodiscard]] Match database(const hba::Token& token, const Connection& connection) const;
  [[nodiscard]] Match user(const hba::Token& token, const std::string& role) const;
  [[nodiscard]] Match member(const std::string& role, const std::string& group) const;
  [[nodiscard]] Match pattern(const std::string& text, const std::string& name) const;
  [[nodiscard]] Decision decide(const hba::RuleRow& row, const Connection& connection) const;
  [[nodiscard]] Match admitted(const hba::Rule& rule, const Connection& connection) const;
  [[nodiscard]] Match maps(const hba::IdentLine& line, const Connection& connection) const;
  void prepare(const hba::Token& token);

  const hba::RuleFile& file_;
  const hba::IdentFile& idents_;
  const Roles& roles_;
  hba::Version version_;
  hba::ServerTraits traits_;
  /// Each text behind a "/" once; null: not decided here.
  std::map<std::string, std::optional<hba::Pattern>, std::less<>> patterns_;
};

/// "accept", "no match", …
const char* to_string(Decision::Outcome outcome);

/// Whether a rule is about connections that come so; `ssl`: the setting.
bool type_matches(hba::ConnectionType type, Transport transport, bool ssl);

/// Whether a rule asks that the certificate is in the role's name.
bool asks_for_name(const hba::Rule& rule);

/// What a rule asks of the client's certificate: "none", "verify-ca", "verify-full" or "cert".
const char* demand_of(const hba::Rule& rule);

}  // namespace admission
