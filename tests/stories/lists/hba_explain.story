# Which rule decides a connection

The first rule that matches decides, and then the certificate that it asks for.

$ pgseal hba explain --pg 15 rules.conf --connection user=app,database=shop,address=10.0.0.7,tls=on,certificate=app
accept
  rules.conf:3: hostssl all +devs,app 10.0.0.0/8 scram-sha-256 clientcert=verify-full
This is the first rule that matches: it asks by the method scram-sha-256.

$ pgseal hba explain --pg 15 rules.conf --connection user=app,database=shop,address=10.0.0.7,tls=on
certificate required
  rules.conf:3: hostssl all +devs,app 10.0.0.0/8 scram-sha-256 clientcert=verify-full
This is the first rule that matches: the server ends the connection, because no certificate of a client is shown that it trusts.

$ pgseal hba explain --pg 15 rules.conf --connection user=bob,address=10.0.0.7,tls=on,certificate=bob
unknown
  rules.conf:3: hostssl all +devs,app 10.0.0.0/8 scram-sha-256 clientcert=verify-full
Only the server can tell which of these decides, or whether none does: it asks a name's resolver, its own interfaces, its catalogs (--roles tells them) or its expressions.

$ pgseal hba explain --pg 15 rules.conf --roles roles --connection user=bob,address=10.0.0.7,tls=on,certificate=bob
accept
  rules.conf:3: hostssl all +devs,app 10.0.0.0/8 scram-sha-256 clientcert=verify-full
This is the first rule that matches: it asks by the method scram-sha-256.

$ pgseal hba explain --pg 15 --json rules.conf --roles roles --connection type=host,user=eve,address=10.0.0.7
{
  "file": "rules.conf",
  "line": 4,
  "method": "reject",
  "certificate": "none",
  "text": "hostnossl all all all reject",
  "format": 1,
  "decision": "reject",
  "candidates": []
}

$ pgseal hba explain --pg 15 rules.conf --connection user=eve,address=app1
! pgseal: error: "app1" is no address
! HINT:    A connection comes from an IPv4 or IPv6 address, never from a host's name.
! CODE:    201 (usage)
[status 2]

$ pgseal hba explain --pg 15 broken.conf --connection user=eve
! pgseal: error: the server refuses broken.conf
! DETAIL:  broken.conf:1: invalid authentication method "sure"
! HINT:    The server goes by its former rules until all lines are good; pgseal hba show names each bad one.
! CODE:    105 (parse)
[status 1]

-- rules.conf --
# hosts of the shop
local all postgres peer
hostssl all +devs,app 10.0.0.0/8 scram-sha-256 clientcert=verify-full
hostnossl all all all reject

-- roles --
bob devs

-- broken.conf --
local all all sure
