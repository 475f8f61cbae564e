// SPDX-License-Identifier: PostgreSQL
#include "configuration/checks.h"

#include <algorithm>
#include <charconv>

#include "base/text.h"
#include "x509/names.h"

namespace configuration {
namespace {

constexpr std::size_t environment_name_limit = 25;
constexpr std::size_t user_name_limit = 255;  // LOGIN_NAME_MAX without its NUL
constexpr std::size_t path_limit = 4095;      // PATH_MAX without its NUL

bool is_lower(char c) { return c >= 'a' && c <= 'z'; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_letter(char c) { return is_lower(c) || (c >= 'A' && c <= 'Z'); }
bool one_of(char c, std::string_view set) { return set.find(c) != std::string_view::npos; }

template <class Predicate>
bool all(std::string_view text, Predicate predicate) {
  return std::all_of(text.begin(), text.end(), predicate);
}

}  // namespace

std::optional<Objection> check_words(std::string_view value) {
  if (value.empty()) return Objection{"is empty", ""};
  if (all(value, [](char c) { return c >= ' ' && c <= '~'; })) return std::nullopt;
  // Whatever printable_line would have to spell out does not belong into names and paths.
  if (base::printable_line(value) != value)
    return Objection{"has control or direction characters", ""};
  return std::nullopt;
}

std::optional<Objection> check_environment_name(std::string_view value) {
  const bool shaped = !value.empty() && value.size() <= environment_name_limit &&
                      value.front() != '-' &&
                      all(value, [](char c) { return is_lower(c) || is_digit(c) || c == '-'; });
  if (shaped) return std::nullopt;
  return Objection{
      "is not 1 to 25 lower-case letters, digits and inner hyphens",
      "It stands in the authorities' names, of which pg_stat_ssl shows 63 bytes, and in paths."};
}

std::optional<Objection> check_host_name(std::string_view value) {
  if (x509::valid_dns_name(value) || x509::parse_ip(value)) return std::nullopt;
  if (value.starts_with("*."))
    return Objection{"is neither a host name nor an address",
                     "Wildcards are not used: whoever holds such a key is every host at once."};
  if (value.find('_') != std::string_view::npos)
    return Objection{"is neither a host name nor an address",
                     "A host name has no underscore (RFC 1123 section 2.1)."};
  return Objection{"is neither a host name nor an address", ""};
}

std::optional<Objection> check_link(std::string_view value) {
  constexpr std::string_view scheme = "ssh:";
  if (value == "local") return std::nullopt;
  if (!value.starts_with(scheme))
    return Objection{"is neither \"local\" nor \"ssh:DESTINATION\"",
                     "Write \"ssh:\" and what you would give to ssh, or \"local\" for this host."};
  const std::string_view destination = value.substr(scheme.size());
  if (destination.empty()) return Objection{"has no destination after \"ssh:\"", ""};
  if (destination.front() == '-')
    return Objection{"has a destination that ssh would take for an option",
                     "Options belong into options of [ssh]."};
  if (destination.find(' ') != std::string_view::npos)
    return Objection{"has a space in its destination", "Options belong into options of [ssh]."};
  return std::nullopt;
}

std::optional<Objection> check_os_user(std::string_view value) {
  // shadow-utils' rule for new users, widened by what directory services hand out
  // ("user@example.com", "EXAMPLE\user", "First.Last").
  const bool ends_in_dollar = value.ends_with('$');
  const std::string_view stem = value.substr(0, value.size() - (ends_in_dollar ? 1 : 0));
  const bool shaped =
      !stem.empty() && value.size() <= user_name_limit && stem.front() != '-' &&
      stem.front() != '.' && !all(stem, is_digit) &&
      all(stem, [](char c) { return is_letter(c) || is_digit(c) || one_of(c, "_.-@+\\"); });
  if (shaped) return std::nullopt;
  return Objection{"is no name of an operating system user", ""};
}

std::optional<Objection> check_role(std::string_view value) {
  // NAMEDATALEN - 1; a common name could have 64 characters (RFC 5280, ub-common-name).
  if (value.size() > x509::postgresql_name_bytes)
    return Objection{"is longer than the 63 bytes of a role name", ""};
  if (value.find('/') != std::string_view::npos || value.starts_with('.'))
    return Objection{"begins with a dot or has a slash", "The name also becomes a folder's."};
  if (value.starts_with("pg_"))
    return Objection{"begins with \"pg_\", which PostgreSQL keeps for itself", ""};
  return std::nullopt;
}

std::optional<Objection> check_database(std::string_view value) {
  if (value.size() > x509::postgresql_name_bytes)
    return Objection{"is longer than the 63 bytes of a database name", ""};
  return std::nullopt;
}

std::optional<Objection> check_network(std::string_view value) {
  const Objection objection{"is neither an address nor a network",
                            "Write it as pg_hba.conf does: \"10.7.0.0/16\" or \"10.7.0.40\"."};
  const std::size_t slash = value.find('/');
  const auto address = x509::parse_ip(value.substr(0, slash));
  if (!address) return objection;
  if (slash == std::string_view::npos) return std::nullopt;
  const std::string_view length = value.substr(slash + 1);
  unsigned bits = 0;
  const auto [end, failure] = std::from_chars(length.data(), length.data() + length.size(), bits);
  if (failure != std::errc() || end != length.data() + length.size() || bits > address->size() * 8)
    return objection;
  return std::nullopt;
}

std::optional<Objection> check_absolute_path(std::string_view value) {
  if (!value.starts_with('/'))
    return Objection{"is not an absolute path", "It is a path on the host, not beside this file."};
  if (value.size() > path_limit) return Objection{"is longer than a path can be", ""};
  for (const std::string_view part : base::split(value, '/'))
    if (part == "..") return Objection{"goes up by \"..\"", ""};
  return std::nullopt;
}

std::optional<Objection> check_finding_code(std::string_view value) {
  const bool shaped = value.find('.') != std::string_view::npos && all(value, [](char c) {
                        return is_lower(c) || is_digit(c) || one_of(c, ".-_");
                      });
  if (shaped) return std::nullopt;
  return Objection{"is no code of a finding",
                   "It is the word that stands beside a finding, like \"hba.trust-local\"."};
}

}  // namespace configuration
