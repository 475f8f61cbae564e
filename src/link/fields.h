// SPDX-License-Identifier: PostgreSQL
// What travels of each struct, declared once and used for writing and reading: `fields(visit,
// value)` calls `visit(name, member)` for every member. The structured binding at each head counts
// them, so that a member added to a struct does not compile here until it travels too. For
// codec_*.cpp only.
#pragma once

#include <span>
#include <string_view>
#include <type_traits>

#include "base/error.h"
#include "base/finding.h"
#include "fleet/act.h"
#include "fleet/facts.h"
#include "link/codec.h"

namespace links {

template <class T, class Struct>
concept Is = std::is_same_v<std::remove_const_t<T>, Struct>;

// ---- enumerators, by name ---------------------------------------------------------------------

template <class Enum>
struct Word {
  Enum value;
  std::string_view name;
};

inline constexpr Word<base::Severity> severities[] = {{base::Severity::note, "note"},
                                                      {base::Severity::warning, "warning"},
                                                      {base::Severity::error, "error"}};
inline constexpr Word<fleet::SlotKind> slot_kinds[] = {{fleet::SlotKind::server, "server"},
                                                       {fleet::SlotKind::client, "client"}};
inline constexpr Word<fleet::SlotPlace> slot_places[] = {
    {fleet::SlotPlace::home, "home"}, {fleet::SlotPlace::environment, "environment"}};
inline constexpr Word<fleet::KeyState> key_states[] = {
    {fleet::KeyState::absent, "absent"},           {fleet::KeyState::good, "good"},
    {fleet::KeyState::mismatched, "mismatched"},   {fleet::KeyState::wrong_mode, "wrong_mode"},
    {fleet::KeyState::wrong_owner, "wrong_owner"}, {fleet::KeyState::unreadable, "unreadable"}};
inline constexpr Word<fleet::ActKind> act_kinds[] = {
    {fleet::ActKind::mark_host, "mark_host"},
    {fleet::ActKind::make_key, "make_key"},
    {fleet::ActKind::install_certificate, "install_certificate"},
    {fleet::ActKind::install_trust, "install_trust"},
    {fleet::ActKind::write_server_settings, "write_server_settings"},
    {fleet::ActKind::reload, "reload"},
    {fleet::ActKind::archive_slot, "archive_slot"},
    {fleet::ActKind::write_replication_settings, "write_replication_settings"},
    {fleet::ActKind::reconnect_walreceiver, "reconnect_walreceiver"}};
inline constexpr Word<fleet::ConnectLevel> connect_levels[] = {
    {fleet::ConnectLevel::none, "none"},
    {fleet::ConnectLevel::handshake, "handshake"},
    {fleet::ConnectLevel::certificate_accepted, "certificate_accepted"},
    {fleet::ConnectLevel::rule_reached, "rule_reached"},
    {fleet::ConnectLevel::logged_in, "logged_in"}};
inline constexpr Word<x509::KeyType> key_types[] = {{x509::KeyType::p256, "p256"},
                                                    {x509::KeyType::p384, "p384"},
                                                    {x509::KeyType::rsa3072, "rsa3072"}};

constexpr std::span<const Word<base::Severity>> words(base::Severity) { return severities; }
constexpr std::span<const Word<fleet::SlotKind>> words(fleet::SlotKind) { return slot_kinds; }
constexpr std::span<const Word<fleet::SlotPlace>> words(fleet::SlotPlace) { return slot_places; }
constexpr std::span<const Word<fleet::KeyState>> words(fleet::KeyState) { return key_states; }
constexpr std::span<const Word<fleet::ActKind>> words(fleet::ActKind) { return act_kinds; }
constexpr std::span<const Word<fleet::ConnectLevel>> words(fleet::ConnectLevel) {
  return connect_levels;
}
constexpr std::span<const Word<x509::KeyType>> words(x509::KeyType) { return key_types; }

// ---- structs ----------------------------------------------------------------------------------

void fields(auto& visit, Is<base::Place> auto& place) {
  auto& [file, line] = place;
  visit("file", file);
  visit("line", line);
}

void fields(auto& visit, Is<base::Finding> auto& finding) {
  auto& [severity, code, message, detail, hint, clause, host, slot, file, line, related] = finding;
  visit("severity", severity);
  visit("code", code);
  visit("message", message);
  visit("detail", detail);
  visit("hint", hint);
  visit("clause", clause);
  visit("host", host);
  visit("slot", slot);
  visit("file", file);
  visit("line", line);
  visit("related", related);
}

void fields(auto& visit, Is<base::Error> auto& error) {
  auto& [code, message, detail, hint, while_doing] = error;
  visit("code", code);
  visit("message", message);
  visit("detail", detail);
  visit("hint", hint);
  visit("while_doing", while_doing);
}

void fields(auto& visit, Is<fleet::Slot> auto& slot) {
  auto& [kind, name, os_user, place] = slot;
  visit("kind", kind);
  visit("name", name);
  visit("os_user", os_user);
  visit("place", place);
}

void fields(auto& visit, Is<fleet::Mark> auto& mark) {
  auto& [environment_id, ledger_id, generation, host] = mark;
  visit("environment_id", environment_id);
  visit("ledger_id", ledger_id);
  visit("generation", generation);
  visit("host", host);
}

void fields(auto& visit, Is<fleet::Brief> auto& brief) {
  auto& [environment, host, database, controller_clock, port, data_directory, socket_directory,
         os_user, client_slots, roles, sources] = brief;
  visit("environment", environment);
  visit("host", host);
  visit("database", database);
  visit("controller_clock", controller_clock);
  visit("port", port);
  visit("data_directory", data_directory);
  visit("socket_directory", socket_directory);
  visit("os_user", os_user);
  visit("client_slots", client_slots);
  visit("roles", roles);
  visit("sources", sources);
}

void fields(auto& visit, Is<fleet::SourceOrder> auto& order) {
  auto& [identity, os_user, path] = order;
  visit("identity", identity);
  visit("os_user", os_user);
  visit("path", path);
}

void fields(auto& visit, Is<settings::ApplicationConnection> auto& connection) {
  auto& [where, host, port, database, user, sslmode] = connection;
  visit("where", where);
  visit("host", host);
  visit("port", port);
  visit("database", database);
  visit("user", user);
  visit("sslmode", sslmode);
}

void fields(auto& visit, Is<fleet::SourceFacts> auto& facts) {
  auto& [identity, os_user, path, problem, connections] = facts;
  visit("identity", identity);
  visit("os_user", os_user);
  visit("path", path);
  visit("problem", problem);
  visit("connections", connections);
}

void fields(auto& visit, Is<fleet::SlotFacts> auto& facts) {
  auto& [slot, folder, user_exists, unsafe, certificate, chain_problem, key, key_detail,
         key_spki_sha256, pending, trust, trust_problem] = facts;
  visit("slot", slot);
  visit("folder", folder);
  visit("user_exists", user_exists);
  visit("unsafe", unsafe);
  visit("certificate", certificate);
  visit("chain_problem", chain_problem);
  visit("key", key);
  visit("key_detail", key_detail);
  visit("key_spki_sha256", key_spki_sha256);
  visit("pending", pending);
  visit("trust", trust);
  visit("trust_problem", trust_problem);
}

void fields(auto& visit, Is<fleet::SettingFact> auto& setting) {
  auto& [name, value, source, file, line, pending_restart, error] = setting;
  visit("name", name);
  visit("value", value);
  visit("source", source);
  visit("file", file);
  visit("line", line);
  visit("pending_restart", pending_restart);
  visit("error", error);
}

void fields(auto& visit, Is<fleet::RoleFact> auto& role) {
  auto& [name, can_login, superuser] = role;
  visit("name", name);
  visit("can_login", can_login);
  visit("superuser", superuser);
}

void fields(auto& visit, Is<fleet::SessionFact> auto& session) {
  auto& [role, database, address, application, backend_type, tls, protocol, client_serial, issuer] =
      session;
  visit("role", role);
  visit("database", database);
  visit("address", address);
  visit("application", application);
  visit("backend_type", backend_type);
  visit("tls", tls);
  visit("protocol", protocol);
  visit("client_serial", client_serial);
  visit("issuer", issuer);
}

void fields(auto& visit, Is<fleet::ReplicaFact> auto& replica) {
  auto& [role, application, address, state, sync_state, tls, client_serial, issuer, behind] =
      replica;
  visit("role", role);
  visit("application", application);
  visit("address", address);
  visit("state", state);
  visit("sync_state", sync_state);
  visit("tls", tls);
  visit("client_serial", client_serial);
  visit("issuer", issuer);
  visit("behind", behind);
}

void fields(auto& visit, Is<fleet::ReplicationSlotFact> auto& slot) {
  auto& [name, active, wal_status] = slot;
  visit("name", name);
  visit("active", active);
  visit("wal_status", wal_status);
}

void fields(auto& visit, Is<fleet::ReplicationFacts> auto& facts) {
  auto& [problem, file, line, file_sha256, host, port, user, sslmode, sslrootcert, sslcert, sslkey,
         service, password, loaded, in_use, receiver, slot, archive, held, untried] = facts;
  visit("problem", problem);
  visit("file", file);
  visit("line", line);
  visit("file_sha256", file_sha256);
  visit("host", host);
  visit("port", port);
  visit("user", user);
  visit("sslmode", sslmode);
  visit("sslrootcert", sslrootcert);
  visit("sslcert", sslcert);
  visit("sslkey", sslkey);
  visit("service", service);
  visit("password", password);
  visit("loaded", loaded);
  visit("in_use", in_use);
  visit("receiver", receiver);
  visit("slot", slot);
  visit("archive", archive);
  visit("held", held);
  visit("untried", untried);
}

void fields(auto& visit, Is<fleet::ServerCandidate> auto& candidate) {
  auto& [data_directory, config_file, port, running, found_by] = candidate;
  visit("data_directory", data_directory);
  visit("config_file", config_file);
  visit("port", port);
  visit("running", running);
  visit("found_by", found_by);
}

void fields(auto& visit, Is<fleet::ServerFacts> auto& server) {
  auto& [data_directory, config_file, hba_file, hba_text, hba_sha256, os_user, socket_directory,
         port, running, problem, version, version_text, system_identifier, in_recovery, timeline,
         listen_addresses, conf_load_time, running_settings, written_settings, config_sha256,
         managed_by, include_in_place, include_dir, ssl_conf, roles, sessions, replicas,
         replication_slots, replication] = server;
  visit("data_directory", data_directory);
  visit("config_file", config_file);
  visit("hba_file", hba_file);
  visit("hba_text", hba_text);
  visit("hba_sha256", hba_sha256);
  visit("os_user", os_user);
  visit("socket_directory", socket_directory);
  visit("port", port);
  visit("running", running);
  visit("problem", problem);
  visit("version", version);
  visit("version_text", version_text);
  visit("system_identifier", system_identifier);
  visit("in_recovery", in_recovery);
  visit("timeline", timeline);
  visit("listen_addresses", listen_addresses);
  visit("conf_load_time", conf_load_time);
  visit("running_settings", running_settings);
  visit("written_settings", written_settings);
  visit("config_sha256", config_sha256);
  visit("managed_by", managed_by);
  visit("include_in_place", include_in_place);
  visit("include_dir", include_dir);
  visit("ssl_conf", ssl_conf);
  visit("roles", roles);
  visit("sessions", sessions);
  visit("replicas", replicas);
  visit("replication_slots", replication_slots);
  visit("replication", replication);
}

void fields(auto& visit, Is<fleet::HostFacts> auto& facts) {
  auto& [host, clock, machine_id, running_machine, hostname, addresses, operating_system,
         architecture, node_version, mark, server_slot, client_slots, server, candidates, sources,
         findings] = facts;
  visit("host", host);
  visit("clock", clock);
  visit("machine_id", machine_id);
  visit("running_machine", running_machine);
  visit("hostname", hostname);
  visit("addresses", addresses);
  visit("operating_system", operating_system);
  visit("architecture", architecture);
  visit("node_version", node_version);
  visit("mark", mark);
  visit("server_slot", server_slot);
  visit("client_slots", client_slots);
  visit("server", server);
  visit("candidates", candidates);
  visit("sources", sources);
  visit("findings", findings);
}

void fields(auto& visit, Is<fleet::ServedFacts> auto& served) {
  auto& [answered, tls, certificate, protocol, cipher, asks_client_certificate, client_authorities,
         problem, asked_from] = served;
  visit("answered", answered);
  visit("tls", tls);
  visit("certificate", certificate);
  visit("protocol", protocol);
  visit("cipher", cipher);
  visit("asks_client_certificate", asks_client_certificate);
  visit("client_authorities", client_authorities);
  visit("problem", problem);
  visit("asked_from", asked_from);
}

void fields(auto& visit, Is<fleet::TlsSettings> auto& settings) {
  auto& [client_trust, min_protocol] = settings;
  visit("client_trust", client_trust);
  visit("min_protocol", min_protocol);
}

void fields(auto& visit, Is<fleet::Act> auto& act) {
  auto& [kind, slot, key_type, keep_key, certificate, trust, retired_trust, settings,
         expected_sha256, mark, take_over, replace, expected_certificate_sha256] = act;
  visit("kind", kind);
  visit("slot", slot);
  visit("key_type", key_type);
  visit("keep_key", keep_key);
  visit("certificate", certificate);
  visit("trust", trust);
  visit("retired_trust", retired_trust);
  visit("settings", settings);
  visit("expected_sha256", expected_sha256);
  visit("mark", mark);
  visit("take_over", take_over);
  visit("replace", replace);
  visit("expected_certificate_sha256", expected_certificate_sha256);
}

void fields(auto& visit, Is<fleet::Answer> auto& answer) {
  auto& [changed, before, after, request, log, findings] = answer;
  visit("changed", changed);
  visit("before", before);
  visit("after", after);
  visit.bytes("request", request);
  visit("log", log);
  visit("findings", findings);
}

void fields(auto& visit, Is<fleet::ConnectQuery> auto& query) {
  auto& [slot, role, address, port, database] = query;
  visit("slot", slot);
  visit("role", role);
  visit("address", address);
  visit("port", port);
  visit("database", database);
}

void fields(auto& visit, Is<fleet::ConnectReport> auto& report) {
  auto& [over_socket, level, protocol, cipher, bits, compression, sqlstate, message, libpq] =
      report;
  visit("over_socket", over_socket);
  visit("level", level);
  visit("protocol", protocol);
  visit("cipher", cipher);
  visit("bits", bits);
  visit("compression", compression);
  visit("sqlstate", sqlstate);
  visit("message", message);
  visit("libpq", libpq);
}

void fields(auto& visit, Is<fleet::HandshakeQuery> auto& query) {
  auto& [address, port, name] = query;
  visit("address", address);
  visit("port", port);
  visit("name", name);
}

void fields(auto& visit, Is<ControllerHello> auto& hello) {
  auto& [protocol, version, brief] = hello;
  visit("protocol", protocol);
  visit("version", version);
  visit("brief", brief);
}

void fields(auto& visit, Is<NodeHello> auto& hello) {
  auto& [protocol, version, clock, size] = hello;
  visit("protocol", protocol);
  visit("version", version);
  visit("clock", clock);
  visit("size", size);
}

void fields(auto&, Is<Observe> auto&) {}

}  // namespace links
