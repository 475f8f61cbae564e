A text that is no TOML is refused with line and column, and none of it is repeated.

$ pgseal plan
! pgseal: error: "{DIR}/pgseal.toml", line 10, column 14: error while parsing value: could not determine value type
! HINT:    A text stands in double quotes.
! CODE:    1002 (configuration.syntax)
[status 10]

-- pgseal.toml --
[environment]
name = "shop"

[[host]]
name = "db1"
link = "ssh:root@127.0.0.1"
database = true

[authority]
passphrase = hunter2
