The help of debt forgive.

$ pgseal debt forgive --help
drop a host's debt; logged with its reason
Usage: pgseal debt forgive [OPTIONS] HOST

Positionals:
  HOST TEXT REQUIRED          the host that owes nothing any more

Options:
  -h,--help                   Print this help message and exit
  --reason TEXT REQUIRED      why, for the log

pgseal --help lists the options of every command.

Exit status: 0 done, 1 findings or changes pending, 2 usage, 10 configuration,
11 ledger, 12 locked, 13 authority, 14 link, 15 protocol, 16 server,
17 refused for safety.

