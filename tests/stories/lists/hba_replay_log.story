# Who of those in a server's log would be refused

$ pgseal hba replay --pg 15 --log server.log new.conf
! read as stderr; sessions: 5, failed attempts: 2, no more heard of: 1
! of the failed attempts, ended at their start by no rule, say for want of the database or because the server started: 1
! a log does not tell whether a client shows a certificate, but for the method cert; docs/sessions.sql asks the server for those who are connected
! those that never authenticated are probes of load balancers and monitors, scans, clients that are refused today, by a rule, for their password or by the user map, or that left before they gave one; a health check in plain text that is answered with an error takes a backend out of service
outcome              count  role  database  network       application  last seen                    decision
refused              1      job   shop      10.0.0.13/32  -            2026-01-31 09:00:08.000 CET  no match
unknown              1      web   shop      10.0.0.12/32  -            2026-01-31 09:00:07.000 CET  unknown, new.conf:4
asked differently    1      old   shop      10.0.0.10/32  -            2026-01-31 09:00:03.000 CET  accept new.conf:5: host    shop old 10.0.0.0/8     scram-sha-256 (was md5, /etc/pg_hba.conf:13)
never authenticated  1      -     -         10.0.0.9/32   -            2026-01-31 09:00:02.000 CET  -
never authenticated  1      eve   shop      10.0.0.10/32  -            2026-01-31 09:00:04.000 CET  -
unchanged            1      adm   shop      10.0.0.11/32  -            2026-01-31 09:00:06.000 CET  accept new.conf:3: hostssl all  adm 10.0.0.0/8     cert
unchanged            1      app   shop      10.0.0.7/32   shop web     2026-01-31 09:00:01.100 CET  accept new.conf:2: hostssl shop app 10.0.0.0/8     scram-sha-256
[status 1]

$ pgseal hba replay --pg 15 --json --log server.log new.conf
! read as stderr; sessions: 5, failed attempts: 2, no more heard of: 1
! of the failed attempts, ended at their start by no rule, say for want of the database or because the server started: 1
! a log does not tell whether a client shows a certificate, but for the method cert; docs/sessions.sql asks the server for those who are connected
! those that never authenticated are probes of load balancers and monitors, scans, clients that are refused today, by a rule, for their password or by the user map, or that left before they gave one; a health check in plain text that is answered with an error takes a backend out of service
{
  "format": 1,
  "groups": [
    {
      "outcome": "refused",
      "role": "job",
      "database": "shop",
      "network": "10.0.0.13/32",
      "application": null,
      "count": 1,
      "first_seen": "2026-01-31 09:00:08.000 CET",
      "last_seen": "2026-01-31 09:00:08.000 CET",
      "old": {
        "file": null,
        "line": null,
        "method": "trust"
      },
      "new": null,
      "decision": "no match"
    },
    {
      "outcome": "unknown",
      "role": "web",
      "database": "shop",
      "network": "10.0.0.12/32",
      "application": null,
      "count": 1,
      "first_seen": "2026-01-31 09:00:07.000 CET",
      "last_seen": "2026-01-31 09:00:07.000 CET",
      "old": {
        "file": null,
        "line": null,
        "method": "trust"
      },
      "new": {
        "file": "new.conf",
        "line": 4,
        "method": "scram-sha-256",
        "certificate": "verify-full",
        "text": "hostssl all  web 10.0.0.0/8     scram-sha-256 clientcert=verify-full"
      },
      "decision": "unknown"
    },
    {
      "outcome": "asked differently",
      "role": "old",
      "database": "shop",
      "network": "10.0.0.10/32",
      "application": null,
      "count": 1,
      "first_seen": "2026-01-31 09:00:03.000 CET",
      "last_seen": "2026-01-31 09:00:03.000 CET",
      "old": {
        "file": "/etc/pg_hba.conf",
        "line": 13,
        "method": "md5"
      },
      "new": {
        "file": "new.conf",
        "line": 5,
        "method": "scram-sha-256",
        "certificate": "none",
        "text": "host    shop old 10.0.0.0/8     scram-sha-256"
      },
      "decision": "accept"
    },
    {
      "outcome": "never authenticated",
      "role": null,
      "database": null,
      "network": "10.0.0.9/32",
      "application": null,
      "count": 1,
      "first_seen": "2026-01-31 09:00:02.000 CET",
      "last_seen": "2026-01-31 09:00:02.000 CET",
      "old": null,
      "new": null,
      "decision": null
    },
    {
      "outcome": "never authenticated",
      "role": "eve",
      "database": "shop",
      "network": "10.0.0.10/32",
      "application": null,
      "count": 1,
      "first_seen": "2026-01-31 09:00:04.000 CET",
      "last_seen": "2026-01-31 09:00:04.000 CET",
      "old": null,
      "new": null,
      "decision": null
    },
    {
      "outcome": "unchanged",
      "role": "adm",
      "database": "shop",
      "network": "10.0.0.11/32",
      "application": null,
      "count": 1,
      "first_seen": "2026-01-31 09:00:06.000 CET",
      "last_seen": "2026-01-31 09:00:06.000 CET",
      "old": {
        "file": "/etc/pg_hba.conf",
        "line": 14,
        "method": "cert"
      },
      "new": {
        "file": "new.conf",
        "line": 3,
        "method": "cert",
        "certificate": "cert",
        "text": "hostssl all  adm 10.0.0.0/8     cert"
      },
      "decision": "accept"
    },
    {
      "outcome": "unchanged",
      "role": "app",
      "database": "shop",
      "network": "10.0.0.7/32",
      "application": "shop web",
      "count": 1,
      "first_seen": "2026-01-31 09:00:01.100 CET",
      "last_seen": "2026-01-31 09:00:01.100 CET",
      "old": {
        "file": "/etc/pg_hba.conf",
        "line": 12,
        "method": "scram-sha-256"
      },
      "new": {
        "file": "new.conf",
        "line": 2,
        "method": "scram-sha-256",
        "certificate": "none",
        "text": "hostssl shop app 10.0.0.0/8     scram-sha-256"
      },
      "decision": "accept"
    }
  ],
  "more": [],
  "log": {
    "format": "stderr",
    "sessions": 5,
    "failed": 1,
    "failed_at_start": 1,
    "abandoned": 1,
    "unreadable": 0,
    "perhaps_physical": 0,
    "without_address": 0,
    "without_transport": 0,
    "cut": false,
    "shrunk": false
  }
}
[status 1]

