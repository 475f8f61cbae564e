// SPDX-License-Identifier: PostgreSQL
#include "hba/options.h"

#include <fmt/format.h>
#include <stdlib.h>

#include <algorithm>
#include <array>
#include <optional>

#include "hba/address.h"
#include "hba/ldap_url.h"

namespace hba {
namespace {

enum class ValueKind { text, flag, clientcert, clientname, url, port, list, servers, ports };

constexpr unsigned bit(Method method) { return 1U << static_cast<unsigned>(method); }

struct OptionRow {
  std::string_view name;
  int since;
  unsigned methods;  ///< 0: any, where the type is hostssl
  std::string_view methods_text;
  ValueKind kind;
};

constexpr unsigned mapped = bit(Method::ident) | bit(Method::peer) | bit(Method::gss) |
                            bit(Method::sspi) | bit(Method::cert);
constexpr unsigned realms = bit(Method::gss) | bit(Method::sspi);

constexpr OptionRow rows[] = {
    {"map", 10, mapped, "ident, peer, gssapi, sspi, and cert", ValueKind::text},
    {"clientcert", 10, 0, "", ValueKind::clientcert},
    {"clientname", 14, 0, "", ValueKind::clientname},
    {"pamservice", 10, bit(Method::pam), "pam", ValueKind::text},
    {"pam_use_hostname", 10, bit(Method::pam), "pam", ValueKind::flag},
    {"ldapurl", 10, bit(Method::ldap), "ldap", ValueKind::url},
    {"ldaptls", 10, bit(Method::ldap), "ldap", ValueKind::flag},
    {"ldapscheme", 11, bit(Method::ldap), "ldap", ValueKind::text},
    {"ldapserver", 10, bit(Method::ldap), "ldap", ValueKind::text},
    {"ldapport", 10, bit(Method::ldap), "ldap", ValueKind::port},
    {"ldapbinddn", 10, bit(Method::ldap), "ldap", ValueKind::text},
    {"ldapbindpasswd", 10, bit(Method::ldap), "ldap", ValueKind::text},
    {"ldapsearchattribute", 10, bit(Method::ldap), "ldap", ValueKind::text},
    {"ldapsearchfilter", 11, bit(Method::ldap), "ldap", ValueKind::text},
    {"ldapbasedn", 10, bit(Method::ldap), "ldap", ValueKind::text},
    {"ldapprefix", 10, bit(Method::ldap), "ldap", ValueKind::text},
    {"ldapsuffix", 10, bit(Method::ldap), "ldap", ValueKind::text},
    {"krb_realm", 10, realms, "gssapi and sspi", ValueKind::text},
    {"include_realm", 10, realms, "gssapi and sspi", ValueKind::flag},
    {"compat_realm", 10, bit(Method::sspi), "sspi", ValueKind::flag},
    {"upn_username", 10, bit(Method::sspi), "sspi", ValueKind::flag},
    {"radiusservers", 10, bit(Method::radius), "radius", ValueKind::servers},
    {"radiusports", 10, bit(Method::radius), "radius", ValueKind::ports},
    {"radiussecrets", 10, bit(Method::radius), "radius", ValueKind::list},
    {"radiusidentifiers", 10, bit(Method::radius), "radius", ValueKind::list},
    {"issuer", 18, bit(Method::oauth), "oauth", ValueKind::text},
    {"scope", 18, bit(Method::oauth), "oauth", ValueKind::text},
    {"validator", 18, bit(Method::oauth), "oauth", ValueKind::text},
    {"delegate_ident_mapping", 18, bit(Method::oauth), "oauth", ValueKind::flag},
};

Refusal refused(std::string error) { return {true, std::move(error), ""}; }
Refusal refused_in_the_log_only() { return {true, "", ""}; }
Refusal only_the_server_knows(std::string what) { return {false, "", std::move(what)}; }

/// As SplitGUCList reads a list: null where it does not. `"a b"` is one item; none may be empty.
std::optional<std::vector<std::string>> split_list(std::string_view text) {
  const auto space = [](char c) { return c == ' ' || (c >= '\t' && c <= '\r'); };
  std::vector<std::string> items;
  std::size_t at = 0;
  const auto skip = [&] {
    while (at < text.size() && space(text[at])) ++at;
  };
  skip();
  if (at == text.size()) return items;
  for (;;) {
    std::string item;
    if (text[at] == '"') {
      for (++at;; ++at) {
        if (at >= text.size()) return std::nullopt;
        const bool quote = text[at] == '"';
        if (quote && (at + 1 >= text.size() || text[at + 1] != '"')) break;
        if (quote) ++at;
        item += text[at];
      }
      ++at;
    } else {
      while (at < text.size() && text[at] != ',' && !space(text[at])) item += text[at++];
      if (item.empty()) return std::nullopt;
    }
    items.push_back(std::move(item));
    skip();
    if (at >= text.size()) return items;
    if (text[at] != ',') return std::nullopt;
    ++at;
    skip();
    if (at >= text.size()) return std::nullopt;
  }
}

/// clientcert had three meanings: to 11, in 12 and 13, from 14 on.
Refusal take_clientcert(std::string_view value, Method method, const Version& version,
                        AuthOptions& options) {
  const bool cert = method == Method::cert;
  if (version.major < 12) {
    if (value != "1" && cert)
      return refused("clientcert can not be set to 0 when using \"cert\" authentication");
    options.certificate = value == "1" ? Demand::verify_ca : Demand::none;
    return {};
  }
  if (value == "verify-full") {
    options.certificate = Demand::verify_full;
    return {};
  }
  if (value == "verify-ca" || (value == "1" && version.major < 14)) {
    if (cert && version.major >= 14)
      return refused(
          "clientcert can only be set to \"verify-full\" when using \"cert\" authentication");
    options.certificate = Demand::verify_ca;
    return {};
  }
  if (version.major < 14 && (value == "0" || value == "no-verify")) {
    if (cert)
      return refused(
          fmt::format("clientcert {} be set to \"no-verify\" when using \"cert\" authentication",
                      version.major >= 13 ? "cannot" : "can not"));
    options.certificate = Demand::none;
    return {};
  }
  return refused_in_the_log_only();
}

Refusal take_url(std::string_view value, const Version& version, AuthOptions& options) {
  const auto url = parse_ldap_url(value);
  options.unread_url = !url;
  if (!url) return only_the_server_knows("how its LDAP library reads the URL");
  if (url->scheme != "ldap" && (url->scheme != "ldaps" || version.major < 11))
    return refused(fmt::format("unsupported LDAP URL scheme: {}", url->scheme));
  if (version.major < 11 && !url->filter.empty())
    return refused("filters not supported in LDAP URLs");
  auto& values = options.values;
  if (version.major >= 11) values["ldapscheme"] = url->scheme;
  if (!url->host.empty()) values["ldapserver"] = url->host;
  values["ldapport"] = std::to_string(url->port);
  if (url->base) values["ldapbasedn"] = *url->base;
  if (!url->attribute.empty()) values["ldapsearchattribute"] = url->attribute;
  values["ldapscope"] = std::to_string(url->scope);
  if (!url->filter.empty()) values["ldapsearchfilter"] = url->filter;
  return {};
}

Refusal take_port(const std::string& value, AuthOptions& options) {
  const int port = ::atoi(value.c_str());  // NOLINT(cert-err34-c): the server reads it so
  if (port == 0) return refused(fmt::format("invalid LDAP port number: \"{}\"", value));
  options.values["ldapport"] = std::to_string(port);
  return {};
}

Refusal take_list(const OptionRow& row, const std::string& value, AuthOptions& options) {
  const auto items = split_list(value);
  if (!items)
    return row.kind == ValueKind::ports
               ? refused(fmt::format("invalid RADIUS port number: \"{}\"", value))
               : refused_in_the_log_only();
  Refusal verdict;
  for (const std::string& item : *items) {
    // NOLINTNEXTLINE(cert-err34-c): the server reads it so
    if (row.kind == ValueKind::ports && ::atoi(item.c_str()) == 0) return refused_in_the_log_only();
    if (row.kind == ValueKind::servers &&
        read_address(item).state != NumericAddress::State::address)
      verdict = only_the_server_knows(
          fmt::format("whether its resolver knows the RADIUS server \"{}\"", item));
  }
  options.values[std::string(row.name)] = value;
  return verdict;
}

Refusal take(const OptionRow& row, const std::string& value, Method method, const Version& version,
             AuthOptions& options) {
  switch (row.kind) {
    case ValueKind::clientcert:
      return take_clientcert(value, method, version, options);
    case ValueKind::clientname:
      if (value != "CN" && value != "DN") return refused_in_the_log_only();
      options.by_distinguished_name = value == "DN";
      return {};
    case ValueKind::url:
      return take_url(value, version, options);
    case ValueKind::port:
      return take_port(value, options);
    case ValueKind::list:
    case ValueKind::servers:
    case ValueKind::ports:
      return take_list(row, value, options);
    case ValueKind::flag:
      options.values[std::string(row.name)] = value == "1" ? "1" : "0";
      return {};
    case ValueKind::text:
      break;
  }
  options.values[std::string(row.name)] = value;
  return {};
}

Refusal lacks(std::string_view method, std::string_view option) {
  return refused(fmt::format("authentication method \"{}\" requires argument \"{}\" to be set",
                             method, option));
}

Refusal finish_ldap(const Version& version, const AuthOptions& options) {
  const auto has = [&](std::string_view name) { return options.has(name); };
  if (options.unread_url) return {};
  // From 12 on OpenLDAP looks the server up in DNS.
  if (version.major < 12 && !has("ldapserver")) return lacks("ldap", "ldapserver");
  if (has("ldapprefix") || has("ldapsuffix")) {
    if (has("ldapbasedn") || has("ldapbinddn") || has("ldapbindpasswd") ||
        has("ldapsearchattribute") || has("ldapsearchfilter"))
      return refused(
          version.major >= 18 ? "cannot mix options for simple bind and search+bind modes"
          : version.major >= 11
              ? "cannot use ldapbasedn, ldapbinddn, ldapbindpasswd, ldapsearchattribute, "
                "ldapsearchfilter, or ldapurl together with ldapprefix"
              : "cannot use ldapbasedn, ldapbinddn, ldapbindpasswd, ldapsearchattribute, or "
                "ldapurl together with ldapprefix");
  } else if (!has("ldapbasedn")) {
    return refused(
        "authentication method \"ldap\" requires argument \"ldapbasedn\", \"ldapprefix\", or "
        "\"ldapsuffix\" to be set");
  }
  if (has("ldapsearchattribute") && has("ldapsearchfilter"))
    return refused("cannot use ldapsearchattribute together with ldapsearchfilter");
  return {};
}

std::size_t items_of(const AuthOptions& options, std::string_view name) {
  const auto found = options.values.find(name);
  return found == options.values.end() ? 0 : split_list(found->second)->size();
}

Refusal finish_radius(const AuthOptions& options) {
  const std::size_t servers = items_of(options, "radiusservers");
  if (servers == 0) return lacks("radius", "radiusservers");
  if (items_of(options, "radiussecrets") == 0) return lacks("radius", "radiussecrets");
  for (const std::string_view what : {"secrets", "ports", "identifiers"}) {
    const std::size_t items = items_of(options, fmt::format("radius{}", what));
    if (items > 1 && items != servers)
      return refused(fmt::format(
          "the number of RADIUS {} ({}) must be 1 or the same as the number of RADIUS servers ({})",
          what, items, servers));
  }
  return {};
}

Refusal finish_oauth(const AuthOptions& options) {
  if (!options.has("scope")) return lacks("oauth", "scope");
  if (!options.has("issuer")) return lacks("oauth", "issuer");
  const auto delegated = options.values.find("delegate_ident_mapping");
  if (delegated != options.values.end() && delegated->second == "1" && options.has("map"))
    return refused("map cannot be used in combination with delegate_ident_mapping");
  return only_the_server_knows("whether oauth_validator_libraries names a validator for it");
}

/// Since the minor releases of February 2025.
bool shows_scheme(const Version& version) {
  constexpr std::array<int, 5> since = {19, 16, 11, 7, 3};  // 13 to 17
  if (version.major < 13 || version.major > 17) return version.major > 17;
  return version.minor >= since[static_cast<std::size_t>(version.major - 13)];
}

std::string shown_demand(Method method, const Version& version, Demand demand) {
  if (version.major < 12) return "clientcert=true";
  const bool early =
      (version.major == 12 && version.minor < 10) || (version.major == 13 && version.minor < 6);
  const bool ca = demand == Demand::verify_ca || (method == Method::cert && early);
  return ca ? "clientcert=verify-ca" : "clientcert=verify-full";
}

/// Where nothing is said the server acts as if this were.
struct Default {
  Method method;
  std::string_view name;
  std::string_view value;
};

constexpr Default defaults[] = {
    {Method::gss, "include_realm", "1"},
    {Method::gss, "krb_realm", ""},
    {Method::sspi, "include_realm", "1"},
    {Method::sspi, "krb_realm", ""},
    {Method::sspi, "compat_realm", "1"},
    {Method::sspi, "upn_username", "0"},
    {Method::pam, "pamservice", "postgresql"},
    {Method::pam, "pamservice", ""},
    {Method::pam, "pam_use_hostname", "0"},
    {Method::ldap, "ldapscheme", "ldap"},
    {Method::ldap, "ldapserver", ""},
    {Method::ldap, "ldaptls", "0"},
    {Method::ldap, "ldapprefix", ""},
    {Method::ldap, "ldapsuffix", ""},
    {Method::ldap, "ldapbinddn", ""},
    {Method::ldap, "ldapbindpasswd", ""},
    {Method::ldap, "ldapsearchattribute", "uid"},
    {Method::radius, "radiusports", "1812"},
    {Method::radius, "radiusidentifiers", "postgresql"},
    {Method::oauth, "delegate_ident_mapping", "0"},
};

}  // namespace

std::map<std::string, std::string, std::less<>> without_defaults(Method method,
                                                                 const AuthOptions& options) {
  auto made = options.values;
  if (options.map() == nullptr) made.erase("map");
  // An empty ldapprefix says that users are not searched for, where there is no ldapsuffix.
  const bool both = options.has("ldapprefix") && options.has("ldapsuffix");
  const bool secure = options.has("ldapscheme") && options.values.at("ldapscheme") == "ldaps";
  for (const Default& each : defaults) {
    const auto found = made.find(each.name);
    if (each.method != method || found == made.end() || found->second != each.value) continue;
    const bool needed = each.name == "ldapprefix" || each.name == "ldapsuffix";
    if (!needed || both) made.erase(found);
  }
  if (const auto port = made.find("ldapport");
      port != made.end() && port->second == (secure ? "636" : "389"))
    made.erase(port);
  return made;
}

Refusal take_option(std::string_view text, Method method, bool hostssl, const Version& version,
                    AuthOptions& options) {
  const std::size_t equals = text.find('=');
  if (equals == std::string_view::npos)
    return refused(fmt::format("authentication option not in name=value format: {}", text));
  const std::string_view name = text.substr(0, equals);
  const std::string value(text.substr(equals + 1));
  // Every option puts the scope that an ldapurl before it gave back to "subtree".
  if (method == Method::ldap) options.values["ldapscope"] = "2";
  const auto row = std::find_if(std::begin(rows), std::end(rows), [&](const OptionRow& each) {
    return each.name == name && each.since <= version.major;
  });
  if (row == std::end(rows))
    return refused(fmt::format("unrecognized authentication option name: \"{}\"", name));
  if (row->methods == 0 && !hostssl)
    return refused(fmt::format("{} can only be configured for \"hostssl\" rows", name));
  const bool maps_oauth = name == "map" && version.major >= 18;
  const unsigned methods = row->methods | (maps_oauth ? bit(Method::oauth) : 0);
  if (methods != 0 && (methods & bit(method)) == 0)
    return refused(fmt::format(
        "authentication option \"{}\" is only valid for authentication methods {}", name,
        maps_oauth ? "ident, peer, gssapi, sspi, cert, and oauth" : row->methods_text));
  return take(*row, value, method, version, options);
}

Refusal finish_options(Method method, const Version& version, AuthOptions& options) {
  if (method == Method::cert) options.certificate = Demand::verify_full;
  if (method == Method::ldap) return finish_ldap(version, options);
  if (method == Method::radius) return finish_radius(options);
  if (method == Method::oauth) return finish_oauth(options);
  return {};
}

std::vector<std::string> shown_options(Method method, const Version& version,
                                       const AuthOptions& options) {
  std::vector<std::string> shown;
  const auto value_of = [&](std::string_view name) -> const std::string* {
    const auto found = options.values.find(name);
    return found == options.values.end() ? nullptr : &found->second;
  };
  const auto show = [&](std::string_view name) {
    const bool secret = name == "ldapbindpasswd" || name == "radiussecrets";
    if (const std::string* value = value_of(name); value != nullptr)
      shown.push_back(fmt::format("{}={}", name, secret ? "********" : *value));
  };
  if (method == Method::gss || method == Method::sspi) {
    const std::string* realm = value_of("include_realm");
    if (realm == nullptr || *realm == "1") shown.emplace_back("include_realm=true");
    show("krb_realm");
  }
  show("map");
  if (options.certificate != Demand::none)
    shown.push_back(shown_demand(method, version, options.certificate));
  show("pamservice");
  for (const std::string_view name : {"ldapserver", "ldapport"}) show(name);
  if (shows_scheme(version)) show("ldapscheme");
  if (const std::string* tls = value_of("ldaptls"); tls != nullptr && *tls == "1")
    shown.emplace_back("ldaptls=true");
  for (const std::string_view name : {"ldapprefix", "ldapsuffix", "ldapbasedn", "ldapbinddn",
                                      "ldapbindpasswd", "ldapsearchattribute", "ldapsearchfilter"})
    show(name);
  if (const std::string* scope = value_of("ldapscope"); scope != nullptr && *scope != "0")
    show("ldapscope");
  for (const std::string_view name : {"radiusservers", "radiussecrets", "radiusidentifiers",
                                      "radiusports", "issuer", "scope", "validator"})
    show(name);
  if (const std::string* flag = value_of("delegate_ident_mapping"); flag != nullptr && *flag == "1")
    shown.emplace_back("delegate_ident_mapping=true");
  return shown;
}

}  // namespace hba
