// SPDX-License-Identifier: PostgreSQL
// What one server told about its cluster when it was asked over the network: values only, foreign
// text as it came. From it draft.h makes hosts and identities.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace survey {

/// Sessions of one kind (pg_stat_activity, client backends but our own), counted together.
struct Client {
  std::string role;
  std::string database;
  std::string address;    ///< as host(client_addr) prints it; empty: over the server's own socket
  std::string host_name;  ///< only where the server has log_hostname on
  std::string application;
  std::uint64_t sessions = 0;
  bool superuser = false;
};

/// One row of pg_stat_replication.
struct Sender {
  std::string role;
  std::string application;
  std::string address;  ///< empty: over the server's own socket
  std::string host_name;
  std::string state;  ///< "streaming", "catchup", "backup" …
  std::string sync;   ///< "sync", "async", "quorum", "potential"
  bool logical = false;
};

/// How the server was reached, by libpq's word.
struct Reached {
  std::string host;  ///< as the connection string names it: a name, an address, a socket's folder
  std::string address;  ///< where that led; empty for a socket
  bool socket = false;
  bool encrypted = false;
};

struct Cluster {
  Reached reached;
  std::string version;  ///< "15.20 (Debian 15.20-0+deb12u1)"
  int major = 0;
  bool standby = false;
  std::string own_address;     ///< where the server took the connection; empty: on a socket
  std::string port;            ///< which it listens on itself
  std::string data_directory;  ///< empty: the role may not see it
  std::string superuser;       ///< the one that initdb made
  std::vector<Client> clients;
  std::vector<Sender> senders;
  bool cut = false;           ///< there were more of either than are taken
  std::string upstream_host;  ///< a standby's: where it streams from
  std::string upstream_role;
};

}  // namespace survey
