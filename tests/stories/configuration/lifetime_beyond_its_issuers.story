A certificate cannot outlive the authority that issues it.

$ pgseal plan
! pgseal: error: "{DIR}/pgseal.toml", line 10, column 15: server_days (400) is longer than authority_days (365)
! HINT:    An authority never signs what outlives it.
! CODE:    1005 (configuration.value)
[status 10]

-- pgseal.toml --
[environment]
name = "shop"

[[host]]
name = "db1"
link = "ssh:root@127.0.0.1"
database = true

[policy]
server_days = 400
authority_days = 365
