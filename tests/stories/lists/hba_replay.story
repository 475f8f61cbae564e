# Who of those who are connected would be refused

$ pgseal hba replay --pg 15 --sessions seen.csv new.conf
outcome     count  role     database  network      application     last seen               decision
refused     5      app      shop      10.0.0.8/30  web             2026-11-30 09:00:00+00  no match
not on TLS  1      monitor  postgres  10.0.0.9/32  probe, nightly  -                       accept new.conf:2: host    all monitor 10.0.0.9/32 scram-sha-256
unchanged   40     app      shop      10.0.0.7/32  web             2026-11-30 10:00:00+00  accept new.conf:1: hostssl all app 10.0.0.0/8 scram-sha-256 clientcert=verify-full
[status 1]

$ pgseal hba replay --pg 15 --sessions tls.csv new.conf
outcome    count  role  database  network      application  last seen  decision
unchanged  1      app   shop      10.0.0.7/32  -            -          accept new.conf:1: hostssl all app 10.0.0.0/8 scram-sha-256 clientcert=verify-full

$ pgseal hba replay --pg 15 --json --sessions seen.csv new.conf
{
  "format": 1,
  "groups": [
    {
      "outcome": "refused",
      "role": "app",
      "database": "shop",
      "network": "10.0.0.8/30",
      "application": "web",
      "count": 5,
      "first_seen": "2026-11-29 09:00:00+00",
      "last_seen": "2026-11-30 09:00:00+00",
      "old": null,
      "new": null,
      "decision": "no match"
    },
    {
      "outcome": "not on TLS",
      "role": "monitor",
      "database": "postgres",
      "network": "10.0.0.9/32",
      "application": "probe, nightly",
      "count": 1,
      "first_seen": null,
      "last_seen": null,
      "old": null,
      "new": {
        "file": "new.conf",
        "line": 2,
        "method": "scram-sha-256",
        "certificate": "none",
        "text": "host    all monitor 10.0.0.9/32 scram-sha-256"
      },
      "decision": "accept"
    },
    {
      "outcome": "unchanged",
      "role": "app",
      "database": "shop",
      "network": "10.0.0.7/32",
      "application": "web",
      "count": 40,
      "first_seen": "2026-11-30 10:00:00+00",
      "last_seen": "2026-11-30 10:00:00+00",
      "old": null,
      "new": {
        "file": "new.conf",
        "line": 1,
        "method": "scram-sha-256",
        "certificate": "verify-full",
        "text": "hostssl all app 10.0.0.0/8 scram-sha-256 clientcert=verify-full"
      },
      "decision": "accept"
    }
  ]
}
[status 1]

$ pgseal hba replay --pg 15 --sessions bad.csv new.conf
! pgseal: error: bad.csv: row 2: address "web1" is not understood
! HINT:    The first row names the columns: user, database, address, tls, gss, certificate, replication, application, count, last_seen.
! CODE:    105 (parse)
[status 1]

-- new.conf --
hostssl all app 10.0.0.0/8 scram-sha-256 clientcert=verify-full
host    all monitor 10.0.0.9/32 scram-sha-256
-- seen.csv --
user,database,address,tls,certificate,application,count,last_seen
app,shop,10.0.0.7,t,/O=shop/CN=app,web,40,2026-11-30 10:00:00+00
app,shop,10.0.0.8,f,,web,3,2026-11-30 09:00:00+00
app,shop,10.0.0.10,f,,web,2,2026-11-29 09:00:00+00
monitor,postgres,10.0.0.9,f,,"probe, nightly",1,
-- tls.csv --
user,database,address,tls,certificate
app,shop,10.0.0.7,t,app
-- bad.csv --
user,database,address
app,shop,web1
