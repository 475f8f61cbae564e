What is not on the list is refused with the nearest word, and nothing is done.

$ pgseal
! pgseal: error: no command was given
! HINT:    pgseal --help lists the commands.
! CODE:    201 (usage)
[status 2]

$ pgseal aply
! pgseal: error: unknown command "aply"
! HINT:    The nearest is "apply"; pgseal --help lists the commands.
! CODE:    201 (usage)
[status 2]

$ pgseal frobnicate
! pgseal: error: unknown command "frobnicate"
! HINT:    pgseal --help lists the commands.
! CODE:    201 (usage)
[status 2]

$ pgseal debt lst
! pgseal: error: unknown command "debt lst"
! HINT:    The nearest is "list"; pgseal debt --help lists the commands.
! CODE:    201 (usage)
[status 2]

$ pgseal debt
! pgseal: error: "debt" is a group of commands: list, forgive
! HINT:    pgseal debt --help lists the commands.
! CODE:    201 (usage)
[status 2]

$ pgseal plan --hots db1
! pgseal: error: unknown option "--hots"
! HINT:    The nearest is "--host"; pgseal plan --help lists what it takes.
! CODE:    201 (usage)
[status 2]

$ pgseal plan extra
! pgseal: error: "pgseal plan" takes no argument "extra"
! HINT:    pgseal plan --help lists what it takes.
! CODE:    201 (usage)
[status 2]

$ pgseal --json aply
! pgseal: error: unknown command "aply"
! HINT:    The nearest is "apply"; pgseal --help lists the commands.
! CODE:    201 (usage)
{
  "format": 1,
  "error": {
    "code": 201,
    "name": "usage",
    "message": "unknown command \"aply\"",
    "hint": "The nearest is \"apply\"; pgseal --help lists the commands."
  }
}
[status 2]

$ pgseal --color sometimes plan
! pgseal: error: --color: "sometimes" is none of auto, always, never
! HINT:    pgseal plan --help lists what it takes.
! CODE:    201 (usage)
[status 2]

$ pgseal log --limit -1
! pgseal: error: --limit: "-1" is no number from 0 to 999999999
! HINT:    pgseal log --help lists what it takes.
! CODE:    201 (usage)
[status 2]

$ pgseal log --limit x
! pgseal: error: --limit: "x" is no number from 0 to 999999999
! HINT:    pgseal log --help lists what it takes.
! CODE:    201 (usage)
[status 2]

$ pgseal status --format xml
! pgseal: error: --format: "xml" is none of text, nagios
! HINT:    pgseal status --help lists what it takes.
! CODE:    201 (usage)
[status 2]

$ pgseal ca export
! pgseal: error: AUTHORITY is required
! HINT:    pgseal ca export --help lists what it takes.
! CODE:    201 (usage)
[status 2]

$ pgseal ca export root
! pgseal: error: AUTHORITY: "root" is none of server, client
! HINT:    pgseal ca export --help lists what it takes.
! CODE:    201 (usage)
[status 2]

$ pgseal debt forgive db1
! pgseal: error: --reason is required
! HINT:    pgseal debt forgive --help lists what it takes.
! CODE:    201 (usage)
[status 2]

$ pgseal plan --config
! pgseal: error: --config: 1 required FILE missing
! HINT:    pgseal plan --help lists what it takes.
! CODE:    201 (usage)
[status 2]

