A key that resembles none is named with its place.

$ pgseal plan
! pgseal: error: "{DIR}/pgseal.toml", line 10, column 1: unknown key "quux" in [policy]
! HINT:    Take it out, or correct it: pgseal init writes a file that shows every key.
! CODE:    1003 (configuration.unknown-key)
[status 10]

-- pgseal.toml --
[environment]
name = "shop"

[[host]]
name = "db1"
link = "ssh:root@127.0.0.1"
database = true

[policy]
quux = 90
