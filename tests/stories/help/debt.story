The help of debt.

$ pgseal debt --help
what hosts are owed
Usage: pgseal debt [OPTIONS] SUBCOMMAND

Options:
  -h,--help                   Print this help message and exit

Subcommands:
  list                        what is owed to which host since when
  forgive                     drop a host's debt; logged with its reason

Exit status: 0 done, 1 findings or changes pending, 2 usage, 10 configuration,
11 ledger, 12 locked, 13 authority, 14 link, 15 protocol, 16 server,
17 refused for safety.

