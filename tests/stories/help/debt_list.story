The help of debt list.

$ pgseal debt list --help
what is owed to which host since when
Usage: pgseal debt list [OPTIONS]

Options:
  -h,--help                   Print this help message and exit

pgseal --help lists the options of every command.

Exit status: 0 done, 1 findings or changes pending, 2 usage, 10 configuration,
11 ledger, 12 locked, 13 authority, 14 link, 15 protocol, 16 server,
17 refused for safety.

