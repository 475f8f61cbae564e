Who authenticated in a log shows networks; who did not shows none.

$ pgseal hba cidr --log server.log
! read as stderr; sessions: 3, failed attempts, which do not count: 1
! a log holds what clients and functions write into it: look at each network before you let it in
! the interfaces of this machine do not count: the server may be elsewhere
network      roles  sources  last seen                    reason
10.1.2.3/32  app    log      2026-03-01 10:00:00.000 UTC  a client that is in no network of a rule or an interface
10.1.2.9/32  app    log      2026-03-01 10:00:01.000 UTC  a client that is in no network of a rule or an interface

$ pgseal hba cidr --log - --json <server.log
! read as stderr; sessions: 3, failed attempts, which do not count: 1
! a log holds what clients and functions write into it: look at each network before you let it in
! the interfaces of this machine do not count: the server may be elsewhere
{
  "format": 1,
  "networks": [
    {
      "network": "10.1.2.3/32",
      "roles": [
        "app"
      ],
      "sources": [
        "log"
      ],
      "gateway": false,
      "replication": false,
      "last_seen": "2026-03-01 10:00:00.000 UTC",
      "reason": "a client that is in no network of a rule or an interface"
    },
    {
      "network": "10.1.2.9/32",
      "roles": [
        "app"
      ],
      "sources": [
        "log"
      ],
      "gateway": false,
      "replication": false,
      "last_seen": "2026-03-01 10:00:01.000 UTC",
      "reason": "a client that is in no network of a rule or an interface"
    }
  ]
}

$ pgseal hba cidr --pg 15 pg_hba.conf --log server.log
! read as stderr; sessions: 3, failed attempts, which do not count: 1
! a log holds what clients and functions write into it: look at each network before you let it in
! the interfaces of this machine do not count: the server may be elsewhere
network      roles  sources    last seen                    reason
10.1.2.0/24  app    rule, log  2026-03-01 10:00:01.000 UTC  2 clients in 10.1.2.0/24 of pg_hba.conf:1

$ pgseal hba cidr --pg 15 - --log - <server.log
! pgseal: error: FILE and --log are both the standard input
! HINT:    pgseal --help lists the commands, pgseal COMMAND --help their options.
! CODE:    201 (usage)
[status 2]

$ pgseal hba cidr --log-line-prefix '%m '
! pgseal: error: --log-line-prefix is about --log, which is missing
! HINT:    pgseal --help lists the commands, pgseal COMMAND --help their options.
! CODE:    201 (usage)
[status 2]

$ pgseal hba cidr --log pg_hba.conf
! pgseal: error: nothing in "pg_hba.conf" was recognised as a server's log
! DETAIL:  Known are stderr with usual values of log_line_prefix, csvlog and jsonlog, each in English.
! HINT:    Give --log-line-prefix as SHOW log_line_prefix has it. Messages in another language are not understood: lc_messages = 'C' changes it.
! CODE:    105 (parse)
[status 1]

-- server.log --
2026-03-01 10:00:00.000 UTC [11] LOG:  connection received: host=10.1.2.3 port=40000
2026-03-01 10:00:00.010 UTC [11] app@shop LOG:  connection authorized: user=app database=shop application_name=web SSL enabled (protocol=TLSv1.3, cipher=TLS_AES_256_GCM_SHA384, bits=256)
2026-03-01 10:00:01.000 UTC [12] LOG:  connection received: host=10.1.2.9 port=40001
2026-03-01 10:00:01.010 UTC [12] app@shop LOG:  connection authorized: user=app database=shop
2026-03-02 10:00:01.000 UTC [13] LOG:  connection received: host=192.0.2.66 port=1
2026-03-02 10:00:01.010 UTC [13] root@shop FATAL:  password authentication failed for user "root"
2026-03-03 10:00:01.000 UTC [14] LOG:  connection received: host=[local]
2026-03-03 10:00:01.010 UTC [14] postgres@postgres LOG:  connection authorized: user=postgres database=postgres
-- pg_hba.conf --
hostssl shop app 10.1.2.0/24 scram-sha-256
