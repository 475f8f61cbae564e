A number outside of what is possible is refused with what is possible.

$ pgseal plan
! pgseal: error: "{DIR}/pgseal.toml", line 8, column 8: port is 70000, outside of 1 to 65535
! HINT:    Change it to what the message allows.
! CODE:    1005 (configuration.value)
[status 10]

-- pgseal.toml --
[environment]
name = "shop"

[[host]]
name = "db1"
link = "ssh:root@127.0.0.1"
database = true
port = 70000
