An environment without a host is refused.

$ pgseal plan
! pgseal: error: "{DIR}/pgseal.toml": no host is declared
! HINT:    Declare at least one: [[host]] with name, link and database = true.
! CODE:    1005 (configuration.value)
[status 10]

-- pgseal.toml --
[environment]
name = "shop"
