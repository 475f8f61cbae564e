// SPDX-License-Identifier: PostgreSQL
#include "settings/application.h"

#include <algorithm>

#include "base/text.h"
#include "settings/conninfo.h"

namespace settings {
namespace {

using base::Result;

bool is_uri(std::string_view text) {
  return text.starts_with("postgres://") || text.starts_with("postgresql://");
}

Result<ApplicationConnection> from_conninfo(std::string_view text, std::string where) {
  const Conninfo parsed = TRY(parse_conninfo(text));
  ApplicationConnection connection;
  connection.where = std::move(where);
  for (const ConninfoItem& item : parsed.items)
    set_application_value(connection, item.keyword, item.value);
  return connection;
}

/// What a shell would make of one word's quotes; nothing is expanded.
std::string_view unquoted(std::string_view value) {
  value = base::trim(value);
  const bool quoted = value.size() >= 2 && (value.front() == '"' || value.front() == '\'') &&
                      value.back() == value.front();
  return quoted ? value.substr(1, value.size() - 2) : value;
}

bool is_name(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
  });
}

/// KEY=VALUE lines: libpq's own variables (libpq-envars) make one connection, each URI another.
Result<std::vector<ApplicationConnection>> from_environment(std::string_view text) {
  std::vector<ApplicationConnection> found;
  ApplicationConnection variables;
  variables.where = "PG*";
  bool any = false;
  for (std::string_view line : base::split(text, '\n')) {
    line = base::trim(line);
    if (line.starts_with("export ")) line = base::trim(line.substr(7));
    const std::size_t equals = line.find('=');
    if (line.starts_with('#') || equals == std::string_view::npos) continue;
    const std::string_view key = line.substr(0, equals);
    const std::string_view value = unquoted(line.substr(equals + 1));
    if (!is_name(key)) continue;
    if (is_uri(value)) {
      found.push_back(TRY(from_conninfo(value, std::string(key))));
    } else if (key.starts_with("PG")) {
      any = true;
      set_application_value(variables, key.substr(2), value);
    }
  }
  if (any && !variables.host.empty()) found.push_back(std::move(variables));
  return found;
}

bool looks_like_conninfo(std::string_view text) {
  return text.find('\n') == std::string_view::npos &&
         (text.find("host=") != std::string_view::npos ||
          text.find("dbname=") != std::string_view::npos);
}

}  // namespace

void set_application_value(ApplicationConnection& connection, std::string_view keyword,
                           std::string_view value) {
  const std::string key = base::lower(keyword);
  if (key == "host" || (key == "hostaddr" && connection.host.empty()))
    connection.host = value;
  else if (key == "port")
    connection.port = value;
  else if (key == "database" || key == "dbname")
    connection.database = value;
  else if (key == "user" || key == "username")
    connection.user = value;
  else if (key == "sslmode")
    connection.sslmode = value;
}

Result<std::vector<ApplicationConnection>> parse_application_settings(std::string_view path,
                                                                      std::string_view text) {
  if (path.ends_with(".yml") || path.ends_with(".yaml")) return yaml_connections(text);
  const std::string_view whole = base::trim(text);
  if (is_uri(whole) || looks_like_conninfo(whole)) {
    std::vector<ApplicationConnection> one;
    one.push_back(TRY(from_conninfo(whole, "")));
    return one;
  }
  return from_environment(text);
}

}  // namespace settings
