An identity on a host that is not declared is refused with the nearest one that is.

$ pgseal plan
! pgseal: error: "{DIR}/pgseal.toml", line 11, column 10: identity "app" names host "db11", which is not declared
! HINT:    The nearest declared host is "db1".
! CODE:    1007 (configuration.reference)
[status 10]

-- pgseal.toml --
[environment]
name = "shop"

[[host]]
name = "db1"
link = "ssh:root@127.0.0.1"
database = true

[[identity]]
name = "app"
hosts = ["db11"]
os_users = ["app"]