$ pgseal hba replay --pg 15 --log calm.log new.conf
! read as stderr; sessions: 1, failed attempts: 0, no more heard of: 0
outcome    count  role  database  network      application  last seen                    decision
unchanged  1      app   shop      10.0.0.7/32  -            2026-01-31 09:00:01.100 CET  accept new.conf:2: hostssl shop app 10.0.0.0/8     scram-sha-256

$ cat server.log | pgseal hba replay --quiet --pg 15 --log - new.conf
outcome              count  role  database  network       application  last seen                    decision
refused              1      job   shop      10.0.0.13/32  -            2026-01-31 09:00:08.000 CET  no match
unknown              1      web   shop      10.0.0.12/32  -            2026-01-31 09:00:07.000 CET  unknown, new.conf:4
asked differently    1      old   shop      10.0.0.10/32  -            2026-01-31 09:00:03.000 CET  accept new.conf:5: host    shop old 10.0.0.0/8     scram-sha-256 (was md5, /etc/pg_hba.conf:13)
never authenticated  1      -     -         10.0.0.9/32   -            2026-01-31 09:00:02.000 CET  -
never authenticated  1      eve   shop      10.0.0.10/32  -            2026-01-31 09:00:04.000 CET  -
unchanged            1      adm   shop      10.0.0.11/32  -            2026-01-31 09:00:06.000 CET  accept new.conf:3: hostssl all  adm 10.0.0.0/8     cert
unchanged            1      app   shop      10.0.0.7/32   shop web     2026-01-31 09:00:01.100 CET  accept new.conf:2: hostssl shop app 10.0.0.0/8     scram-sha-256
[status 1]

$ gzip -c server.log > server.log.1.gz; pgseal hba replay --pg 15 --log server.log.1.gz new.conf
! pgseal: error: "server.log.1.gz" is compressed
! HINT:    Let its own program unpack it: zcat server.log.1.gz | pgseal hba replay FILE --log -
! CODE:    105 (parse)
[status 1]

$ pgseal hba replay --pg 15 --log german.log new.conf
! pgseal: error: "german.log" tells of no connection that is understood
! DETAIL:  It was read as stderr; lines that may be about connections and were not understood: 0.
! HINT:    log_connections = on lets the server write them, lc_messages = 'C' in English, which is what is understood.
! CODE:    105 (parse)
[status 1]

$ pgseal hba replay --pg 15 --log strange.log new.conf
! pgseal: error: nothing in "strange.log" was recognised as a server's log
! DETAIL:  Known are stderr with usual values of log_line_prefix, csvlog and jsonlog, each in English.
! HINT:    Give --log-line-prefix as SHOW log_line_prefix has it. Messages in another language are not understood: lc_messages = 'C' changes it.
! CODE:    105 (parse)
[status 1]

$ pgseal hba replay --pg 15 --log-line-prefix '<%p> ' --log strange.log new.conf
! read as stderr; sessions: 1, failed attempts: 0, no more heard of: 0
outcome  count  role  database  network      application  last seen  decision
refused  1      app   shop      10.0.0.7/32  -            -          no match
[status 1]

