pgseal loads libpq when a command first needs it. Where it is missing or is not what it should be, the
command says so; what needs none goes on.

$ LD_LIBRARY_PATH=$PWD/broken pgseal init --discover "host=127.0.0.1 port=1"
! pgseal: error: could not load libpq
! DETAIL:  {DIR}/broken/libpq.so.5: file too short.
! HINT:    Install PostgreSQL's client library (Debian: libpq5).
! CODE:    1613 (server.library)
[status 16]

$ mkdir other && ln -s "$(ldd "$(command -v pgseal)" | sed -n 's|.*libz[^ ]* => \([^ ]*\) .*|\1|p')" other/libpq.so.5

$ LD_LIBRARY_PATH=$PWD/other pgseal init --discover "host=127.0.0.1 port=1"
! pgseal: error: could not load libpq
! DETAIL:  <*>: undefined symbol: PQconndefaults.
! HINT:    Install PostgreSQL's client library (Debian: libpq5).
! CODE:    1613 (server.library)
[status 16]

$ LD_LIBRARY_PATH=$PWD/broken pgseal --version
pgseal <*>

-- broken/libpq.so.5 --
not a library
