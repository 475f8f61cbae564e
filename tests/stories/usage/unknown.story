What is not on the list is refused with the nearest word, and nothing is done.

$ pgseal
! pgseal: error: A subcommand is required
! HINT:    pgseal --help lists the commands.
! CODE:    201 (usage)
[status 2]

$ pgseal aply
! pgseal: error: A subcommand is required
! HINT:    The nearest command is "apply"; pgseal --help lists all.
! CODE:    201 (usage)
[status 2]

$ pgseal frobnicate
! pgseal: error: A subcommand is required
! HINT:    pgseal --help lists the commands.
! CODE:    201 (usage)
[status 2]

$ pgseal debt lst
! pgseal: error: A subcommand is required
! HINT:    The nearest command is "debt"; pgseal --help lists all.
! CODE:    201 (usage)
[status 2]

$ pgseal debt
! pgseal: error: A subcommand is required
! HINT:    The nearest command is "debt"; pgseal --help lists all.
! CODE:    201 (usage)
[status 2]

$ pgseal plan --hots db1
! pgseal: error: The following arguments were not expected: db1 --hots
! HINT:    The nearest command is "plan"; pgseal --help lists all.
! CODE:    201 (usage)
[status 2]

$ pgseal plan extra
! pgseal: error: The following argument was not expected: extra
! HINT:    The nearest command is "plan"; pgseal --help lists all.
! CODE:    201 (usage)
[status 2]

$ pgseal --json aply
! pgseal: error: A subcommand is required
! HINT:    The nearest command is "apply"; pgseal --help lists all.
! CODE:    201 (usage)
{
  "format": 1,
  "error": {
    "code": 201,
    "name": "usage",
    "message": "A subcommand is required",
    "hint": "The nearest command is \"apply\"; pgseal --help lists all."
  }
}
[status 2]

$ pgseal --color sometimes plan
! pgseal: error: --color: sometimes not in {auto,always,never}
! HINT:    pgseal --help lists the commands.
! CODE:    201 (usage)
[status 2]

$ pgseal log --limit -1
! pgseal: error: --limit: Value -1 not in range 0.000000 to 179769313486231570814527423731704356798070567525844996598917476803157260780028538760589558632766878171540458953514382464234321326889464182768467546703537516986049910576551282076245490090389328944075868508455133942304583236903222948165808559332123348274797826204144723168738177180919299881250404026184124858368.000000
! HINT:    The nearest command is "log"; pgseal --help lists all.
! CODE:    201 (usage)
[status 2]

$ pgseal log --limit x
! pgseal: error: --limit: Value x not in range 0.000000 to 179769313486231570814527423731704356798070567525844996598917476803157260780028538760589558632766878171540458953514382464234321326889464182768467546703537516986049910576551282076245490090389328944075868508455133942304583236903222948165808559332123348274797826204144723168738177180919299881250404026184124858368.000000
! HINT:    The nearest command is "log"; pgseal --help lists all.
! CODE:    201 (usage)
[status 2]

$ pgseal status --format xml
! pgseal: error: --format: xml not in {text,nagios}
! HINT:    The nearest command is "status"; pgseal --help lists all.
! CODE:    201 (usage)
[status 2]

$ pgseal ca export
! pgseal: error: AUTHORITY is required
! HINT:    The nearest command is "ca"; pgseal --help lists all.
! CODE:    201 (usage)
[status 2]

$ pgseal ca export root
! pgseal: error: AUTHORITY: root not in {server,client}
! HINT:    The nearest command is "ca"; pgseal --help lists all.
! CODE:    201 (usage)
[status 2]

$ pgseal debt forgive db1
! pgseal: error: --reason is required
! HINT:    The nearest command is "debt"; pgseal --help lists all.
! CODE:    201 (usage)
[status 2]

$ pgseal plan --config
! pgseal: error: --config: 1 required FILE missing
! HINT:    The nearest command is "plan"; pgseal --help lists all.
! CODE:    201 (usage)
[status 2]

