// SPDX-License-Identifier: PostgreSQL
// Whether the server could load its TLS files (be_tls_init of its source; manual, "Secure TCP/IP
// Connections with SSL"). One bad file makes a reload keep the old context while SQL shows the new
// settings, and kills the server at its next start: so this is asked before, of the files that the
// reload will load, read as the server's own user.
#pragma once

#include <sys/types.h>

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/secret.h"
#include "host/child.h"
#include "server/server_child.h"
#include "server/view.h"

namespace server {

/// The settings that decide what is loaded. Paths are absolute; empty: not set.
struct TlsPlan {
  bool on = false;
  std::string certificate;
  std::string key;
  std::string client_ca;
  std::string crl;
  std::string dh;
  int major = 0;
  std::string ciphers;
  std::string suites;
  std::string groups;
  std::string groups_setting;  ///< the name under which `groups` is set
  std::string min_protocol;
  std::string max_protocol;
  bool passphrase_command = false;  ///< one that also serves at a reload
};

/// What the server will go by after a reload.
TlsPlan plan_after_reload(const ServerView& view);

/// A file as the server's user met it. Move-only: it may be the key.
struct TlsFile {
  std::string problem;  ///< why it cannot be read, "" if it can
  uid_t uid = 0;
  mode_t mode = 0;
  base::Secret text;
};

/// Problems keep a reload from working; doubts may, in some version or build.
struct TlsVerdict {
  std::vector<std::string> problems;
  std::vector<std::string> doubts;
};

/// Judges the pair; `key` and `certificate` may be the same file read twice. Pure.
void judge_pair(const TlsPlan& plan, const TlsFile& certificate, const TlsFile& key, uid_t server,
                TlsVerdict& verdict);
/// Whom the server trusts. Pure.
void judge_trust(const std::string& path, const TlsFile& file, TlsVerdict& verdict);

/// The child's half of read_tls_files: the files, packed.
std::string read_packed(const std::vector<std::string>& paths);

/// Each as `user` meets it; an empty path is an empty file. Errors: of `ServerChild`.
base::Result<std::vector<TlsFile>> read_tls_files(const std::vector<std::string>& paths,
                                                  const host::OsUser& user, ServerChild& child);

/// Reads as `user` and judges all. Nothing to say where TLS will be off. Errors: of
/// `ServerChild`.
base::Result<TlsVerdict> check_tls_files(const TlsPlan& plan, const host::OsUser& user,
                                         ServerChild& child);

/// The verdict's problems as lines.
std::string lines_of(const std::vector<std::string>& items);

}  // namespace server
