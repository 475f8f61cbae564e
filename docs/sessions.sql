-- SPDX-License-Identifier: PostgreSQL
-- Who is connected to a server of 12 or later, as `pgseal hba replay --sessions` takes it:
--   psql --csv -f sessions.sql > sessions.csv
-- Run it as a superuser or a member of pg_monitor: others do not see other roles' sessions whole.
select usename as "user", coalesce(datname, '') as database, coalesce(host(client_addr), '') as address,
  coalesce(ssl, false) as tls, coalesce(encrypted, false) as gss, coalesce(client_dn, '') as certificate,
  backend_type = 'walsender' and datname is null as replication, application_name as application, count(*), now() as last_seen
from pg_stat_activity left join pg_stat_ssl using (pid) left join pg_stat_gssapi using (pid)
where backend_type in ('client backend', 'walsender')
group by 1, 2, 3, 4, 5, 6, 7, 8;
