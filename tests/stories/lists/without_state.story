Before the first apply the lists are empty, and say what makes them.

$ pgseal status --offline
environment shop (as last seen; no host was asked)
  db1        not asked             TLS -
  app1       not asked             TLS -
what is still to do is not known: pgseal plan asks the hosts
no certificate was issued yet: pgseal apply begins

$ pgseal status --offline --json
{
  "format": 1,
  "environment": "shop",
  "phase": null,
  "hosts": [
    {
      "name": "db1",
      "reachable": null,
      "role": null,
      "version": null,
      "tls": null,
      "enforcement": "none",
      "slots": []
    },
    {
      "name": "app1",
      "reachable": null,
      "role": null,
      "version": null,
      "tls": null,
      "enforcement": "none",
      "slots": []
    }
  ],
  "debts": [],
  "pending_steps": null,
  "findings": [],
  "good_until": null
}

$ pgseal status --offline --format nagios
PGSEAL OK - no certificate was issued yet, no host was asked

$ pgseal log
! pgseal: error: there is no ledger yet
! DETAIL:  Looked in "{DIR}/state".
! HINT:    The first pgseal apply makes it.
! CODE:    1105 (ledger.missing)
[status 11]

$ pgseal log --json
! pgseal: error: there is no ledger yet
! DETAIL:  Looked in "{DIR}/state".
! HINT:    The first pgseal apply makes it.
! CODE:    1105 (ledger.missing)
{
  "format": 1,
  "error": {
    "code": 1105,
    "name": "ledger.missing",
    "message": "there is no ledger yet",
    "detail": "Looked in \"{DIR}/state\".",
    "hint": "The first pgseal apply makes it."
  }
}
[status 11]

$ pgseal log --verify
! pgseal: error: there is no ledger yet
! DETAIL:  Looked in "{DIR}/state".
! HINT:    The first pgseal apply makes it.
! CODE:    1105 (ledger.missing)
[status 11]

$ pgseal ca show
no authority yet: the first pgseal apply makes both

$ pgseal ca show --json
{
  "format": 1,
  "authorities": []
}

$ pgseal ca export server
! pgseal: error: there is no ledger yet
! DETAIL:  Looked in "{DIR}/state".
! HINT:    The first pgseal apply makes it.
! CODE:    1105 (ledger.missing)
[status 11]

$ pgseal debt list
no host is owed anything

$ pgseal debt list --json
{
  "format": 1,
  "debts": []
}

$ pgseal debt forgive db1 --reason gone
! pgseal: error: there is no ledger in "{DIR}/state"
! DETAIL:  The folder does not exist.
! HINT:    The first pgseal apply makes it.
! CODE:    1105 (ledger.missing)
[status 11]

$ pgseal user list
deploy  application  deploy on app1

$ pgseal user list --json
{
  "format": 1,
  "users": [
    {
      "name": "deploy",
      "kind": "application",
      "hosts": [
        "app1"
      ],
      "os_users": [
        "deploy"
      ],
      "databases": [
        "shop"
      ]
    }
  ]
}

$ pgseal host list
db1   database  ssh:root@127.0.0.1  db1
app1            ssh:root@127.0.0.1

$ pgseal host list --json
{
  "format": 1,
  "hosts": [
    {
      "name": "db1",
      "link": "ssh:root@127.0.0.1",
      "address": null,
      "database": true,
      "names": [
        "db1"
      ]
    },
    {
      "name": "app1",
      "link": "ssh:root@127.0.0.1",
      "address": null,
      "database": false,
      "names": [
        "app1"
      ]
    }
  ]
}

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
