// SPDX-License-Identifier: PostgreSQL
// An environment is what a person says in pgseal.toml and nothing that pgseal can find out: hosts,
// identities, policy. Values only; the loader is in environment_toml.h.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/finding.h"
#include "base/time.h"
#include "x509/key.h"

namespace fleet {

enum class Requirement { tls, certificate };
enum class IdentityKind { admin, application, replication, named };

const char* to_string(Requirement requirement);
const char* to_string(IdentityKind kind);

/// [policy]: lifetimes in days; `require` is a target, it is in force only once enforced.
struct Policy {
  Requirement require = Requirement::certificate;
  std::string method = "scram-sha-256";
  std::string min_protocol = "TLSv1.2";
  int server_days = 90;
  int client_days = 365;
  int client_key_days = 1825;
  int authority_days = 3650;
  int crl_days = 90;
  x509::KeyType key_type = x509::KeyType::p256;
};

/// [authority]: where the passphrase comes from. `unencrypted` only by passphrase = "none".
struct AuthoritySource {
  std::string passphrase_file;
  bool unencrypted = false;
};

/// [ssh]: options are given to ssh as they stand.
struct SshSettings {
  std::vector<std::string> options;
  int parallel = 64;
};

/// [[host]]: one machine as a link reaches it, and one data directory where `database` is true.
struct Host {
  std::string name;
  std::string link;     ///< "ssh:DESTINATION" or "local"
  std::string address;  ///< how clients reach it; empty: the host name that ssh would use
  std::vector<std::string> names;
  bool database = false;
  std::optional<int> port;
  std::string data_directory;
  std::string socket_directory;
  std::string os_user;
  bool boot_hook = false;
  base::Place declared_at;
};

/// [[identity]]: a PostgreSQL role, its certificate, and the OS users on hosts that hold it.
struct Identity {
  std::string name;
  IdentityKind kind = IdentityKind::application;
  std::vector<std::string> hosts;  ///< host names, "@databases", "@all", as written
  std::vector<std::string> os_users;
  std::vector<std::string> databases;
  std::optional<Requirement> require;
  std::string method;
  std::vector<std::string> networks;
  std::string source;
  /// Its programs say which certificate they show; what libpq would take by itself is never shown.
  bool explicit_sslcert = false;
  std::optional<int> days;  ///< kind named: its certificate's lifetime
  base::Place declared_at;
};

struct Exemption {  ///< [[exception]]
  std::string role;
  std::string network;
  Requirement require = Requirement::tls;
  std::string reason;
  std::optional<base::Time> until;  ///< the last second of the day written, UTC
};

struct Silence {  ///< [[silence]]
  std::string code;
  std::string host;
  std::string reason;
  std::optional<base::Time> until;  ///< the last second of the day written, UTC
};

struct Environment {
  std::string name;
  std::vector<std::string> service_names;
  std::string file;   ///< the configuration's own path, absolute
  std::string state;  ///< folder of ledger and authorities, absolute
  Policy policy;
  AuthoritySource authority;
  SshSettings ssh;
  std::vector<Host> hosts;
  std::vector<Identity> identities;
  std::vector<Exemption> exemptions;
  std::vector<Silence> silences;

  [[nodiscard]] const Host* find_host(std::string_view host_name) const;
  /// Whether `identity` lives on `host`: by name, "@databases" or "@all".
  [[nodiscard]] static bool lives_on(const Identity& identity, const Host& host);
  /// The names and addresses of a database host's certificate, first its address as clients use it:
  /// host name, `names`, `address`, the environment's service names; no duplicates.
  [[nodiscard]] std::vector<std::string> certificate_names(const Host& host) const;
};

}  // namespace fleet
