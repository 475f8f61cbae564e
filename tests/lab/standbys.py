# SPDX-License-Identifier: PostgreSQL
"""What a lab's standbys stream as, and how one sees it: for the tests that look at replication."""

REPLICATOR = """
[[identity]]
name = "replicator"
kind = "replication"
hosts = ["@databases"]
os_users = ["postgres"]
"""
REPLICAS = "select host(client_addr) || ' ' || state || ' ' || ssl || ' ' || coalesce(client_dn, 'none')" \
           " from pg_stat_replication left join pg_stat_ssl using (pid) order by 1"
ADDRESSES = {"db1": "198.18.0.11", "db2": "198.18.0.12", "db3": "198.18.0.13"}


def verified(host, name="replicator"):
    return f"{ADDRESSES[host]} streaming true /O=shop/CN={name}"
