// SPDX-License-Identifier: PostgreSQL
// What a server tells of itself that its rules are judged by, where one was asked.
#pragma once

#include <set>
#include <string>

namespace hba_lint {

struct ServerFacts {
  std::set<std::string, std::less<>> roles;
  std::set<std::string, std::less<>> superusers;
  std::set<std::string, std::less<>> databases;
  bool client_authority = false;    ///< ssl_ca_file is set
  std::string password_encryption;  ///< "md5", "scram-sha-256"
  std::string listen_addresses;
};

}  // namespace hba_lint
