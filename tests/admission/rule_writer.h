// SPDX-License-Identifier: PostgreSQL
// Random rules of a small world: every connection type, every form of names and addresses, what is
// asked of a certificate, by which map. And all addresses from which that world is tried.
#pragma once

#include <fmt/format.h>

#include <string>
#include <vector>

#include "admission/connection.h"
#include "admission/small_world.h"
#include "hba/address.h"
#include "hba/version.h"

namespace small_world {

inline const Pool expressions = {
    "/^a$",     "/a",     "/^some", "/^$",         "/^[ab]$",       "/",     "\"/^(a|g)$\"",
    "/(?i)^A$", "/^[^a]", "/^.$",   "\"/^b?.+$\"", "\"/^a{1,2}$\"", "/a|^h", "/\\w"};
/// What only the server can tell.
inline const Pool elsewhere = {"samehost", "samenet", "db.example", ".example"};

class RuleWriter : public Dice {
 public:
  struct Kind {
    hba::Version version;
    bool with_expressions = false;
    bool with_elsewhere = false;  ///< addresses that only the server knows
    bool with_quoted = true;      ///< words of the language that quotes make names
  };
  RuleWriter(std::uint64_t seed, Kind kind) : Dice(seed), kind_(kind) {}

  [[nodiscard]] const hba::Version& version() const { return kind_.version; }

  std::vector<std::string> file(std::size_t most_rules) {
    std::vector<std::string> lines;
    for (std::size_t left = 1 + below(most_rules); left > 0; --left) lines.push_back(rule());
    return lines;
  }

  std::string rule() {
    const std::string& type = one_of(types);
    return fmt::format("{} {} {} {} {}", type, list_of(databases_), list_of(users_),
                       type == "local" ? "" : address(), verdict(type));
  }

  /// Lines of pg_ident.conf for the maps m and n.
  std::string maps() {
    static const Pool names = {"a", "b", "/^(.)$", "/^[ab]$", "g", "/^x(.*)$"};
    static const Pool roles = {"a", "b", "\\1", "all", "+g", "g"};
    std::string text;
    for (std::size_t left = below(4); left > 0; --left)
      text += fmt::format("{} {} {}\n", below(2) == 0 ? "m" : "n", one_of(names), one_of(roles));
    return text;
  }

 private:
  std::string list_of(const Pool& pool) {
    std::string made = name_of(pool);
    for (std::size_t more = below(8); more < 2; ++more) made += "," + name_of(pool);
    return made;
  }
  const std::string& name_of(const Pool& pool) {
    if (kind_.with_expressions && below(4) == 0) return one_of(expressions);
    for (;;)
      if (const std::string& name = one_of(pool); kind_.with_quoted || !name.starts_with('"'))
        return name;
  }

  /// Fixed ones that meet each other often, or any network or mask of sixteen addresses.
  std::string address() {
    if (kind_.with_elsewhere && below(5) == 0) return one_of(elsewhere);
    const std::size_t low = below(16);
    switch (below(8)) {
      case 0:
        return fmt::format("10.0.0.{}/{}", low, 28 + below(5));
      case 1:
        return fmt::format("::{:x}/{}", low, 124 + below(5));
      case 2:
        return fmt::format("10.0.0.{} 255.255.255.{}", low, 240 + below(16));
      case 3:
        return fmt::format("::{:x} ffff:ffff:ffff:ffff:ffff:ffff:ffff:fff{:x}", low, below(16));
      default:
        return one_of(addresses);
    }
  }

  std::string verdict(const std::string& type) {
    static const Pool of_all = {"reject",        "reject", "reject",  "trust",
                                "scram-sha-256", "md5",    "password"};
    static const Pool of_tls = {"cert",
                                "cert map=m",
                                "cert map=n",
                                "scram-sha-256 clientcert=verify-ca",
                                "scram-sha-256 clientcert=verify-full",
                                "trust clientcert=verify-full",
                                "reject clientcert=verify-ca",
                                "md5 clientcert=verify-ca"};
    static const Pool of_new_tls = {"cert clientname=DN map=m",
                                    "scram-sha-256 clientcert=verify-full clientname=DN"};
    if (type == "hostgssenc" && below(3) == 0) return below(2) == 0 ? "gss" : "gss map=m";
    if (type == "local" && below(3) == 0) return below(2) == 0 ? "peer" : "peer map=n";
    if (type != "hostssl" || below(2) == 0) return one_of(of_all);
    return kind_.version.major >= 14 && below(8) == 0 ? one_of(of_new_tls) : one_of(of_tls);
  }

  static inline const Pool databases_ = {"all",
                                         "all",
                                         "all",
                                         "a",
                                         "b,g",
                                         "sameuser",
                                         "samerole",
                                         "samegroup",
                                         "h",
                                         "replication",
                                         "all,replication",
                                         "\"samerole\"",
                                         "\"all\"",
                                         "\"replication\""};
  static inline const Pool users_ = {"all", "all", "all", "a",      "b",       "a,b", "+g",
                                     "+h",  "g",   "+a",  "\"+g\"", "\"all\"", "h,+b"};

  Kind kind_;
};

/// Users and databases; words that stand in quotes are names as well.
inline const Pool every_name = {"a", "b",   "g",  "h",        "f",
                                "k", "all", "+g", "samerole", "replication"};
/// Of whom each may be in each group only so few are tried.
inline const Pool& names_of(const admission::Roles& roles) {
  return roles.known() ? every_name : everybody;
}

/// Each of sixteen of both families, and the one behind them.
inline std::vector<hba::Address> every_address() {
  std::vector<hba::Address> made;
  for (int i = 0; i < 17; ++i)
    made.push_back(hba::read_address(fmt::format("10.0.0.{}", i)).address);
  for (int i = 0; i < 17; ++i) made.push_back(hba::read_address(fmt::format("::{:x}", i)).address);
  return made;
}

/// Visits a user's connections: by every way, from every address, to every database. Ends where the
/// visit says true, and says so.
template <class Visit>
bool any_connection(const std::string& user, const Pool& names, const Visit& visit) {
  using admission::Transport;
  static const std::vector<hba::Address> from = every_address();
  admission::Connection asked;
  asked.user = user;
  const auto any_database = [&] {
    asked.physical_replication = false;
    for (const std::string& database : names) {
      asked.database = database;
      if (visit(asked)) return true;
    }
    asked.physical_replication = true;
    asked.database = user;
    return visit(asked);
  };
  if (any_database()) return true;
  for (const Transport transport : {Transport::plain, Transport::tls, Transport::gss})
    for (const hba::Address& address : from) {
      asked.transport = transport;
      asked.address = address;
      if (any_database()) return true;
    }
  return false;
}

}  // namespace small_world
