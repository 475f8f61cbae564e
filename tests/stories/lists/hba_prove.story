# Nobody gets past without TLS: proven, or a connection that does

$ pgseal hba prove --pg 15 --require tls closed.conf
Proven: no TCP connection without TLS gets past authentication. This holds for new connections of PostgreSQL 15.20 that goes by exactly these rules, with ssl = on and TLS answering, and whose IPv6 sockets take no IPv4 clients (::ffff:0:0/96), as its own do not. Cancel requests, sessions that are open already, a pooler or tunnel in front of the server, and authentication hooks of extensions are not part of it.

$ pgseal hba prove --pg 15 --require certificate closed.conf
Not proven: no TCP connection without a client certificate that the server has verified gets past authentication. <*>
Gets past: type=host,tls=on,user=monitor,database=some_database,address=10.0.0.9
  closed.conf:3: hostssl all monitor 10.0.0.9/32 scram-sha-256
[status 1]

$ pgseal hba prove --pg 15 --require certificate --role app --network 10.0.0.0/8 closed.conf
Proven: no TCP connection without a client certificate that the server has verified gets past authentication, for the roles app, from the networks that were named. <*>

$ pgseal hba prove --pg 15 --json --require tls open.conf
{
  "format": 1,
  "proven": false,
  "require": "tls",
  "statement": "Not proven: no TCP connection without TLS gets past authentication. <*>",
  "witness": {
    "type": "host",
    "tls": "off",
    "gss": "off",
    "user": "somebody",
    "database": "somebody",
    "replication": "on",
    "certificate": "none",
    "address": "10.0.0.0"
  },
  "rule": {
    "file": "open.conf",
    "line": 2
  },
  "unknown": []
}
[status 1]

$ pgseal hba prove --pg 15 --require tls name.conf
Not proven: no TCP connection without TLS gets past authentication. <*>
Perhaps gets past: type=host,user=somebody,database=some_database,address=0.0.0.0
  name.conf:1: host all all app1.example scram-sha-256
Only the server can tell: which addresses the host name "app1.example" stands for (name.conf:1)
[status 1]

$ pgseal hba prove --pg 15 --require tls --network 10.0.0.0 name.conf
! pgseal: error: "10.0.0.0" is no network
! HINT:    Write an address and a length, as 10.0.0.0/8 or 2001:db8::/32.
! CODE:    201 (usage)
[status 2]

$ pgseal hba prove --pg 15 --require tls --network ::ffff:10.0.0.0/104 name.conf
! pgseal: error: no client has an address of "::ffff:10.0.0.0/104"
! HINT:    The server knows IPv4 clients by their IPv4 address; write their network so.
! CODE:    201 (usage)
[status 2]

-- closed.conf --
local all all peer
hostssl all app all scram-sha-256 clientcert=verify-full
hostssl all monitor 10.0.0.9/32 scram-sha-256
hostnossl all all all reject

-- open.conf --
hostnossl all all all reject
host replication all 10.0.0.0/8 scram-sha-256

-- name.conf --
host all all app1.example scram-sha-256
