// SPDX-License-Identifier: PostgreSQL
// A real PostgreSQL of a test's own on 127.0.0.1, run as the user postgres, and listeners that are
// none: each takes one connection and treats it as its test says. Every wait has a deadline.
#pragma once

#include <arpa/inet.h>
#include <doctest/doctest.h>
#include <glob.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <functional>
#include <string>
#include <thread>

#include "base/fd.h"

namespace scratch {

inline base::Fd listener(int& port, int backlog = 8) {
  base::Fd fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  auto* plain = reinterpret_cast<sockaddr*>(&address);
  REQUIRE(::bind(fd.get(), plain, size) == 0);
  REQUIRE(::listen(fd.get(), backlog) == 0);
  REQUIRE(::getsockname(fd.get(), plain, &size) == 0);
  port = ntohs(address.sin_port);
  return fd;
}

inline std::string read_text(const std::string& path) {
  std::ifstream stream(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), {}};
}

/// Takes one connection, waits ten seconds at most for it, and gives it to `treat`.
class Listener {
 public:
  explicit Listener(std::function<void(int)> treat) : fd_(listener(port_)) {
    thread_ = std::jthread([this, treat = std::move(treat)] {
      // Here alone: the prober's own thread must do without.
      sigset_t pipe;
      ::sigemptyset(&pipe);
      ::sigaddset(&pipe, SIGPIPE);
      ::pthread_sigmask(SIG_BLOCK, &pipe, nullptr);
      pollfd waiting{fd_.get(), POLLIN, 0};
      if (::poll(&waiting, 1, 10'000) <= 0) return;
      const base::Fd peer(::accept4(fd_.get(), nullptr, nullptr, SOCK_CLOEXEC));
      const timeval limit{10, 0};
      ::setsockopt(peer.get(), SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
      treat(peer.get());
    });
  }
  [[nodiscard]] int port() const { return port_; }

 private:
  int port_ = 0;
  base::Fd fd_;
  std::jthread thread_;
};

class Server {
 public:
  /// Why there can be none here; "" where there can.
  static std::string why_not() {
    if (::geteuid() != 0) return "only root can run a server as the user postgres";
    return programs().empty() ? "no PostgreSQL server is installed" : "";
  }

  Server() {
    char name[] = "/tmp/pgseal-probe-XXXXXX";
    folder_ = ::mkdtemp(name);
    REQUIRE(::chmod(folder_.c_str(), 0755) == 0);
    as_root("install -d -o postgres -m 0700 " + folder_ + "/run");
    pair("server", "/O=shop/CN=db1");
    pair("authority", "/O=shop/CN=pgseal client authority 1");
    as_postgres(programs() + "/initdb --no-sync -A trust -D " + folder_ + "/run/data");
  }
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;
  ~Server() {
    stop();
    std::filesystem::remove_all(folder_);
  }

  /// Starts it anew with these settings ("ssl=on"); gives the port.
  int run(const std::string& settings) {
    stop();
    int port = 0;
    { const base::Fd free = listener(port); }
    std::string words = "-p " + std::to_string(port) + " -h 127.0.0.1 -k " + folder_ +
                        "/run -c fsync=off -c log_connections=on";
    std::string rest = settings;
    while (!rest.empty()) {
      const auto space = std::min(rest.find(' '), rest.size());
      words += " -c " + rest.substr(0, space);
      rest.erase(0, space + 1);
    }
    as_postgres(programs() + "/pg_ctl -D " + folder_ + "/run/data -l " + log() + " -w -t 60 -o \"" +
                words + "\" start");
    running_ = true;
    return port;
  }
  [[nodiscard]] std::string path(const std::string& name) const { return folder_ + "/run/" + name; }
  [[nodiscard]] std::string log() const { return path("log"); }
  [[nodiscard]] std::string tls() const {
    return "ssl=on ssl_cert_file=" + path("server.crt") + " ssl_key_file=" + path("server.key");
  }

 private:
  static std::string programs() {
    glob_t found{};
    std::string newest;
    if (::glob("/usr/lib/postgresql/*/bin/initdb", 0, nullptr, &found) == 0 && found.gl_pathc > 0)
      newest = std::filesystem::path(found.gl_pathv[found.gl_pathc - 1]).parent_path();
    ::globfree(&found);
    return newest;
  }
  void as_root(const std::string& command) const {
    const std::string whole = "cd / && timeout 120 " + command + " >>" + folder_ + "/talk 2>&1";
    const int status = std::system(whole.c_str());
    INFO(read_text(folder_ + "/talk"));
    REQUIRE(status == 0);
  }
  void as_postgres(const std::string& command) const {
    as_root("runuser -u postgres -- " + command);
  }
  void pair(const std::string& name, const std::string& subject) const {
    as_postgres(
        "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj '" +
        subject + "' -keyout " + path(name + ".key") + " -out " + path(name + ".crt"));
  }
  // Asserts nothing: it also runs when the last test is over.
  void stop() {
    if (!running_) return;
    running_ = false;
    const std::string command = "cd / && timeout 120 runuser -u postgres -- " + programs() +
                                "/pg_ctl -D " + folder_ + "/run/data -w -t 60 -m fast stop >>" +
                                folder_ + "/talk 2>&1";
    if (std::system(command.c_str()) != 0) std::perror("could not stop the scratch server");
  }

  std::string folder_;
  bool running_ = false;
};

}  // namespace scratch
