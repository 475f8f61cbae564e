// SPDX-License-Identifier: PostgreSQL
#include "replay/log_replay.h"

#include <charconv>
#include <unordered_map>

namespace replay {
namespace {

using admission::Transport;
using server_log::Connection;

/// So many kinds of connections are told apart before their fate is looked up.
constexpr std::size_t most_kinds = 8192;

// Who authenticated and how is told from 14 on; of trust, by which nobody does, from 17 on
// (src/backend/libpq/auth.c, set_authn_id and ClientAuthentication).
constexpr int first_to_tell = 14;
constexpr int last_silent_of_trust = 16;

/// As pg_stat_activity cuts it; a log has all that the client sent.
constexpr std::size_t longest_application = 63;

Transport transport_of(const Connection& connection) {
  if (server_log::by_socket(connection)) return Transport::local;
  switch (connection.encryption) {
    case Connection::Encryption::tls:
      return Transport::tls;
    case Connection::Encryption::gss:
      return Transport::gss;
    case Connection::Encryption::none:
      break;
  }
  return Transport::plain;
}

void set_certificate(Session& session, const Connection& connection) {
  if (session.connection.transport != Transport::tls) return;
  if (!connection.authentication || connection.authentication->method != "cert") {
    session.certificate_unknown = true;
    return;
  }
  const auto name = common_name_of(connection.authentication->identity);
  session.name_unknown = !name;
  session.connection.certificate = name.value_or(connection.authentication->identity);
}

/// Connections that differ in nothing but their time, counted; a rule is looked for once for all.
class Kinds {
 public:
  Kinds(Gathering& gathering, const hba::Version& version)
      : gathering_(gathering), version_(version) {}

  /// The session that it is like, until the next; null where it is none.
  const Session* add(const Connection& connection) {
    write_key(connection);
    const auto found = known_.find(key_);
    if (found == known_.end()) return add_new(connection);
    Session& session = found->second;
    ++session.count;
    if (connection.time < session.first_seen) session.first_seen = connection.time;
    if (connection.time > session.last_seen) session.last_seen = connection.time;
    return &session;
  }

  void flush() {
    for (const auto& [key, session] : known_) gathering_.add(session);
    known_.clear();
  }

 private:
  const Session* add_new(const Connection& connection) {
    std::optional<Session> session = session_of(connection, version_);
    if (!session) return nullptr;
    if (known_.size() >= most_kinds) flush();
    return &known_.emplace(key_, std::move(*session)).first->second;
  }

  void write_key(const Connection& connection) {
    key_.clear();
    key_ += static_cast<char>(connection.ending);
    key_ += static_cast<char>(connection.encryption);
    key_ += connection.replication ? 'r' : '-';
    key_ += connection.encryption_unknown ? 'e' : '-';
    key_ += connection.unasked ? 'u' : '-';
    for (const std::string* each :
         {&connection.host, &connection.user, &connection.database, &connection.application})
      key_.append(*each) += '\0';
    if (!connection.authentication) return;
    const server_log::Authentication& by = *connection.authentication;
    for (const std::string* each : {&by.identity, &by.method, &by.file}) key_.append(*each) += '\0';
    char digits[20];
    key_.append(digits, std::to_chars(digits, digits + sizeof digits, by.line).ptr);
  }

  Gathering& gathering_;
  const hba::Version& version_;
  std::unordered_map<std::string, Session> known_;
  std::string key_;
};

/// The value of one attribute, RFC 2253's escapes undone; null for what is written in hexadecimal.
std::optional<std::string> unescaped(std::string_view value) {
  if (value.starts_with('#')) return std::nullopt;
  std::string made;
  for (std::size_t at = 0; at < value.size(); ++at) {
    unsigned code = 0;
    if (value[at] != '\\') {
      made += value[at];
    } else if (at + 2 < value.size() &&
               std::from_chars(value.data() + at + 1, value.data() + at + 3, code, 16).ptr ==
                   value.data() + at + 3) {
      made += static_cast<char>(code);
      at += 2;
    } else if (++at < value.size()) {
      made += value[at];
    }
  }
  return made;
}

}  // namespace

std::optional<std::string> common_name_of(std::string_view subject) {
  std::optional<std::string> name;
  for (std::size_t begin = 0; begin < subject.size();) {
    std::size_t end = begin;
    while (end < subject.size() && subject[end] != ',' && subject[end] != '+')
      end += subject[end] == '\\' ? 2 : 1;
    end = std::min(end, subject.size());
    const std::string_view attribute = subject.substr(begin, end - begin);
    if (attribute.starts_with("CN=")) name = unescaped(attribute.substr(3));
    begin = end + 1;
  }
  return name;
}

std::optional<Session> session_of(const Connection& connection, const hba::Version& version) {
  using Ending = Connection::Ending;
  Session session;
  session.authenticated = connection.ending == Ending::authorized;
  if (connection.ending == Ending::failed_at_start) return std::nullopt;
  session.first_seen = session.last_seen = connection.time;
  session.application = connection.application.substr(0, longest_application);
  session.connection.user = connection.user;
  session.connection.database = connection.database;
  session.connection.physical_replication = connection.replication && connection.database.empty();
  session.connection.transport = transport_of(connection);
  session.connection.address = server_log::address_of(connection);
  session.address_unknown =
      !session.connection.address && session.connection.transport != Transport::local;
  session.transport_unknown = connection.encryption_unknown;
  set_certificate(session, connection);
  if (connection.unasked && version.major >= first_to_tell && version.major <= last_silent_of_trust)
    session.former = FormerRule{"", 0, "trust"};
  if (session.authenticated && connection.authentication)
    session.former = FormerRule{connection.authentication->file, connection.authentication->line,
                                connection.authentication->method};
  return session;
}

base::Result<LogReport> replay_log(const std::string& path, const server_log::Settings& settings,
                                   const admission::Rules& rules) {
  Gathering gathering(rules);
  Kinds kinds(gathering, rules.version());
  LogReport made;
  made.summary = TRY(server_log::read_connections(path, settings, [&](const Connection& each) {
    const Session* session = kinds.add(each);
    if (session == nullptr) return;
    if (session->address_unknown) ++made.without_address;
    if (session->transport_unknown) ++made.without_transport;
  }));
  kinds.flush();
  made.report = std::move(gathering).report();
  return made;
}

}  // namespace replay
