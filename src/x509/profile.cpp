// SPDX-License-Identifier: PostgreSQL
#include "x509/profile.h"

#include <fmt/format.h>

#include <array>
#include <charconv>

#include "base/text.h"
#include "x509/certificate.h"
#include "x509/distinguished_name.h"
#include "x509/names.h"

namespace x509 {
namespace {

// RFC 5280 4.2.1.9: pathLenConstraint 0 lets an authority issue leaves and no further authority.
constexpr int leaves_only = 0;
constexpr int absent = -1;

// RFC 5280 4.2.1.3. Leaves sign the handshake and nothing more: TLS 1.3 and the ECDHE suites of TLS
// 1.2 have no use for keyEncipherment (RFC 8446 4.4.2.2). Authorities carry no extended usage: what
// keeps the two sides apart is that each trusts only its own root.
constexpr std::uint16_t signs_others = key_cert_sign | crl_sign;
constexpr std::array<Profile, 4> profiles = {{
    {ProfileName::server, false, absent, digital_signature, "serverAuth", true, false},
    {ProfileName::client, false, absent, digital_signature, "clientAuth", false, true},
    {ProfileName::server_authority, true, leaves_only, signs_others, "", false, true},
    {ProfileName::client_authority, true, leaves_only, signs_others, "", false, true},
}};

}  // namespace

std::string_view to_string(ProfileName name) {
  switch (name) {
    case ProfileName::server:
      return "server";
    case ProfileName::client:
      return "client";
    case ProfileName::server_authority:
      return "server authority";
    case ProfileName::client_authority:
      return "client authority";
  }
  return {};
}

const Profile& profile(ProfileName name) { return profiles.at(static_cast<std::size_t>(name)); }

std::string slash_form(const Subject& subject) {
  const auto texts = read_name(write_name(subject));
  return texts ? texts->slash : std::string();
}

ProfileName authority_profile(AuthorityKind kind) {
  return kind == AuthorityKind::server ? ProfileName::server_authority
                                       : ProfileName::client_authority;
}

ProfileName leaf_profile(AuthorityKind kind) {
  return kind == AuthorityKind::server ? ProfileName::server : ProfileName::client;
}

int authority_generation(std::string_view subject, std::string_view environment) {
  for (const AuthorityKind kind : {AuthorityKind::server, AuthorityKind::client}) {
    std::string before = slash_form(
        {std::string(environment), fmt::format("pgseal {} 1", to_string(authority_profile(kind)))});
    before.pop_back();  // a space at the end would be spelled out
    if (!subject.starts_with(before)) continue;
    const std::string_view digits = subject.substr(before.size());
    int number = 0;
    const auto [end, failed] = std::from_chars(digits.begin(), digits.end(), number);
    const bool whole = failed == std::errc() && end == digits.end();
    return whole && number > 0 && number < last_generation ? number : 0;
  }
  return 0;
}

base::Result<Subject> authority_subject(AuthorityKind kind, std::string_view environment,
                                        int generation) {
  Subject subject{std::string(environment),
                  fmt::format("pgseal {} {}", to_string(authority_profile(kind)), generation)};
  const std::string shown = slash_form(subject);
  if (shown.size() <= postgresql_name_bytes) return subject;
  return base::error(base::Code::config_value,
                     fmt::format("environment name \"{}\" is too long for an authority",
                                 base::printable_line(environment)))
      .with_detail(fmt::format("PostgreSQL shows \"{}\" cut to {} bytes, and a new authority would "
                               "read like the old one.",
                               shown, postgresql_name_bytes))
      .with_hint(
          fmt::format("Shorten the name by {} bytes.", shown.size() - postgresql_name_bytes));
}

}  // namespace x509
