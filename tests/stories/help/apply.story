The help of apply.

$ pgseal apply --help
carry the plan out; safe to repeat, safe to interrupt
Usage: pgseal apply [OPTIONS]

Options:
  -h,--help                   Print this help message and exit
  --host PATTERN              only hosts whose name matches this shell pattern
  --yes                       ask no question
  --reason TEXT               why, for the log
  --replace                   archive foreign pairs that stand in the way and put ours there
  --take-over                 accept the mark of another ledger

pgseal --help lists the options of every command.

Exit status: 0 done, 1 findings or changes pending, 2 usage, 10 configuration,
11 ledger, 12 locked, 13 authority, 14 link, 15 protocol, 16 server,
17 refused for safety.

