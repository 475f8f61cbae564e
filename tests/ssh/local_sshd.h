// SPDX-License-Identifier: PostgreSQL
// A real sshd on 127.0.0.1 in a mount namespace of its own: users, sudoers, host key and homes are
// files in a temporary folder, laid over /etc there, so that nothing of this machine is touched.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "link/child.h"
#include "ssh/ssh.h"

class LocalSshd {
 public:
  /// True, with a message, where there cannot be one.
  static bool skipped();

  /// `lines` are added to sshd_config.
  explicit LocalSshd(const std::string& lines = "");
  LocalSshd(const LocalSshd&) = delete;
  LocalSshd& operator=(const LocalSshd&) = delete;
  ~LocalSshd();

  /// Users: root (all of uid 0) plain, noisy; deploy (sudo without a password), bare (without
  /// sudo), fish, zsh, tcsh, dash (deploy's rights, that shell), closed (nologin).
  [[nodiscard]] ssh::SshSetup setup() const;
  [[nodiscard]] std::string path(const std::string& name) const { return folder_ + "/" + name; }
  [[nodiscard]] std::string node_folder() const { return path("libexec"); }
  [[nodiscard]] pid_t pid() const;
  [[nodiscard]] int port() const { return port_; }

 private:
  void write_users() const;
  void write_configuration(const std::string& lines) const;

  std::string folder_;
  int port_ = 0;
  std::unique_ptr<links::Child> child_;
};

/// Runs a shell line of the test's own; its standard output, trimmed.
std::string shell(const std::string& line);

std::string echo_node_path();
