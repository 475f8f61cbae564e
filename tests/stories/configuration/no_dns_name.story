A name that no certificate can carry is refused.

$ pgseal plan
! pgseal: error: "{DIR}/pgseal.toml", line 7, column 10: names "db_1.shop.internal" is neither a host name nor an address
! HINT:    A host name has no underscore (RFC 1123 section 2.1).
! CODE:    1005 (configuration.value)
[status 10]

-- pgseal.toml --
[environment]
name = "shop"

[[host]]
name = "db1"
link = "ssh:root@127.0.0.1"
names = ["db_1.shop.internal"]
database = true
