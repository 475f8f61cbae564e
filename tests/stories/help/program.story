The help of the program lists the commands and the exit statuses.

$ pgseal --help
pgseal takes a PostgreSQL environment from plaintext to proven TLS.
Usage: pgseal [OPTIONS] SUBCOMMAND

Options:
  -h,--help                   Print this help message and exit
  --config FILE               the configuration (default: $PGSEAL_CONFIG, pgseal.toml here, /etc/pgseal/pgseal.toml)
  --json                      one JSON document on standard output
  --quiet                     say nothing but results and errors
  --color auto|always|never   auto: on a terminal, unless NO_COLOR is set
  --version                   Display program version information and exit

Subcommands:
  init                        write a commented pgseal.toml
  plan                        observe every host and print what apply would do; changes nothing
  apply                       carry the plan out; safe to repeat, safe to interrupt
  verify                      prove TLS host by host and identity by identity; changes nothing
  status                      one screen: hosts, certificates, TLS, debts
  user                        identities
  host                        hosts
  debt                        what hosts are owed
  ca                          the authorities
  hba                         what a pg_hba.conf means
  log                         who did what
  demo                        a throw-away environment on this machine, from plaintext to proven TLS
  completion                  a script that completes pgseal's command lines in a shell

Exit status: 0 done, 1 findings or changes pending, 2 usage, 10 configuration,
11 ledger, 12 locked, 13 authority, 14 link, 15 protocol, 16 server,
17 refused for safety.

$ pgseal --version
pgseal 0.1.0

