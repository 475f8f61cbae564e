An empty configuration is refused with what it lacks.

$ pgseal plan
! pgseal: error: "{DIR}/pgseal.toml": no host is declared
! DETAIL:  Also "{DIR}/pgseal.toml", line 1, column 1: there is no [environment]. Begin with [environment] and name = "…".
! HINT:    Declare at least one: [[host]] with name, link and database = true.
! CODE:    1005 (configuration.value)
[status 10]

-- pgseal.toml --
# nothing yet
