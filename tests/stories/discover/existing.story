What is there is not overwritten, and then no server is asked either.

$ pgseal init --discover "host=127.0.0.1 port=1 user=postgres"
! pgseal: error: could not create "pgseal.toml"
! DETAIL:  File exists.
! HINT:    pgseal init overwrites nothing.
! CODE:    101 (file.io)
[status 1]

$ cat pgseal.toml
# mine

-- pgseal.toml --
# mine
