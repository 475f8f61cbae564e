// SPDX-License-Identifier: PostgreSQL
#include "survey/catalog.h"

#include <fmt/format.h>

#include <map>
#include <set>

namespace survey {
namespace {

using base::Result;
using server::Row;
using server::Rows;

Result<Rows> whole(Conversation& server, const std::string& query, std::size_t width) {
  const std::size_t most = server.limits().rows;
  Rows rows = TRY(server.ask(fmt::format("{} limit {}", query, most + 1), width));
  if (rows.size() <= most) return rows;
  return base::error(
      base::Code::server_query,
      fmt::format("the server has more than {} roles, databases or memberships", most));
}

// ssl_ca_file and the others are shown to every role. db_user_namespace went with 17.
constexpr const char* settings_query =
    "select current_setting('server_version'), current_setting('ssl'),"
    " current_setting('ssl_ca_file') <> '', current_setting('password_encryption'),"
    " current_setting('listen_addresses'), current_setting('db_user_namespace', true),"
    " host(inet_server_addr())";

constexpr const char* membership_query =
    "select m.rolname, g.rolname from pg_auth_members a join pg_roles m on m.oid = a.member"
    " join pg_roles g on g.oid = a.roleid";

Result<void> ask_settings(Conversation& server, Catalog& catalog) {
  const Row row = TRY(server.one(settings_query, 7));
  catalog.said_version = text_of(row[0]);
  catalog.traits.ssl = text_of(row[1]) == "on";
  catalog.facts.client_authority = is_true(row[2]);
  catalog.facts.password_encryption = text_of(row[3]);
  catalog.facts.listen_addresses = text_of(row[4]);
  catalog.traits.db_user_namespace = text_of(row[5]) == "on";
  catalog.own_address = text_of(row[6]);
  return {};
}

}  // namespace

Limits whole_lists() {
  Limits limits;
  limits.rows = 1'000'000;
  limits.bytes = 256UL * 1024 * 1024;
  return limits;
}

Result<Catalog> ask_catalog(Conversation& server) {
  Catalog catalog;
  catalog.reached = server.reached();
  catalog.version = {server.version() / 10000, server.version() % 10000};
  catalog.newer = catalog.version.major > hba::newest.major;
  if (catalog.newer) catalog.version = hba::newest;
  TRY(ask_settings(server, catalog));
  const Rows roles = TRY(whole(server, "select rolname, rolsuper from pg_roles", 2));
  for (const Row& row : roles) {
    catalog.facts.roles.insert(text_of(row[0]));
    if (is_true(row[1])) catalog.facts.superusers.insert(text_of(row[0]));
  }
  const Rows databases = TRY(whole(server, "select datname from pg_database", 1));
  for (const Row& row : databases) catalog.facts.databases.insert(text_of(row[0]));
  const Rows memberships = TRY(whole(server, membership_query, 2));
  std::map<std::string, std::set<std::string>> groups;
  for (const Row& row : memberships) groups[text_of(row[0])].insert(text_of(row[1]));
  catalog.memberships = admission::Roles::of_all(std::move(groups));
  return catalog;
}

}  // namespace survey