$ pgseal hba replay --pg 15 --log-line-prefix '%m ' --log strange.log new.conf
! pgseal: error: the log_line_prefix "%m " has neither %p nor %c
! DETAIL:  The lines of one connection are known by the process that wrote them.
! HINT:    Let the server write %p, or a csvlog or jsonlog, for a while.
! CODE:    201 (usage)
[status 2]

$ pgseal hba replay --pg 15 new.conf
! pgseal: error: nothing says whose sessions are meant
! HINT:    --sessions names a list of them, --log a log, --dsn a server that has them.
! CODE:    201 (usage)
[status 2]

$ pgseal hba replay --pg 15 --log - -
! pgseal: error: FILE and --log are both the standard input
! HINT:    pgseal --help lists the commands, pgseal COMMAND --help their options.
! CODE:    201 (usage)
[status 2]

-- new.conf --
local   all  all                peer
hostssl shop app 10.0.0.0/8     scram-sha-256
hostssl all  adm 10.0.0.0/8     cert
hostssl all  web 10.0.0.0/8     scram-sha-256 clientcert=verify-full
host    shop old 10.0.0.0/8     scram-sha-256
-- server.log --
2026-01-31 09:00:00.000 CET [77] LOG:  starting PostgreSQL 15.5
2026-01-31 09:00:01.100 CET [100] [unknown]@[unknown] LOG:  connection received: host=10.0.0.7 port=4000
2026-01-31 09:00:01.101 CET [100] app@shop LOG:  connection authenticated: identity="app" method=scram-sha-256 (/etc/pg_hba.conf:12)
2026-01-31 09:00:01.102 CET [100] app@shop LOG:  connection authorized: user=app database=shop application_name=shop web SSL enabled (protocol=TLSv1.3, cipher=TLS_AES_256_GCM_SHA384, bits=256)
2026-01-31 09:00:01.200 CET [100] app@shop LOG:  statement: SELECT 1
	LOG:  connection authorized: user=eve database=shop
2026-01-31 09:00:02.000 CET [101] [unknown]@[unknown] LOG:  connection received: host=10.0.0.9 port=4001
2026-01-31 09:00:03.000 CET [102] [unknown]@[unknown] LOG:  connection received: host=10.0.0.10 port=4002
2026-01-31 09:00:03.001 CET [102] old@shop LOG:  connection authenticated: identity="old" method=md5 (/etc/pg_hba.conf:13)
2026-01-31 09:00:03.002 CET [102] old@shop LOG:  connection authorized: user=old database=shop
2026-01-31 09:00:04.000 CET [103] [unknown]@[unknown] LOG:  connection received: host=10.0.0.10 port=4003
2026-01-31 09:00:04.001 CET [103] eve@shop FATAL:  no pg_hba.conf entry for host "10.0.0.10", user "eve", database "shop", no encryption
2026-01-31 09:00:05.000 CET [104] [unknown]@[unknown] LOG:  connection received: host=[local]
2026-01-31 09:00:05.001 CET [104] app@nope LOG:  connection authorized: user=app database=nope
2026-01-31 09:00:05.002 CET [104] app@nope FATAL:  database "nope" does not exist
2026-01-31 09:00:06.000 CET [105] [unknown]@[unknown] LOG:  connection received: host=10.0.0.11 port=4004
2026-01-31 09:00:06.001 CET [105] adm@shop LOG:  connection authenticated: identity="CN=adm,O=shop" method=cert (/etc/pg_hba.conf:14)
2026-01-31 09:00:06.002 CET [105] adm@shop LOG:  connection authorized: user=adm database=shop SSL enabled (protocol=TLSv1.3, cipher=TLS_AES_256_GCM_SHA384, bits=256)
2026-01-31 09:00:07.000 CET [106] [unknown]@[unknown] LOG:  connection received: host=10.0.0.12 port=4005
2026-01-31 09:00:07.001 CET [106] web@shop LOG:  connection authorized: user=web database=shop SSL enabled (protocol=TLSv1.3, cipher=TLS_AES_256_GCM_SHA384, bits=256)
2026-01-31 09:00:08.000 CET [107] [unknown]@[unknown] LOG:  connection received: host=10.0.0.13 port=4006
2026-01-31 09:00:08.001 CET [107] job@shop LOG:  connection authorized: user=job database=shop
-- calm.log --
2026-01-31 09:00:01.100 CET [100] LOG:  connection received: host=10.0.0.7 port=4000
2026-01-31 09:00:01.102 CET [100] LOG:  connection authorized: user=app database=shop SSL enabled (protocol=TLSv1.3, cipher=TLS_AES_256_GCM_SHA384, bits=256)
-- german.log --
2026-01-31 09:00:01.100 CET [100] LOG:  Verbindung empfangen: Host=10.0.0.7 Port=4000
-- strange.log --
<100> LOG:  connection received: host=10.0.0.7 port=4000
<100> LOG:  connection authorized: user=app database=shop
