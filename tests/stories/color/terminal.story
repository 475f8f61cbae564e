A terminal has colours unless NO_COLOR is set to something; --color says more than either.

$ script -qec "pgseal log" /dev/null | grep "no ledger"
pgseal: <ESC>[31merror<ESC>[0m: there is no ledger yet

$ NO_COLOR=1 script -qec "pgseal log" /dev/null | grep "no ledger"
pgseal: error: there is no ledger yet

$ NO_COLOR= script -qec "pgseal log" /dev/null | grep "no ledger"
pgseal: <ESC>[31merror<ESC>[0m: there is no ledger yet

$ script -qec "pgseal --color never log" /dev/null | grep "no ledger"
pgseal: error: there is no ledger yet

$ NO_COLOR=1 pgseal --color always log
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
