The help of init.

$ pgseal init --help
write a commented pgseal.toml
Usage: pgseal init [OPTIONS] [FILE]

Positionals:
  FILE TEXT                   where to write (default: pgseal.toml)

Options:
  -h,--help                   Print this help message and exit
  --name NAME                 the environment's name
  --discover DSN              fill in what a running server shows; a connection string or URI of libpq, without a password

pgseal --help lists the options of every command.

Exit status: 0 done, 1 findings or changes pending, 2 usage, 10 configuration,
11 ledger, 12 locked, 13 authority, 14 link, 15 protocol, 16 server,
17 refused for safety.

