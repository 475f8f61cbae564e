// SPDX-License-Identifier: PostgreSQL
// One rule of pg_hba.conf: a line's fields understood, or the server's words about why they are not
// (src/backend/libpq/hba.c, parse_hba_line).
#pragma once

#include <optional>
#include <string>

#include "hba/address.h"
#include "hba/options.h"
#include "hba/tokens.h"

namespace hba {

enum class ConnectionType : std::uint8_t {
  local,
  host,
  hostssl,
  hostnossl,
  hostgssenc,
  hostnogssenc,
};

struct AddressSpec {
  enum class Kind : std::uint8_t { none, all, samehost, samenet, network, name };
  Kind kind = Kind::none;
  Address address;  ///< of a network, as written: bits below the mask stay
  Address mask;
  std::string name;
};

struct Rule {
  ConnectionType type = ConnectionType::local;
  Field databases;
  Field users;
  AddressSpec address;
  Method method = Method::reject;
  AuthOptions options;
};

const char* to_string(ConnectionType type);
const char* to_string(Method method);

/// How the server was built and set, as far as its rules depend on it.
struct ServerTraits {
  bool ssl = true;
  bool db_user_namespace = false;  ///< to 16
};

struct ParsedRule {
  std::optional<Rule> rule;  ///< null: the server refuses the line
  std::string error;         ///< the view's; with a rule it is a warning
  std::string doubt;  ///< what only the server can tell, so whether it loads; "" where nothing
};

/// The fields of a line without an error of its own. A rule takes its databases and users out of
/// them.
ParsedRule parse_rule(std::vector<Field>& fields, const Version& version,
                      const ServerTraits& traits);

}  // namespace hba
