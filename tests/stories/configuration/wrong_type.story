A value of another type is refused with the type that belongs there.

$ pgseal plan
! pgseal: error: "{DIR}/pgseal.toml", line 10, column 15: server_days is a string where an integer belongs
! HINT:    Write it without quotes.
! CODE:    1004 (configuration.type)
[status 10]

-- pgseal.toml --
[environment]
name = "shop"

[[host]]
name = "db1"
link = "ssh:root@127.0.0.1"
database = true

[policy]
server_days = "90"
