Severities and verdicts have a colour where it is asked for; the words are the same without it.

$ pgseal --color always plan
owed to db1: server:db1
owed to app1: client:deploy@deploy
db1 <ESC>[31merror<ESC>[0m host.unreachable: "db1" refuses ssh connections
  detail: ssh: connect to host 127.0.0.1 port 1: Connection refused
  hint:   Try the same by hand: ssh -p 1 -o BatchMode=yes root@127.0.0.1 true
app1 <ESC>[31merror<ESC>[0m host.unreachable: "app1" refuses ssh connections
  detail: ssh: connect to host 127.0.0.1 port 1: Connection refused
  hint:   Try the same by hand: ssh -p 1 -o BatchMode=yes root@127.0.0.1 true
nothing that could be done now; see above
[status 1]

$ pgseal --color never plan
owed to db1: server:db1
owed to app1: client:deploy@deploy
db1 error host.unreachable: "db1" refuses ssh connections
  detail: ssh: connect to host 127.0.0.1 port 1: Connection refused
  hint:   Try the same by hand: ssh -p 1 -o BatchMode=yes root@127.0.0.1 true
app1 error host.unreachable: "app1" refuses ssh connections
  detail: ssh: connect to host 127.0.0.1 port 1: Connection refused
  hint:   Try the same by hand: ssh -p 1 -o BatchMode=yes root@127.0.0.1 true
nothing that could be done now; see above
[status 1]

$ pgseal plan
owed to db1: server:db1
owed to app1: client:deploy@deploy
db1 error host.unreachable: "db1" refuses ssh connections
  detail: ssh: connect to host 127.0.0.1 port 1: Connection refused
  hint:   Try the same by hand: ssh -p 1 -o BatchMode=yes root@127.0.0.1 true
app1 error host.unreachable: "app1" refuses ssh connections
  detail: ssh: connect to host 127.0.0.1 port 1: Connection refused
  hint:   Try the same by hand: ssh -p 1 -o BatchMode=yes root@127.0.0.1 true
nothing that could be done now; see above
[status 1]

$ pgseal --color always verify
hosts
db1        unreachable            "db1" refuses ssh connections
             -> Try the same by hand: ssh -p 1 -o BatchMode=yes root@127.0.0.1 true
app1       unreachable            "app1" refuses ssh connections
             -> Try the same by hand: ssh -p 1 -o BatchMode=yes root@127.0.0.1 true

db1 <ESC>[31merror<ESC>[0m host.unreachable: "db1" refuses ssh connections
  detail: ssh: connect to host 127.0.0.1 port 1: Connection refused
  hint:   Try the same by hand: ssh -p 1 -o BatchMode=yes root@127.0.0.1 true
app1 <ESC>[31merror<ESC>[0m host.unreachable: "app1" refuses ssh connections
  detail: ssh: connect to host 127.0.0.1 port 1: Connection refused
  hint:   Try the same by hand: ssh -p 1 -o BatchMode=yes root@127.0.0.1 true
note policy.unmet: policy.require = "certificate" is not enforced yet

<ESC>[31mNOT proven<ESC>[0m
[status 1]

$ pgseal --color always status --format nagios
PGSEAL CRITICAL - "db1" refuses ssh connections
[status 2]

$ pgseal --color always ca export server
! pgseal: <ESC>[31merror<ESC>[0m: there is no ledger yet
! DETAIL:  Looked in "{DIR}/state".
! HINT:    The first pgseal apply makes it.
! CODE:    1105 (ledger.missing)
[status 11]

-- pgseal.toml --
[environment]
name = "shop"

[authority]
passphrase = "none"

[ssh]
options = ["-p", "1", "-o", "BatchMode=yes"]

[[host]]
name = "db1"
link = "ssh:root@127.0.0.1"
database = true

[[host]]
name = "app1"
link = "ssh:root@127.0.0.1"

[[identity]]
name = "deploy"
kind = "application"
hosts = ["app1"]
os_users = ["deploy"]
databases = ["shop"]
