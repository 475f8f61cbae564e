Hosts that cannot be reached are findings, nothing is changed, and nothing is written here.

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

$ pgseal plan --json
{
  "format": 1,
  "operation": "plan",
  "phases": [],
  "findings": [
    {
      "severity": "error",
      "code": "host.unreachable",
      "message": "\"db1\" refuses ssh connections",
      "detail": "ssh: connect to host 127.0.0.1 port 1: Connection refused",
      "hint": "Try the same by hand: ssh -p 1 -o BatchMode=yes root@127.0.0.1 true",
      "host": "db1"
    },
    {
      "severity": "error",
      "code": "host.unreachable",
      "message": "\"app1\" refuses ssh connections",
      "detail": "ssh: connect to host 127.0.0.1 port 1: Connection refused",
      "hint": "Try the same by hand: ssh -p 1 -o BatchMode=yes root@127.0.0.1 true",
      "host": "app1"
    }
  ],
  "debts": []
}
[status 1]

$ pgseal apply --yes
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

$ pgseal verify
hosts
db1        unreachable            "db1" refuses ssh connections
             -> Try the same by hand: ssh -p 1 -o BatchMode=yes root@127.0.0.1 true
app1       unreachable            "app1" refuses ssh connections
             -> Try the same by hand: ssh -p 1 -o BatchMode=yes root@127.0.0.1 true

db1 error host.unreachable: "db1" refuses ssh connections
  detail: ssh: connect to host 127.0.0.1 port 1: Connection refused
  hint:   Try the same by hand: ssh -p 1 -o BatchMode=yes root@127.0.0.1 true
app1 error host.unreachable: "app1" refuses ssh connections
  detail: ssh: connect to host 127.0.0.1 port 1: Connection refused
  hint:   Try the same by hand: ssh -p 1 -o BatchMode=yes root@127.0.0.1 true
note policy.unmet: policy.require = "certificate" is not enforced yet

NOT proven
[status 1]

$ pgseal status
environment shop
  db1        unreachable           TLS -
  app1       unreachable           TLS -
db1 error host.unreachable: "db1" refuses ssh connections
  detail: ssh: connect to host 127.0.0.1 port 1: Connection refused
  hint:   Try the same by hand: ssh -p 1 -o BatchMode=yes root@127.0.0.1 true
app1 error host.unreachable: "app1" refuses ssh connections
  detail: ssh: connect to host 127.0.0.1 port 1: Connection refused
  hint:   Try the same by hand: ssh -p 1 -o BatchMode=yes root@127.0.0.1 true
no certificate was issued yet: pgseal apply begins
[status 1]

$ pgseal status --json
{
  "format": 1,
  "environment": "shop",
  "phase": null,
  "hosts": [
    {
      "name": "db1",
      "reachable": false,
      "role": null,
      "version": null,
      "tls": null,
      "enforcement": "none",
      "slots": []
    },
    {
      "name": "app1",
      "reachable": false,
      "role": "application",
      "version": null,
      "tls": null,
      "enforcement": "none",
      "slots": []
    }
  ],
  "debts": [],
  "pending_steps": 0,
  "findings": [
    {
      "severity": "error",
      "code": "host.unreachable",
      "message": "\"db1\" refuses ssh connections",
      "detail": "ssh: connect to host 127.0.0.1 port 1: Connection refused",
      "hint": "Try the same by hand: ssh -p 1 -o BatchMode=yes root@127.0.0.1 true",
      "host": "db1"
    },
    {
      "severity": "error",
      "code": "host.unreachable",
      "message": "\"app1\" refuses ssh connections",
      "detail": "ssh: connect to host 127.0.0.1 port 1: Connection refused",
      "hint": "Try the same by hand: ssh -p 1 -o BatchMode=yes root@127.0.0.1 true",
      "host": "app1"
    }
  ],
  "good_until": null
}
[status 1]

$ ls
pgseal.toml

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
