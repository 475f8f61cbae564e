What is wrong in an included file is told with that file.

$ pgseal plan
! pgseal: error: "{DIR}/identities.d/app.toml", line 1, column 1: [[identity]] has no hosts
! DETAIL:  Also "{DIR}/identities.d/app.toml", line 3, column 1: unknown key "host" in [[identity]]. The nearest known key is "hosts".
! HINT:    An identity is held by operating system users on hosts.
! CODE:    1005 (configuration.value)
[status 10]

-- pgseal.toml --
include = ["identities.d/*.toml"]

[environment]
name = "shop"

[[host]]
name = "db1"
link = "ssh:root@127.0.0.1"
database = true
-- identities.d/app.toml --
[[identity]]
name = "app"
host = ["db1"]
os_users = ["app"]
