// SPDX-License-Identifier: PostgreSQL
#include "admission/explain.h"

namespace admission {
namespace {

using hba::ConnectionType;
using Outcome = Decision::Outcome;

Match sure(bool holds) { return holds ? Match::yes : Match::no; }

/// Any of several: one that holds is enough.
Match either(Match one, Match other) {
  if (one == Match::yes || other == Match::yes) return Match::yes;
  return one == Match::unknown || other == Match::unknown ? Match::unknown : Match::no;
}

bool in_network(const hba::AddressSpec& network, const hba::Address& address) {
  if (network.address.family != address.family) return false;
  const std::size_t bytes = static_cast<std::size_t>(hba::bits_of(address.family)) / 8;
  for (std::size_t i = 0; i < bytes; ++i)
    if (((network.address.bytes[i] ^ address.bytes[i]) & network.mask.bytes[i]) != 0) return false;
  return true;
}

Match address_matches(const hba::AddressSpec& spec, const std::optional<hba::Address>& address) {
  using Kind = hba::AddressSpec::Kind;
  switch (spec.kind) {
    case Kind::none:
    case Kind::all:
      return Match::yes;
    case Kind::network:
      return sure(address && in_network(spec, *address));
    case Kind::samehost:
    case Kind::samenet:
    case Kind::name:
      return Match::unknown;
  }
  return Match::no;
}

/// ProcessStartupPacket of src/backend/postmaster/postmaster.c: a role belongs to a database.
void take_namespace(Connection& connection) {
  std::string& user = connection.user;
  const std::size_t at = user.find('@');
  if (at != std::string::npos && at + 1 == user.size())
    user.pop_back();
  else
    user += '@' + connection.database;
}

}  // namespace

bool type_matches(ConnectionType type, Transport transport, bool ssl) {
  switch (type) {
    case ConnectionType::local:
      return transport == Transport::local;
    case ConnectionType::host:
      return transport != Transport::local;
    case ConnectionType::hostssl:
      return transport == Transport::tls && ssl;
    case ConnectionType::hostnossl:
      return transport == Transport::plain || transport == Transport::gss;
    case ConnectionType::hostgssenc:
      return transport == Transport::gss;
    case ConnectionType::hostnogssenc:
      return transport == Transport::plain || transport == Transport::tls;
  }
  return false;
}

const char* to_string(Outcome outcome) {
  switch (outcome) {
    case Outcome::accept:
      return "accept";
    case Outcome::reject:
      return "reject";
    case Outcome::no_match:
      return "no match";
    case Outcome::certificate_required:
      return "certificate required";
    case Outcome::certificate_mismatch:
      return "certificate mismatch";
    case Outcome::unknown:
      return "unknown";
  }
  return "unknown";
}

bool asks_for_name(const hba::Rule& rule) {
  return rule.method == hba::Method::cert || rule.options.certificate == hba::Demand::verify_full;
}

const char* demand_of(const hba::Rule& rule) {
  if (rule.method == hba::Method::cert) return "cert";
  switch (rule.options.certificate) {
    case hba::Demand::none:
      return "none";
    case hba::Demand::verify_ca:
      return "verify-ca";
    case hba::Demand::verify_full:
      return "verify-full";
  }
  return "none";
}

Rules::Rules(const hba::RuleFile& file, const hba::IdentFile& idents, const Roles& roles,
             const hba::Version& version, const hba::ServerTraits& traits)
    : file_(file), idents_(idents), roles_(roles), version_(version), traits_(traits) {
  for (const hba::RuleRow& row : file.rows) {
    if (!row.rule) continue;
    for (const hba::Token& token : row.rule->databases) prepare(token);
    for (const hba::Token& token : row.rule->users) prepare(token);
  }
  for (const hba::IdentRow& row : idents.rows) {
    if (!row.mapping) continue;
    prepare(row.mapping->system_user);
    prepare(row.mapping->role);
  }
}

void Rules::prepare(const hba::Token& token) {
  if (!token.text.starts_with('/')) return;
  const std::string text = token.text.substr(1);
  if (!patterns_.contains(text)) patterns_.emplace(text, hba::Pattern::compile(text));
}

Match Rules::pattern(const std::string& text, const std::string& name) const {
  const auto found = patterns_.find(text);
  if (found == patterns_.end() || !found->second) return Match::unknown;
  return sure(found->second->matches(name));
}

Match Rules::member(const std::string& role, const std::string& group) const {
  const std::optional<bool> known = roles_.is_member(role, group);
  return known ? sure(*known) : Match::unknown;
}

/// check_role of hba.c.
Match Rules::user(const hba::Token& token, const std::string& role) const {
  if (token.is_group()) return member(role, token.text.substr(1));
  if (token.is("all")) return Match::yes;
  if (token.is_expression(version_)) return pattern(token.text.substr(1), role);
  return sure(token.text == role);
}

/// check_db of hba.c.
Match Rules::database(const hba::Token& token, const Connection& connection) const {
  if (connection.physical_replication) return sure(token.is("replication"));
  if (token.is("all")) return Match::yes;
  if (token.is("sameuser")) return sure(connection.database == connection.user);
  if (token.is_same_role()) return member(connection.user, connection.database);
  if (token.is("replication")) return Match::no;
  if (token.is_expression(version_)) return pattern(token.text.substr(1), connection.database);
  return sure(token.text == connection.database);
}

Match Rules::match(const hba::Rule& rule, const Connection& connection) const {
  if (!type_matches(rule.type, connection.transport, traits_.ssl)) return Match::no;
  const Match address = address_matches(rule.address, connection.address);
  if (address == Match::no) return Match::no;
  Match databases = Match::no;
  for (const hba::Token& token : rule.databases)
    databases = either(databases, database(token, connection));
  Match users = Match::no;
  for (const hba::Token& token : rule.users) users = either(users, user(token, connection.user));
  if (databases == Match::no || users == Match::no) return Match::no;
  const bool all = address == Match::yes && databases == Match::yes && users == Match::yes;
  return all ? Match::yes : Match::unknown;
}

/// check_ident_usermap of hba.c. With a part of the name in its place of "\1" the role is compared
/// as it stands, be it "all".
Match Rules::maps(const hba::IdentLine& line, const Connection& connection) const {
  const std::string& shown = *connection.certificate;
  const bool expression = line.system_user.text.starts_with('/');
  const Match found = expression ? pattern(line.system_user.text.substr(1), shown)
                                 : sure(line.system_user.text == shown);
  if (found == Match::no) return Match::no;
  const bool more_than_name = hba::has_includes(version_);
  const bool own_expression = line.role.is_expression(version_);
  const std::size_t reference = line.role.text.find("\\1");
  if (expression && !own_expression && reference != std::string::npos) {
    const auto part = found == Match::yes ? hba::first_group(line.system_user.text.substr(1), shown)
                                          : std::nullopt;
    if (!part) return Match::unknown;
    return sure(std::string(line.role.text).replace(reference, 2, *part) == connection.user);
  }
  const Match role =
      more_than_name ? user(line.role, connection.user) : sure(line.role.text == connection.user);
  return role == Match::no ? Match::no : found == Match::yes ? role : Match::unknown;
}

/// Whether the certificate's name is good for the role.
Match Rules::admitted(const hba::Rule& rule, const Connection& connection) const {
  // Of the name only the CN is known.
  if (rule.options.by_distinguished_name) return Match::unknown;
  const std::string* map = rule.options.map();
  if (map == nullptr) return sure(*connection.certificate == connection.user);
  if (!idents_.known) return Match::unknown;
  Match found = Match::no;
  for (const hba::IdentRow& row : idents_.rows)
    if (row.mapping && row.mapping->map == *map)
      found = either(found, maps(*row.mapping, connection));
  return found;
}

Decision Rules::decide(const hba::RuleRow& row, const Connection& connection) const {
  const hba::Rule& rule = *row.rule;
  const bool names = asks_for_name(rule);
  const bool asks = names || rule.options.certificate != hba::Demand::none;
  if (asks && !connection.certificate) return {Outcome::certificate_required, &row, {}, false};
  if (rule.method == hba::Method::reject) return {Outcome::reject, &row, {}, false};
  if (!names) return {Outcome::accept, &row, {}, false};
  switch (admitted(rule, connection)) {
    case Match::yes:
      return {Outcome::accept, &row, {}, false};
    case Match::no:
      return {Outcome::certificate_mismatch, &row, {}, false};
    case Match::unknown:
      break;
  }
  return {Outcome::unknown, nullptr, {&row}, false};
}

Decision Rules::explain(const Connection& asked) const {
  Connection connection = asked;
  if (traits_.db_user_namespace) take_namespace(connection);
  connection.user = hba::cut_name(connection.user, version_);
  connection.database = hba::cut_name(connection.database, version_);
  std::vector<const hba::RuleRow*> perhaps;
  for (const hba::RuleRow& row : file_.rows) {
    if (!row.rule) continue;
    const Match found = match(*row.rule, connection);
    if (found == Match::no) continue;
    if (found == Match::yes && perhaps.empty()) return decide(row, connection);
    perhaps.push_back(&row);
    if (found == Match::yes) return {Outcome::unknown, nullptr, std::move(perhaps), false};
  }
  if (perhaps.empty()) return {Outcome::no_match, nullptr, {}, false};
  return {Outcome::unknown, nullptr, std::move(perhaps), true};
}

}  // namespace admission
