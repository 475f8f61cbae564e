// SPDX-License-Identifier: PostgreSQL
// The closed list of what a node may be asked: acts change something, queries do not. Each act is
// idempotent and answers with what it saw before and after. No act carries a path.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "fleet/facts.h"
#include "fleet/slot.h"
#include "x509/key.h"

namespace fleet {

/// A settings file of an application that the configuration names: read as its OS user, no more.
struct SourceOrder {
  std::string identity;
  std::string os_user;
  std::string path;
};

/// What the hello tells a node: who the host is and what to look at. The few paths that the
/// configuration names come with it and are only read.
struct Brief {
  std::string environment;
  std::string host;
  bool database = false;
  std::int64_t controller_clock = 0;
  std::optional<int> port;
  std::string data_directory;
  std::string socket_directory;
  std::string os_user;
  std::vector<Slot> client_slots;
  std::vector<std::string> roles;  ///< roles to look for on a database host
  std::vector<SourceOrder> sources;
};

enum class ActKind {
  mark_host,
  make_key,
  install_certificate,
  install_trust,
  write_server_settings,
  reload,
  archive_slot,
  write_replication_settings,
  reconnect_walreceiver,
};
const char* to_string(ActKind kind);

/// What ssl.conf shall say.
struct TlsSettings {
  bool client_trust = false;  ///< ssl_ca_file = clients.crt
  std::string min_protocol;
  bool operator==(const TlsSettings&) const = default;
};

struct Act {
  ActKind kind = ActKind::reload;
  Slot slot;  ///< write_replication_settings: the client's pair that the standby shall show
  x509::KeyType key_type = x509::KeyType::p256;  ///< make_key
  /// make_key: the key in place is good for another certificate. Both files of a client's pair
  /// cannot be replaced at once under a libpq that opens them one after the other; a certificate
  /// alone can.
  bool keep_key = false;
  std::string certificate;    ///< install_certificate: leaf and chain, PEM
  std::string trust;          ///< install_trust: the environment's authorities, PEM
  std::string retired_trust;  ///< install_trust: authorities of ours to take out, PEM
  TlsSettings settings;       ///< write_server_settings
  /// write_server_settings, write_replication_settings: of the file observed that will be edited.
  std::string expected_sha256;
  Mark mark;               ///< mark_host
  bool take_over = false;  ///< mark_host: another ledger's mark is replaced
  /// install_certificate, install_trust: what is foreign or unreadable is archived and replaced.
  bool replace = false;
  /// install_certificate: fingerprint (hex) of the leaf that was observed in the slot, "" none.
  /// Another one there is neither ours nor expected: refused (file_changed) unless `replace`.
  std::string expected_certificate_sha256;
};

/// What an act is about, for people and for the ledger: its slot, or "host" for a mark.
std::string subject(const Act& act);

struct Answer {
  bool changed = false;
  std::string before;  ///< for people: "no certificate", "serial 3f…"
  std::string after;
  std::string request;  ///< make_key: the signing request, DER
  std::string log;      ///< reload: the server's log lines since, escaped nowhere yet
  base::Findings findings;
};

/// Connects as `slot`'s OS user with its own files and nothing else.
struct ConnectQuery {
  Slot slot;
  std::string role;
  std::string address;  ///< host=, the name that is verified
  int port = 5432;
  std::string database;
};

/// How far a connection came; each includes those before it.
enum class ConnectLevel { none, handshake, certificate_accepted, rule_reached, logged_in };
const char* to_string(ConnectLevel level);

struct ConnectReport {
  bool over_socket = false;
  ConnectLevel level = ConnectLevel::none;
  std::string protocol;
  std::string cipher;
  std::string bits;
  std::string compression;
  std::string sqlstate;
  std::string message;  ///< the server's or libpq's, foreign text
  std::string libpq;    ///< which library connected, "libpq 15.20 (built in)"
};

/// A handshake made from this host instead of the controller's.
struct HandshakeQuery {
  std::string address;
  int port = 5432;
  std::string name;  ///< server name indication, may be empty
};

}  // namespace fleet
