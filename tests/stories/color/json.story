A JSON document has no colours, whatever is asked.

$ pgseal --color always --json plan | grep severity
      "severity": "error",
      "severity": "error",

$ pgseal --color always --json status | grep -c "$(printf '\033')"
0
[status 1]

$ pgseal --color always --json log 2>/dev/null | grep message
    "message": "there is no ledger yet",

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
