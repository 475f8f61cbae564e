A file that include names must be there; a pattern may match nothing.

$ pgseal plan
! pgseal: error: "{DIR}/pgseal.toml", line 1, column 12: include names "hosts.toml", which is not there
! HINT:    A pattern with * may match nothing; a plain name must be there.
! CODE:    1001 (configuration.not-found)
[status 10]

-- pgseal.toml --
include = ["hosts.toml", "identities.d/*.toml"]

[environment]
name = "shop"

[[host]]
name = "db1"
link = "ssh:root@127.0.0.1"
database = true
