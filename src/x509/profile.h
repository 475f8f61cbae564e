// SPDX-License-Identifier: PostgreSQL
// Certificate profiles as data: what each kind of certificate must carry, with the clause beside
// it. The issuer writes by it and the lint reads by it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace x509 {

enum class ProfileName : std::uint8_t { server, client, server_authority, client_authority };

std::string_view to_string(ProfileName name);  ///< "server", "client", "server authority", …

struct Profile {
  ProfileName name;
  bool authority;            ///< RFC 5280 4.2.1.9: cA
  int path_length;           ///< RFC 5280 4.2.1.9; -1: absent. 0: issues leaves directly
  std::uint16_t key_usage;   ///< RFC 5280 4.2.1.3, bits of KeyUsage
  std::string_view purpose;  ///< RFC 5280 4.2.1.12: the one extended usage; empty: none at all
  bool names_required;       ///< RFC 9525 section 4: identities stand in the SAN
  bool shown_by_postgresql;  ///< its subject appears in pg_stat_ssl, cut to 63 bytes
};

const Profile& profile(ProfileName name);

/// What a subject is made of; an empty organization is left out.
struct Subject {
  std::string organization;
  std::string common_name;
  bool operator==(const Subject&) const = default;
};

/// Subject as PostgreSQL shows it, "/O=shop/CN=app", not cut.
std::string slash_form(const Subject& subject);

enum class AuthorityKind : std::uint8_t { server, client };
ProfileName authority_profile(AuthorityKind kind);
ProfileName leaf_profile(AuthorityKind kind);

/// Higher ones are nobody's: a number that a host shows is a stranger's word.
inline constexpr int last_generation = 9999;

/// The generation in a subject of an authority of that environment, in slash form; 0: it is none.
int authority_generation(std::string_view subject, std::string_view environment);

/// "/O=<environment>/CN=pgseal server authority <generation>". A new generation is a new name, or
/// pg_stat_ssl.issuer_dn could not prove a rotation. Error Code::config_value where it passes 63
/// bytes: cut, old and new would read alike.
base::Result<Subject> authority_subject(AuthorityKind kind, std::string_view environment,
                                        int generation);

}  // namespace x509
