// SPDX-License-Identifier: PostgreSQL
#include "server_log/connection.h"

namespace server_log {

std::optional<hba::Address> address_of(const Connection& connection) {
  if (connection.host.empty() || by_socket(connection)) return std::nullopt;
  const hba::NumericAddress read =
      hba::read_address(connection.host.substr(0, connection.host.find('%')));
  if (read.state != hba::NumericAddress::State::address) return std::nullopt;
  return read.address;
}

bool by_socket(const Connection& connection) { return connection.host == "[local]"; }

}  // namespace server_log
