// SPDX-License-Identifier: PostgreSQL
// The options behind a rule's method: which there are in a version, for which methods, and what the
// server keeps of their values (src/backend/libpq/hba.c, parse_hba_auth_opt).
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "hba/version.h"

namespace hba {

enum class Method : std::uint8_t {
  trust,
  reject,
  password,
  md5,
  scram,
  ident,
  peer,
  gss,
  sspi,
  pam,
  bsd,
  ldap,
  cert,
  radius,
  oauth,
};

/// What a rule asks of the client's certificate beside its method.
enum class Demand : std::uint8_t { none, verify_ca, verify_full };

struct AuthOptions {
  Demand certificate = Demand::none;
  bool by_distinguished_name = false;  ///< clientname=DN
  bool unread_url = false;             ///< an ldapurl whose parts only the server can tell
  /// The others by name. Flags are "1" or "0", whatever was written; of ldapurl its parts.
  std::map<std::string, std::string, std::less<>> values;

  [[nodiscard]] bool has(std::string_view name) const { return values.find(name) != values.end(); }
  /// The map by which names are judged; null where they are compared with the role's. An empty name
  /// is none (check_usermap).
  [[nodiscard]] const std::string* map() const {
    const auto found = values.find("map");
    return found == values.end() || found->second.empty() ? nullptr : &found->second;
  }
};

/// Where a server cannot take something it may say so in its log alone: then `error` is empty.
struct Refusal {
  bool refused = false;
  std::string error;
  std::string doubt;  ///< what only the server's resolver or libraries can tell; "" where nothing
};

/// Takes one "name=value" of a rule of `method` into `options`; `hostssl`: the rule's type.
Refusal take_option(std::string_view text, Method method, bool hostssl, const Version& version,
                    AuthOptions& options);
/// What must hold once all are taken, and what a method implies.
Refusal finish_options(Method method, const Version& version, AuthOptions& options);

/// The values by name as the server acts on them, without those that say what holds anyway
/// (src/backend/libpq/hba.c, parse_hba_line; auth.c).
std::map<std::string, std::string, std::less<>> without_defaults(Method method,
                                                                 const AuthOptions& options);

/// The column `options` of pg_hba_file_rules. The server shows the values of ldapbindpasswd and
/// radiussecrets there; here they are "********".
std::vector<std::string> shown_options(Method method, const Version& version,
                                       const AuthOptions& options);

}  // namespace hba
