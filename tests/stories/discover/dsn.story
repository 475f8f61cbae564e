Of the server of --dsn every hba command says what it was asked for; a password on the command line is refused
before anything else, and repeated nowhere.

$ pgseal hba lint rules.conf --dsn "host=db1 password=s3cret"
! pgseal: error: --dsn was given a password
! DETAIL:  Every user of this machine sees the command lines of its processes, and the shell keeps them in its history: consider that password known.
! HINT:    Put it into ~/.pgpass (mode 0600), or name such a file by PGPASSFILE or passfile=, or a service by service=; never on the command line.
! CODE:    201 (usage)
[status 2]

$ pgseal hba prove rules.conf --require tls --dsn "postgresql://u:s3cret@db1/shop"
! pgseal: error: --dsn was given a password
! DETAIL:  Every user of this machine sees the command lines of its processes, and the shell keeps them in its history: consider that password known.
! HINT:    Put it into ~/.pgpass (mode 0600), or name such a file by PGPASSFILE or passfile=, or a service by service=; never on the command line.
! CODE:    201 (usage)
[status 2]

$ pgseal hba explain rules.conf --connection user=app --dsn "host=127.0.0.1 port=1"
! pgseal: error: could not connect to the server that --dsn names
! DETAIL:  connection to server at "127.0.0.1", port 1 failed: Connection refused
!          	Is the server running on that host and accepting TCP/IP connections?
! HINT:    Try the same connection string with psql.
! CODE:    1620 (server.connection)
[status 16]

$ pgseal hba replay rules.conf
! pgseal: error: nothing says whose sessions are meant
! HINT:    --sessions names a list of them, --log a log, --dsn a server that has them.
! CODE:    201 (usage)
[status 2]

$ LD_LIBRARY_PATH=$PWD/broken pgseal hba show rules.conf --dsn "host=127.0.0.1 port=1"
! pgseal: error: could not load libpq
! DETAIL:  {DIR}/broken/libpq.so.5: file too short.
! HINT:    Install PostgreSQL's client library (Debian: libpq5).
! CODE:    1613 (server.library)
[status 16]

-- rules.conf --
hostssl shop app 10.0.0.0/8 scram-sha-256
-- broken/libpq.so.5 --
not a library
