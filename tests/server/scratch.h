// SPDX-License-Identifier: PostgreSQL
// A real PostgreSQL server of its own, made once in a test program and put back between tests: data
// directory, socket and an /etc/pgseal in a temporary folder, run by the operating system user
// "postgres". PGSEAL_POSTGRES_BIN names the folder of another version's programs. Beside it
// certificates made by the openssl command, so that what is loaded and proven here was not written
// by what is tested.
#pragma once

#include <doctest/doctest.h>

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "server/server.h"
#include "server/sql.h"

namespace scratch {

class Server {
 public:
  /// Null, with a message, where this is not root or no PostgreSQL is installed. One for the
  /// program: each call gives it back running, with the files and options that it was made with.
  static Server* fresh();

  Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;
  ~Server();

  std::string root;     ///< the temporary folder
  std::string data;     ///< data directory, configuration within
  std::string sockets;  ///< folder of the socket
  std::string etc;      ///< instead of /etc/pgseal
  std::string log;      ///< standard error of the server
  std::string keys;     ///< what openssl made: server.pem, other.pem, authority.crt, client.crt …
  int port = 0;

  /// `options` as on a command line, "-c ssl=on".
  void restart(const std::string& options = "");
  void stop();
  /// Stopped and started: whether it came up with its files as they are.
  bool starts();
  void sql(const std::string& statement) const;
  /// First column of the first row.
  [[nodiscard]] std::string ask(const std::string& query) const;

  /// As the server's user would leave it.
  void put(const std::string& name, const std::string& text) const;
  [[nodiscard]] std::string get(const std::string& name) const;
  void append(const std::string& name, const std::string& text) const;

  /// `keys`/`name` as our server.pem (0600, the server's user's) or clients.crt (root's).
  void install(const std::string& name, const std::string& as) const;

  [[nodiscard]] fleet::Brief brief() const;
  [[nodiscard]] server::ServerPlaces places() const;
  [[nodiscard]] server::Server node() const { return server::Server(brief(), places()); }
  [[nodiscard]] fleet::HostFacts observe() const;
  /// write_server_settings for what is observed now.
  [[nodiscard]] fleet::Act write_act(bool client_trust = false) const;
  [[nodiscard]] std::string ssl_conf() const { return etc + "/server/db1/ssl.conf"; }
  /// Fingerprint of the certificate that is served, asked by the openssl command; "" none.
  [[nodiscard]] std::string served() const;
  [[nodiscard]] std::string fingerprint(const std::string& name) const;

 private:
  void make();
  void put_back();
  void make_keys() const;

  std::string options_;
  std::string first_configuration_;
  std::string first_rules_;
  bool running_ = false;
};

/// A number of the environment, PGSEAL_HBA_FILES=N say, or the usual one.
std::uint64_t setting(const char* name, std::uint64_t usual);

/// Runs a command of the shell, as root or as "postgres", at most 60 s; its standard output. A
/// failure fails the test.
std::string shell(const std::string& command, bool as_postgres = false);

}  // namespace scratch
