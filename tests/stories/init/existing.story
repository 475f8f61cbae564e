init overwrites nothing.

$ pgseal init
! pgseal: error: could not create "pgseal.toml"
! DETAIL:  File exists.
! HINT:    pgseal init overwrites nothing.
! CODE:    101 (file.io)
[status 1]

$ cat pgseal.toml
# mine

$ pgseal init nowhere/pgseal.toml
! pgseal: error: could not create "nowhere/pgseal.toml"
! DETAIL:  No such file or directory.
! HINT:    Look for a missing folder, a mode that forbids it, a full disk or a read-only mount.
! CODE:    101 (file.io)
[status 1]

$ pgseal init /
! pgseal: error: could not create "/"
! DETAIL:  File exists.
! HINT:    pgseal init overwrites nothing.
! CODE:    101 (file.io)
[status 1]

-- pgseal.toml --
# mine
