// SPDX-License-Identifier: PostgreSQL
// Host names and addresses as subject alternative names carry them (RFC 5280 4.2.1.6), and the
// subject as PostgreSQL shows it.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace x509 {

/// pg_stat_ssl cuts client_dn and issuer_dn here (NAMEDATALEN - 1).
inline constexpr std::size_t postgresql_name_bytes = 63;
/// RFC 5280 appendix A, ub-common-name and ub-organization-name, in characters.
inline constexpr std::size_t common_name_characters = 64;

/// A host name by RFC 1123 section 2.1 in its preferred form: labels of letters, digits and inner
/// hyphens, 1 to 63 each, 253 in all, no dot at the end; no wildcard, no underscore, and the last
/// label not all digits, so that no address passes for a name.
bool valid_dns_name(std::string_view name);

/// The 4 or 16 bytes of an iPAddress, null for anything that inet_pton(3) refuses (so no zone
/// "%eth0", no prefix "/24", no leading zeros).
std::optional<std::string> parse_ip(std::string_view text);

/// "192.0.2.1", "2001:db8::1"; bytes of any other length come back as "hex:…".
std::string format_ip(std::string_view bytes);

/// `address` as inet_ntop(3) writes it, IPv4 also where it comes mapped into IPv6 (RFC 4291
/// 2.5.5.2), a zone (RFC 4007) taken off; empty where it is no address.
std::string canonical_address(std::string_view address);

}  // namespace x509
