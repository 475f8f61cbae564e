A configuration that cannot be read is told with the reason of the system. Root may read anything, so
root gives that up first.

$ chmod 000 pgseal.toml; [ "$(id -u)" != 0 ] || drop="setpriv --bounding-set -dac_override,-dac_read_search"; $drop pgseal plan
! pgseal: error: could not open "{DIR}/pgseal.toml"
! DETAIL:  Permission denied.
! HINT:    Name one with --config, or make one with pgseal init.
! CODE:    1001 (configuration.not-found)
[status 10]

$ pgseal --config . plan
! pgseal: error: "{DIR}/" is not a regular file
! HINT:    Name one with --config, or make one with pgseal init.
! CODE:    1001 (configuration.not-found)
[status 10]

$ mkfifo pipe && pgseal --config pipe plan
! pgseal: error: "{DIR}/pipe" is not a regular file
! HINT:    Name one with --config, or make one with pgseal init.
! CODE:    1001 (configuration.not-found)
[status 10]

$ ln -s nowhere link.toml && pgseal --config link.toml plan
! pgseal: error: could not open "{DIR}/link.toml"
! DETAIL:  No such file or directory.
! HINT:    pgseal init FILE writes one.
! CODE:    1001 (configuration.not-found)
[status 10]

-- pgseal.toml --
[environment]
name = "shop"

[[host]]
name = "db1"
link = "ssh:root@127.0.0.1"
database = true
