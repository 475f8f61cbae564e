// SPDX-License-Identifier: PostgreSQL
// Facts are what was seen on a host, never what is assumed. Secrets in what was read are masked on
// the host before they come here. Certificates travel as PEM, hashes as hexadecimal SHA-256.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/finding.h"
#include "fleet/slot.h"
#include "settings/application.h"

namespace fleet {

/// What a host keeps of the environment that it belongs to (/etc/pgseal/mark/ENVIRONMENT).
struct Mark {
  std::string environment_id;
  std::string ledger_id;
  std::int64_t generation = 0;  ///< highest that this host has seen
  std::string host;  ///< its name in the environment; "" in an act (the hello says it) and in a
                     ///< mark of before hosts were named
  bool operator==(const Mark&) const = default;

  /// Whether both were made by one ledger of one environment, whatever else they say.
  [[nodiscard]] bool same_ledger(const Mark& other) const {
    return environment_id == other.environment_id && ledger_id == other.ledger_id;
  }
};

enum class KeyState {
  absent,
  good,        ///< readable by its user alone, and of the certificate beside it (if there is one)
  mismatched,  ///< not the certificate's key
  wrong_mode,
  wrong_owner,
  unreadable,  ///< not a private key, or one with a passphrase
};
const char* to_string(KeyState state);

/// A slot as it lies on disk.
struct SlotFacts {
  Slot slot;
  std::string folder;       ///< for messages only
  bool user_exists = true;  ///< client: the OS user and its home exist
  std::string unsafe;       ///< why nothing is touched here: "… is a symbolic link"; "" if safe.
                            ///< Without `user_exists`: what is wrong with the home, "" no user
  std::string certificate;  ///< the leaf, PEM; "" none
  std::string chain_problem;  ///< why the certificate file cannot be read, "" if it can
  KeyState key = KeyState::absent;
  std::string key_detail;       ///< "mode 0644", never contents
  std::string key_spki_sha256;  ///< of the key's public half
  bool pending = false;         ///< a key was made and waits for its certificate
  std::string trust;            ///< root.crt or clients.crt, PEM; "" none
  std::string trust_problem;    ///< why it cannot be read
};

/// One row of pg_settings or pg_file_settings (PostgreSQL manual, "System Views").
struct SettingFact {
  std::string name;
  std::string value;
  std::string source;  ///< pg_settings.source: "configuration file", "command line", …
  std::string file;
  int line = 0;
  bool pending_restart = false;
  std::string error;  ///< pg_file_settings.error
};

struct RoleFact {
  std::string name;
  bool can_login = false;
  bool superuser = false;
};

/// pg_stat_activity ⋈ pg_stat_ssl, one live client session or walsender.
struct SessionFact {
  std::string role;
  std::string database;
  std::string address;  ///< "" over the socket
  std::string application;
  std::string backend_type;
  bool tls = false;
  std::string protocol;
  std::string client_serial;  ///< decimal, as the view gives it
  std::string issuer;
  bool operator==(const SessionFact&) const = default;
};

/// One row of pg_stat_replication ⋈ pg_stat_ssl: a standby that this server sends WAL to.
struct ReplicaFact {
  std::string role;
  std::string application;
  std::string address;     ///< "" over the socket
  std::string state;       ///< "streaming", "catchup", …
  std::string sync_state;  ///< "async", "potential", "sync", "quorum"
  bool tls = false;
  std::string client_serial;  ///< decimal, as the view gives it; "" where no certificate was shown
  std::string issuer;
  std::optional<std::int64_t> behind;  ///< bytes sent and not yet flushed there
  bool operator==(const ReplicaFact&) const = default;
};

/// pg_replication_slots, physical ones.
struct ReplicationSlotFact {
  std::string name;
  bool active = false;
  std::string wal_status;  ///< 13 and later: "reserved", "extended", "unreserved", "lost"
  bool operator==(const ReplicationSlotFact&) const = default;
};

/// How a server connects to the one that it follows, or would: primary_conninfo without its
/// secrets, and the receiver as it runs.
struct ReplicationFacts {
  std::string problem;  ///< why the string cannot be read or rewritten, "" if it can
  std::string file;     ///< where it stands; 10 and 11: recovery.conf
  int line = 0;
  std::string file_sha256;  ///< of that file, whole
  std::string host;         ///< as written: a name, an address, a list
  std::string port;
  std::string user;  ///< "" where the server's OS user counts
  std::string sslmode;
  std::string sslrootcert;
  std::string sslcert;
  std::string sslkey;
  std::string service;    ///< a service file says the rest
  bool password = false;  ///< one stands in the string
  bool loaded = false;    ///< the server runs with what is written
  bool in_use = false;    ///< the receiver's connection was made with these TLS values
  std::string receiver;   ///< pg_stat_wal_receiver.status, "" where none runs
  std::string slot;       ///< primary_slot_name
  bool archive = false;   ///< restore_command is set
  std::string held;       ///< why no new receiver would start now: replay does not get there
  bool untried = false;  ///< a node that wrote it was killed before it saw the standby stream by it
};

/// A data directory that was found and how.
struct ServerCandidate {
  std::string data_directory;
  std::string config_file;
  int port = 0;
  bool running = false;
  std::string found_by;  ///< "running postmaster", "/etc/postgresql", "service settings"
};

struct ServerFacts {
  std::string data_directory;
  std::string config_file;
  std::string hba_file;
  std::string hba_text;  ///< secrets masked
  std::string hba_sha256;
  std::string os_user;
  std::string socket_directory;
  int port = 0;
  bool running = false;
  std::string problem;  ///< why the server could not be asked, "" if it was
  int version = 0;      ///< server_version_num, 150020
  std::string version_text;
  std::string system_identifier;
  bool in_recovery = false;
  std::string timeline;
  std::string listen_addresses;
  std::string conf_load_time;
  std::vector<SettingFact> running_settings;  ///< the TLS ones and what decides about them
  std::vector<SettingFact> written_settings;  ///< pg_file_settings of the same names
  std::string config_sha256;
  std::string managed_by;         ///< "Patroni", "" nobody
  bool include_in_place = false;  ///< the configuration includes our ssl.conf
  std::string include_dir;        ///< the include_dir where ours would go, "" none
  std::string ssl_conf;           ///< our ssl.conf as written, "" none
  std::vector<RoleFact> roles;    ///< of the roles asked for, those that exist
  std::vector<SessionFact> sessions;
  std::vector<ReplicaFact> replicas;
  std::vector<ReplicationSlotFact> replication_slots;
  std::optional<ReplicationFacts> replication;  ///< null where primary_conninfo is empty
};

/// What an application's own settings file says (an identity's `source`).
struct SourceFacts {
  std::string identity;
  std::string os_user;
  std::string path;
  std::string problem;  ///< why it could not be read or understood, "" if it was
  std::vector<settings::ApplicationConnection> connections;
};

struct HostFacts {
  std::string host;
  std::int64_t clock = 0;  ///< seconds since 1970-01-01 UTC
  std::string machine_id;
  std::string running_machine;  ///< of the system as it runs: another one after a boot or elsewhere
  std::string hostname;
  std::vector<std::string> addresses;  ///< of its interfaces, but for loopback and link-local
  std::string operating_system;        ///< PRETTY_NAME of os-release
  std::string architecture;            ///< uname -m
  std::string node_version;
  std::optional<Mark> mark;
  std::optional<SlotFacts> server_slot;
  std::vector<SlotFacts> client_slots;
  std::optional<ServerFacts> server;
  std::vector<ServerCandidate> candidates;
  std::vector<SourceFacts> sources;
  base::Findings findings;  ///< what the node itself saw wrong
};

/// The running setting of that name, or null where it was not seen; and its value, or "".
const SettingFact* running_setting(const ServerFacts& server, std::string_view name);
std::string running_value(const ServerFacts& server, std::string_view name);

/// What decides after a reload: the command line, else the last row of the files that the server
/// would take, else what runs. Null where nothing of that name was seen.
const SettingFact* setting_to_come(const ServerFacts& server, std::string_view name);

/// The server of a host where it runs and could be asked, else null.
const ServerFacts* answering_server(const HostFacts& facts);

/// What a TLS handshake from outside shows (by the probe).
struct ServedFacts {
  bool answered = false;    ///< something spoke PostgreSQL there
  bool tls = false;         ///< SSLRequest was answered with S and the handshake succeeded
  std::string certificate;  ///< leaf, PEM
  std::string protocol;     ///< "TLSv1.3"
  std::string cipher;
  bool asks_client_certificate = false;
  std::vector<std::string> client_authorities;  ///< subjects in its CertificateRequest, slash form
  std::string problem;
  std::string asked_from;  ///< "controller", or the host that asked in its place
};

}  // namespace fleet
