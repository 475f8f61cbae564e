// SPDX-License-Identifier: PostgreSQL
// A connection as pg_hba.conf judges it: how it comes, who it says it is, what it wants (chapter
// "Client Authentication"), and the form in which people write one down.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "hba/address.h"

namespace admission {

enum class Transport : std::uint8_t { local, plain, tls, gss };

struct Connection {
  Transport transport = Transport::local;
  std::string user;
  std::string database;
  std::optional<hba::Address> address;  ///< null: a local one has none
  bool physical_replication = false;
  std::optional<std::string> certificate;  ///< the CN of a certificate that the server trusts
};

/// "type=host,user=app,database=shop,address=10.0.0.7,tls=on,certificate=app": pairs separated by
/// commas; a value with a comma or a quote stands in double quotes, doubled inside. The database is
/// the user's name where none is given, the type `host` where there is an address. Error usage
/// names the pair, and what does not go together: TLS on a socket, a certificate without TLS.
base::Result<Connection> parse_connection(std::string_view text);

/// In that form; every key that is not at its default.
std::string to_string(const Connection& connection);

}  // namespace admission
