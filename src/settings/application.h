// SPDX-License-Identifier: PostgreSQL
// What an application's own settings file says of its connections: a YAML file as Rails has it
// (database.yml), an environment file, or a connection string. Only what decides about TLS is taken
// out; passwords are never looked at.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace settings {

struct ApplicationConnection {
  std::string where;  ///< "production.primary", "DATABASE_URL", "" where the file is one connection
  std::string host;   ///< as written; "" or a path means a socket
  std::string port;
  std::string database;
  std::string user;
  std::string sslmode;  ///< "" not written: libpq then takes "prefer"
  bool operator==(const ApplicationConnection&) const = default;
};

/// The connections of a settings file, by what its text is: YAML where `path` ends in .yml or
/// .yaml. Of a YAML file with a "production" only that. Empty where it names none. Error (parse),
/// which never repeats any of the text, where the file cannot be understood.
base::Result<std::vector<ApplicationConnection>> parse_application_settings(std::string_view path,
                                                                            std::string_view text);

/// Sets what `keyword` (libpq's or a framework's name of it, any case) means in `connection`.
void set_application_value(ApplicationConnection& connection, std::string_view keyword,
                           std::string_view value);

/// The YAML half of it (YAML 1.1, libyaml): every mapping that looks like a connection.
base::Result<std::vector<ApplicationConnection>> yaml_connections(std::string_view text);

}  // namespace settings
