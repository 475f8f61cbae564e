// SPDX-License-Identifier: PostgreSQL
#include "hba/ldap_url.h"

#include <charconv>
#include <vector>

#include "base/text.h"

namespace hba {
namespace {

std::optional<int> scope_of(std::string_view word) {
  if (word.empty() || word == "base") return 0;
  if (word == "one" || word == "onelevel") return 1;
  if (word == "sub" || word == "subtree") return 2;
  return std::nullopt;
}

bool take_place(std::string_view place, LdapUrl& url) {
  const std::size_t colon = place.rfind(':');
  url.port = url.scheme == "ldaps" ? 636 : 389;
  if (place.find('[') != std::string_view::npos) return false;
  if (colon != std::string_view::npos) {
    const std::string_view port = place.substr(colon + 1);
    const auto read = std::from_chars(port.data(), port.data() + port.size(), url.port);
    if (port.empty() || read.ec != std::errc() || read.ptr != port.data() + port.size() ||
        url.port < 1 || url.port > 65535)
      return false;
  }
  const auto host = base::percent_decoded(place.substr(0, colon));
  if (!host) return false;
  url.host = *host;
  return true;
}

}  // namespace

std::optional<LdapUrl> parse_ldap_url(std::string_view text) {
  const std::size_t mark = text.find("://");
  if (mark == std::string_view::npos) return std::nullopt;
  LdapUrl url;
  url.scheme = base::lower(text.substr(0, mark));
  if (url.scheme != "ldap" && url.scheme != "ldaps") return std::nullopt;
  const std::string_view rest = text.substr(mark + 3);
  const std::size_t slash = rest.find('/');
  if (!take_place(rest.substr(0, slash), url)) return std::nullopt;
  if (slash == std::string_view::npos) return url;
  const auto parts = base::split(rest.substr(slash + 1), '?');
  if (parts.size() > 4) return std::nullopt;
  const auto part = [&](std::size_t i) { return i < parts.size() ? parts[i] : std::string_view(); };
  const auto base_name = base::percent_decoded(part(0));
  const auto attribute = base::percent_decoded(part(1).substr(0, part(1).find(',')));
  const auto scope = scope_of(part(2));
  const auto filter = base::percent_decoded(part(3));
  if (!base_name || !attribute || !scope || !filter) return std::nullopt;
  if (parts.size() == 4 && filter->empty()) return std::nullopt;
  url.base = *base_name;
  url.attribute = *attribute;
  url.scope = *scope;
  url.filter = *filter;
  return url;
}

}  // namespace hba
