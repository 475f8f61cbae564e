A word that is none of the possible ones is refused with those.

$ pgseal plan
! pgseal: error: "{DIR}/pgseal.toml", line 10, column 11: require "certificates" is none of "tls", "certificate"
! HINT:    The nearest is "certificate".
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
require = "certificates"
