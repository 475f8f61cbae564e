A host that is declared twice is refused with both places.

$ pgseal plan
! pgseal: error: "{DIR}/pgseal.toml", line 10, column 8: host "db1" is declared twice
! HINT:    The first is in "{DIR}/pgseal.toml", line 5.
! CODE:    1006 (configuration.duplicate)
[status 10]

-- pgseal.toml --
[environment]
name = "shop"

[[host]]
name = "db1"
link = "ssh:root@127.0.0.1"
database = true

[[host]]
name = "db1"
link = "local"
