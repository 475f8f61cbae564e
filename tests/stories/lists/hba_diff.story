# What a change of pg_hba.conf does, each with a connection that notices

Comments, spacing, the order of names in a list and of rules that nobody meets in both are no change.

$ pgseal hba diff --pg 15 old.conf tidied.conf
Equivalent: both files decide every connection alike.

$ pgseal hba diff --pg 15 old.conf new.conf
stronger: type=host,user=app,database=shop,address=10.0.0.0
  old old.conf:3: host shop,stock app,batch 10.0.0.0/8 md5
  new new.conf:2: host shop,stock app,batch 10.0.0.0/8 scram-sha-256
weaker: type=host,user=monitor,database=some_database,address=10.0.0.9
  old old.conf:4: host all monitor 10.0.0.9/32 scram-sha-256
  new new.conf:3: host all monitor 10.0.0.9/32 password
stronger: type=host,tls=on,user=admin,database=some_database,address=10.0.0.0,certificate=admin
  old old.conf:5: hostssl all admin 10.0.0.0/8 scram-sha-256
  new new.conf:4: hostssl all admin 10.0.0.0/8 scram-sha-256 clientcert=verify-full
lets in: type=host,user=reader,database=reports,address=::1
  old no rule matches
  new new.conf:6: host reports reader ::1/128 scram-sha-256
[status 1]

$ pgseal hba diff --pg 15 --json old.conf removed.conf
{
  "format": 1,
  "equivalent": false,
  "changes": [
    {
      "effect": "locks out",
      "witness": {
        "type": "host",
        "tls": "off",
        "gss": "off",
        "user": "monitor",
        "database": "some_database",
        "replication": "off",
        "certificate": "none",
        "address": "10.0.0.9"
      },
      "old": {
        "file": "old.conf",
        "line": 4,
        "method": "scram-sha-256",
        "certificate": "none",
        "text": "host all monitor 10.0.0.9/32 scram-sha-256"
      },
      "new": null,
      "unknown": []
    }
  ],
  "unknown": []
}
[status 1]

$ pgseal hba diff --pg 15 old.conf grouped.conf
lets in: type=host,tls=on,user=staff,database=some_database,address=10.0.0.0
  old no rule matches
  new grouped.conf:4: hostssl all admin,+staff 10.0.0.0/8 scram-sha-256
[status 1]

$ pgseal hba diff --pg 15 --roles roles old.conf grouped.conf
lets in: type=host,tls=on,user=eve,database=some_database,address=10.0.0.0
  old no rule matches
  new grouped.conf:4: hostssl all admin,+staff 10.0.0.0/8 scram-sha-256
[status 1]

$ pgseal hba diff --pg 15 --ident maps mapped.conf renamed.conf
Equivalent: both files decide every connection alike.

$ pgseal hba diff --pg 15 --ident maps mapped.conf other_map.conf
different: type=host,tls=on,user=app,database=some_database,address=0.0.0.0,certificate=client
  old mapped.conf:1: hostssl all all all cert map=one
  new other_map.conf:1: hostssl all all all cert map=three
[status 1]

$ pgseal hba diff --pg 15 old.conf broken.conf
! pgseal: error: the server refuses broken.conf
! DETAIL:  broken.conf:1: invalid authentication method "sure"
! HINT:    The server goes by its former rules until all lines are good; pgseal hba show names each bad one.
! CODE:    105 (parse)
[status 1]

$ pgseal hba diff --pg 15 - -
! pgseal: error: only one of two files can be standard input
! HINT:    pgseal --help lists the commands, pgseal COMMAND --help their options.
! CODE:    201 (usage)
[status 2]

-- old.conf --
# hosts of the shop
local all postgres peer
host shop,stock app,batch 10.0.0.0/8 md5
host all monitor 10.0.0.9/32 scram-sha-256
hostssl all admin 10.0.0.0/8 scram-sha-256

-- tidied.conf --
hostssl all admin 10.1.2.3/8 scram-sha-256   # the host bits do not count
host stock,shop batch,app 10.0.0.0 255.0.0.0 md5
host all monitor 10.0.0.9/32 scram-sha-256
host all monitor 10.0.0.9/32 trust
local all postgres peer

-- new.conf --
local all postgres peer
host shop,stock app,batch 10.0.0.0/8 scram-sha-256
host all monitor 10.0.0.9/32 password
hostssl all admin 10.0.0.0/8 scram-sha-256 clientcert=verify-full
host all all 10.0.0.66/32 reject
host reports reader ::1/128 scram-sha-256

-- removed.conf --
local all postgres peer
host shop,stock app,batch 10.0.0.0/8 md5
hostssl all admin 10.0.0.0/8 scram-sha-256

-- grouped.conf --
local all postgres peer
host shop,stock app,batch 10.0.0.0/8 md5
host all monitor 10.0.0.9/32 scram-sha-256
hostssl all admin,+staff 10.0.0.0/8 scram-sha-256

-- roles --
eve staff

-- mapped.conf --
hostssl all all all cert map=one

-- renamed.conf --
hostssl all all all cert map=two

-- other_map.conf --
hostssl all all all cert map=three

-- maps --
one client app
two client app
three other app

-- broken.conf --
local all all sure
