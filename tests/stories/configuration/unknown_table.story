A misspelt table is named like a key.

$ pgseal plan
! pgseal: error: "{DIR}/pgseal.toml", line 9, column 2: unknown key "polcy" in the top level
! HINT:    The nearest known key is "policy".
! CODE:    1003 (configuration.unknown-key)
[status 10]

-- pgseal.toml --
[environment]
name = "shop"

[[host]]
name = "db1"
link = "ssh:root@127.0.0.1"
database = true

[polcy]
server_days = 90
