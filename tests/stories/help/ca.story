The help of ca.

$ pgseal ca --help
the authorities
Usage: pgseal ca [OPTIONS] SUBCOMMAND

Options:
  -h,--help                   Print this help message and exit

Subcommands:
  show                        the two authorities
  export                      an authority's certificate, PEM

Exit status: 0 done, 1 findings or changes pending, 2 usage, 10 configuration,
11 ledger, 12 locked, 13 authority, 14 link, 15 protocol, 16 server,
17 refused for safety.

