The help of status.

$ pgseal status --help
one screen: hosts, certificates, TLS, debts
Usage: pgseal status [OPTIONS]

Options:
  -h,--help                   Print this help message and exit
  --offline                   from the ledger alone; no host is asked
  --format text|nagios        for people or for a monitoring system

pgseal --help lists the options of every command.

Exit status: 0 done, 1 findings or changes pending, 2 usage, 10 configuration,
11 ledger, 12 locked, 13 authority, 14 link, 15 protocol, 16 server,
17 refused for safety.

