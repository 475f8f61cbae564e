The help of demo.

$ pgseal demo --help
a throw-away environment on this machine, from plaintext to proven TLS
Usage: pgseal demo [OPTIONS]

Options:
  -h,--help                   Print this help message and exit
  --keep                      leave the environment running and say where it is

pgseal --help lists the options of every command.

Exit status: 0 done, 1 findings or changes pending, 2 usage, 10 configuration,
11 ledger, 12 locked, 13 authority, 14 link, 15 protocol, 16 server,
17 refused for safety.

