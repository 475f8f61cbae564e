A password on the command line is refused before anything else, and repeated nowhere.

$ pgseal init --discover "host=db1 user=postgres password=s3cret"
! pgseal: error: --discover was given a password
! DETAIL:  Every user of this machine sees the command lines of its processes, and the shell keeps them in its history: consider that password known.
! HINT:    Put it into ~/.pgpass (mode 0600), or name such a file by PGPASSFILE or passfile=, or a service by service=; never on the command line.
! CODE:    201 (usage)
[status 2]

$ pgseal init --discover postgresql://postgres:s3cret@db1/postgres other.toml
! pgseal: error: --discover was given a password
! DETAIL:  Every user of this machine sees the command lines of its processes, and the shell keeps them in its history: consider that password known.
! HINT:    Put it into ~/.pgpass (mode 0600), or name such a file by PGPASSFILE or passfile=, or a service by service=; never on the command line.
! CODE:    201 (usage)
[status 2]

$ pgseal --json init --discover "host=db1 sslpassword=s3cret"
! pgseal: error: --discover was given a password
! DETAIL:  Every user of this machine sees the command lines of its processes, and the shell keeps them in its history: consider that password known.
! HINT:    Put it into ~/.pgpass (mode 0600), or name such a file by PGPASSFILE or passfile=, or a service by service=; never on the command line.
! CODE:    201 (usage)
{
  "format": 1,
  "error": {
    "code": 201,
    "name": "usage",
    "message": "--discover was given a password",
    "detail": "Every user of this machine sees the command lines of its processes, and the shell keeps them in its history: consider that password known.",
    "hint": "Put it into ~/.pgpass (mode 0600), or name such a file by PGPASSFILE or passfile=, or a service by service=; never on the command line."
  }
}
[status 2]

$ pgseal init --discover "host=db1 password='s3cret"
! pgseal: error: --discover: a quoted value of the connection string has no end
! HINT:    It takes a connection string, "host=db1 user=postgres", or a URI, "postgresql://postgres@db1/".
! CODE:    201 (usage)
[status 2]

$ pgseal init postgresql://postgres:s3cret@db1/postgres
! pgseal: error: a connection string stands where FILE belongs
! HINT:    --discover takes it: pgseal init --discover DSN [FILE].
! CODE:    201 (usage)
[status 2]

$ pgseal init pgseal.toml postgresql://postgres:s3cret@db1/postgres
! pgseal: error: "pgseal init" takes no such argument
! HINT:    pgseal init --help lists what it takes.
! CODE:    201 (usage)
[status 2]

$ pgseal plan --discover=postgresql://postgres:s3cret@db1/postgres
! pgseal: error: "pgseal plan" takes no such argument
! HINT:    pgseal plan --help lists what it takes.
! CODE:    201 (usage)
[status 2]

$ ls
