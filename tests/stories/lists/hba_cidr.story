# The networks that rules show, where no server is asked and none is of this machine

$ pgseal hba cidr --pg 15 old.conf
! left out because they name no network: 1 rule, the first at old.conf:6
! the interfaces of this machine do not count: the server may be elsewhere
network       roles     sources  last seen  reason
10.0.0.0/8    postgres  rule     -          the network of old.conf:2, old.conf:3, for replication; wider than a subnet
10.0.5.0/24   deploy    rule     -          the network of old.conf:4
127.0.0.1/32  all       rule     -          the network of old.conf:5

$ pgseal hba cidr --pg 15 --json old.conf
! left out because they name no network: 1 rule, the first at old.conf:6
! the interfaces of this machine do not count: the server may be elsewhere
{
  "format": 1,
  "networks": [
    {
      "network": "10.0.0.0/8",
      "roles": [
        "postgres"
      ],
      "sources": [
        "rule"
      ],
      "gateway": false,
      "replication": true,
      "last_seen": null,
      "reason": "the network of old.conf:2, old.conf:3, for replication; wider than a subnet"
    },
    {
      "network": "10.0.5.0/24",
      "roles": [
        "deploy"
      ],
      "sources": [
        "rule"
      ],
      "gateway": false,
      "replication": false,
      "last_seen": null,
      "reason": "the network of old.conf:4"
    },
    {
      "network": "127.0.0.1/32",
      "roles": [
        "all"
      ],
      "sources": [
        "rule"
      ],
      "gateway": false,
      "replication": false,
      "last_seen": null,
      "reason": "the network of old.conf:5"
    }
  ]
}

$ pgseal hba cidr --pg 15 - <old.conf
! left out because they name no network: 1 rule, the first at -:6
! the interfaces of this machine do not count: the server may be elsewhere
network       roles     sources  last seen  reason
10.0.0.0/8    postgres  rule     -          the network of -:2, -:3, for replication; wider than a subnet
10.0.5.0/24   deploy    rule     -          the network of -:4
127.0.0.1/32  all       rule     -          the network of -:5

$ pgseal hba cidr --pg 15 broken.conf
! pgseal: error: the server refuses broken.conf
! DETAIL:  broken.conf:1: invalid IP mask "md5": Name or service not known
! HINT:    The server goes by its former rules until all lines are good; pgseal hba show names each bad one.
! CODE:    105 (parse)
[status 1]

$ pgseal hba cidr --dsn "host=db1 password=s3cret"
! pgseal: error: --dsn was given a password
! DETAIL:  Every user of this machine sees the command lines of its processes, and the shell keeps them in its history: consider that password known.
! HINT:    Put it into ~/.pgpass (mode 0600), or name such a file by PGPASSFILE or passfile=, or a service by service=; never on the command line.
! CODE:    201 (usage)
[status 2]

$ pgseal hba cidr --dsn "postgresql://127.0.0.1:1/postgres"
! pgseal: error: could not connect to the server that --dsn names
! DETAIL:  connection to server at "127.0.0.1", port 1 failed: Connection refused
!          	Is the server running on that host and accepting TCP/IP connections?
! HINT:    Try the same connection string with psql.
! CODE:    1620 (server.connection)
[status 16]

-- old.conf --
local   all         all                       peer
host    replication postgres   10.0.0.0/8     md5
host    all         postgres   10.0.0.0/8     md5
hostssl shop        deploy     10.0.5.0/24    md5
host    all         all        127.0.0.1/32   trust
host    all         all        samenet        md5
hostnossl all       all        10.0.0.0/8     reject
-- broken.conf --
host all all 10.0.0.1 md5
