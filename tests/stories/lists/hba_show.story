# The rules of a file, as the server's view gives them

No configuration is needed; bad lines carry the server's words.

$ pgseal hba show --pg 15 good.conf
line  type     database       user     address    netmask          method         options
2     local    {all}          {all}    -          -                peer           -
3     hostssl  {all,"a b"}    {+devs}  10.0.0.0   255.0.0.0        scram-sha-256  {clientcert=verify-full}
4     host     {replication}  {rep}    127.0.0.1  255.255.255.255  radius         {radiusservers=10.0.0.9,radiussecrets=********}

$ pgseal hba show --pg 15 bad.conf
! the server refuses this file: 2 bad lines
line  type  database  user  address  netmask  method  options
1     -     -         -     -        -        -       -        error: invalid IP mask "trust": Name or service not known
2     -     -         -     -        -        -       -        refused; the view shows no error
[status 1]

$ pgseal hba show --pg 15 --json short.conf
{
  "format": 1,
  "pg": 15,
  "accepted_by_server": true,
  "rules": [
    {
      "file": "short.conf",
      "line": 1,
      "type": "hostssl",
      "database": [
        "all"
      ],
      "user": [
        "all"
      ],
      "address": "all",
      "netmask": null,
      "method": "cert",
      "options": [
        "clientcert=verify-full"
      ],
      "error": null
    }
  ]
}

$ pgseal hba show - < short.conf
! as PostgreSQL 18.6 reads it; --pg names another version
line  type     database  user   address  netmask  method  options
1     hostssl  {all}     {all}  all      -        cert    {clientcert=verify-full}

$ pgseal hba show --pg 9.6 good.conf
! pgseal: error: "9.6" is no PostgreSQL version of 10 to 18
! HINT:    Write a major version, as 15, or one with its minor, as 15.4.
! CODE:    201 (usage)
[status 2]

$ pgseal hba show --pg 15 missing.conf
! pgseal: error: could not open "missing.conf"
! DETAIL:  No such file or directory.
! HINT:    Look for a missing folder, a mode that forbids it, a full disk or a read-only mount.
! CODE:    101 (file.io)
[status 1]

-- good.conf --
# TYPE  DATABASE  USER  ADDRESS  METHOD
local   all       all            peer
hostssl all,"a b" +devs 10.0.0.0/8 scram-sha-256 clientcert=verify-full
host    replication rep 127.0.0.1 255.255.255.255 radius radiusservers=10.0.0.9 radiussecrets=hidden
-- bad.conf --
host all all 10.0.0.1 trust
hostssl all all ::/0 cert clientcert=1
-- short.conf --
hostssl all all all cert
