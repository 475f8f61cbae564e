The help of log.

$ pgseal log --help
who did what
Usage: pgseal log [OPTIONS]

Options:
  -h,--help                   Print this help message and exit
  --verify                    check the chain of hashes instead
  --limit NUMBER              how many of the newest entries; 0: all

pgseal --help lists the options of every command.

Exit status: 0 done, 1 findings or changes pending, 2 usage, 10 configuration,
11 ledger, 12 locked, 13 authority, 14 link, 15 protocol, 16 server,
17 refused for safety.

