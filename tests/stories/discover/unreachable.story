A server that cannot be asked is an error of its own, and nothing is written.

$ pgseal init --discover "host=127.0.0.1 port=1 user=postgres"
! pgseal: error: could not connect to the server that --discover names
! DETAIL:  connection to server at "127.0.0.1", port 1 failed: Connection refused
!          	Is the server running on that host and accepting TCP/IP connections?
! HINT:    Try the same connection string with psql.
! CODE:    1620 (server.connection)
[status 16]

$ pgseal --json init --discover "host=$PWD/nowhere user=postgres"
! pgseal: error: could not connect to the server that --discover names
! DETAIL:  connection to server on socket "{DIR}/nowhere/.s.PGSQL.5432" failed: No such file or directory
!          	Is the server running locally and accepting connections on that socket?
! HINT:    Try the same connection string with psql.
! CODE:    1620 (server.connection)
{
  "format": 1,
  "error": {
    "code": 1620,
    "name": "server.connection",
    "message": "could not connect to the server that --discover names",
    "detail": "connection to server on socket \"{DIR}/nowhere/.s.PGSQL.5432\" failed: No such file or directory\n\tIs the server running locally and accepting connections on that socket?",
    "hint": "Try the same connection string with psql."
  }
}
[status 16]

$ pgseal init --discover "host=db1 usr=postgres"
! pgseal: error: libpq knows no keyword "usr" of a connection string
! HINT:    The nearest is "user".
! CODE:    201 (usage)
[status 2]

$ pgseal init --discover "db1"
! pgseal: error: --discover: a keyword of the connection string has no "=" after it
! HINT:    It takes a connection string, "host=db1 user=postgres", or a URI, "postgresql://postgres@db1/".
! CODE:    201 (usage)
[status 2]

$ pgseal init --name "No Good" --discover "host=127.0.0.1 port=1"
! pgseal: error: --name "No Good" is not 1 to 25 lower-case letters, digits and inner hyphens
! HINT:    It stands in the authorities' names, of which pg_stat_ssl shows 63 bytes, and in paths.
! CODE:    201 (usage)
[status 2]

$ ls
