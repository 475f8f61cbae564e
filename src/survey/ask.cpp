// SPDX-License-Identifier: PostgreSQL
#include "survey/ask.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "settings/conninfo.h"
#include "survey/conversation.h"

namespace survey {
namespace {

using base::Code;
using server::Row;
using server::Rows;

constexpr const char* client_query =
    "select a.usename, a.datname, host(a.client_addr), a.client_hostname, a.application_name,"
    " count(*), coalesce(bool_or(r.rolsuper), false)"
    " from pg_stat_activity a left join pg_roles r on r.oid = a.usesysid"
    " where a.backend_type = 'client backend' and a.pid <> pg_backend_pid()"
    " group by 1, 2, 3, 4, 5 order by 6 desc, 1, 2, 3, 4, 5 limit {}";

// A sender that works in a database decodes for a subscriber (logical replication).
constexpr const char* sender_query =
    "select r.usename, r.application_name, host(r.client_addr), r.client_hostname, r.state,"
    " r.sync_state, exists (select from pg_stat_activity a where a.pid = r.pid and a.datid is not"
    " null) from pg_stat_replication r order by r.client_addr, r.application_name, r.pid limit {}";

base::Result<void> ask_lists(Conversation& server, Cluster& cluster) {
  const std::size_t most = server.limits().rows;
  Rows clients = TRY(server.ask(fmt::format(client_query, most + 1), 7));
  Rows senders = TRY(server.ask(fmt::format(sender_query, most + 1), 7));
  cluster.cut = clients.size() > most || senders.size() > most;
  clients.resize(std::min(clients.size(), most));
  senders.resize(std::min(senders.size(), most));
  for (const Row& row : clients)
    cluster.clients.push_back({text_of(row[0]), text_of(row[1]), text_of(row[2]), text_of(row[3]),
                               text_of(row[4]), number_of(row[5]), is_true(row[6])});
  for (const Row& row : senders)
    cluster.senders.push_back({text_of(row[0]), text_of(row[1]), text_of(row[2]), text_of(row[3]),
                               text_of(row[4]), text_of(row[5]), is_true(row[6])});
  return {};
}

/// pg_stat_wal_receiver: sender_host since 11. Its conninfo has no password; only the role is
/// taken.
base::Result<void> ask_upstream(Conversation& server, Cluster& cluster) {
  const Rows rows =
      TRY(server.ask(fmt::format("select {}, conninfo from pg_stat_wal_receiver limit 1",
                                 cluster.major >= 11 ? "sender_host" : "null::text"),
                     2));
  if (rows.empty()) return {};
  cluster.upstream_host = text_of(rows.front()[0]);
  const auto conninfo = settings::parse_conninfo(text_of(rows.front()[1]));
  if (!conninfo) return {};  // hints at the role, no more
  if (const auto* user = conninfo->find("user")) cluster.upstream_role = user->value;
  if (const auto* host = conninfo->find("host"); host != nullptr && cluster.upstream_host.empty())
    cluster.upstream_host = host->value;
  return {};
}

base::Error lacks_privilege(const std::string& role) {
  const std::string name = base::sql_identifier(role);
  return base::error(Code::server_privilege,
                     fmt::format("role {} may not see who is connected", name))
      .with_detail(
          "It is not a member of pg_monitor, so pg_stat_activity and pg_stat_replication hide the "
          "addresses of all sessions but its own.")
      .with_hint(fmt::format("GRANT pg_monitor TO {}; or connect as a superuser.", name));
}

base::Result<void> ask_all(Conversation& server, Cluster& cluster) {
  const Row row = TRY(server.one(
      "select current_setting('server_version'), pg_is_in_recovery(), host(inet_server_addr()),"
      " current_setting('port'), current_user, pg_has_role('pg_read_all_stats', 'usage'),"
      " pg_has_role('pg_read_all_settings', 'usage'),"
      " (select rolname from pg_roles where oid = 10)",
      8));
  cluster.version = text_of(row[0]);
  cluster.standby = is_true(row[1]);
  cluster.own_address = text_of(row[2]);
  cluster.port = text_of(row[3]);
  cluster.superuser = text_of(row[7]);
  if (!is_true(row[5])) return lacks_privilege(text_of(row[4]));
  if (is_true(row[6]))
    cluster.data_directory =
        text_of(TRY(server.one("select current_setting('data_directory')", 1))[0]);
  if (cluster.standby) TRY(ask_upstream(server, cluster));
  return ask_lists(server, cluster);
}

}  // namespace

base::Result<Cluster> ask(const Dsn& dsn, const Limits& limits) {
  Conversation server = TRY(Conversation::open(dsn, limits));
  Cluster cluster;
  cluster.reached = server.reached();
  cluster.major = server.version() / 10000;
  TRY(ask_all(server, cluster));
  return cluster;
}

}  // namespace survey
