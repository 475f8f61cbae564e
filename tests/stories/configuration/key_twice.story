A key that stands twice is refused.

$ pgseal plan
! pgseal: error: "{DIR}/pgseal.toml", line 9, column 8: error while parsing key-value pair: cannot redefine existing integer 'port'
! HINT:    Correct the place that the message names.
! CODE:    1002 (configuration.syntax)
[status 10]

-- pgseal.toml --
[environment]
name = "shop"

[[host]]
name = "db1"
link = "ssh:root@127.0.0.1"
database = true
port = 5432
port = 5433
