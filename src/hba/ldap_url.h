// SPDX-License-Identifier: PostgreSQL
// The LDAP URL (RFC 4516) of the option ldapurl, as far as the server keeps its parts.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace hba {

struct LdapUrl {
  std::string scheme;
  std::string host;
  int port = 0;                     ///< the scheme's where none is written
  std::optional<std::string> base;  ///< null where nothing follows the host
  std::string attribute;            ///< the first
  int scope = 0;                    ///< 0 base, 1 one, 2 sub (ldap.h)
  std::string filter;
};

/// Null where it is not plainly "scheme://host:port/dn?attributes?scope?filter": how OpenLDAP reads
/// the rest (critical extensions, "ldapi", encloses in "<URL:…>") is its own.
std::optional<LdapUrl> parse_ldap_url(std::string_view text);

}  // namespace hba
