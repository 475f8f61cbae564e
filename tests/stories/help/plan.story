The help of plan.

$ pgseal plan --help
observe every host and print what apply would do; changes nothing
Usage: pgseal plan [OPTIONS]

Options:
  -h,--help                   Print this help message and exit
  --host PATTERN              only hosts whose name matches this shell pattern
  --replace                   as apply --replace would
  --take-over                 as apply --take-over would

pgseal --help lists the options of every command.

Exit status: 0 done, 1 findings or changes pending, 2 usage, 10 configuration,
11 ledger, 12 locked, 13 authority, 14 link, 15 protocol, 16 server,
17 refused for safety.

