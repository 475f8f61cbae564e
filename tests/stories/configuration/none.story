Without a configuration every command that needs one says where it looked and what to do.

$ pgseal plan
! pgseal: error: there is no pgseal.toml
! DETAIL:  Looked for --config, PGSEAL_CONFIG, pgseal.toml in this folder, and /etc/pgseal/pgseal.toml.
! HINT:    pgseal init writes one.
! CODE:    1001 (configuration.not-found)
[status 10]

$ pgseal apply --yes
! pgseal: error: there is no pgseal.toml
! DETAIL:  Looked for --config, PGSEAL_CONFIG, pgseal.toml in this folder, and /etc/pgseal/pgseal.toml.
! HINT:    pgseal init writes one.
! CODE:    1001 (configuration.not-found)
[status 10]

$ pgseal verify
! pgseal: error: there is no pgseal.toml
! DETAIL:  Looked for --config, PGSEAL_CONFIG, pgseal.toml in this folder, and /etc/pgseal/pgseal.toml.
! HINT:    pgseal init writes one.
! CODE:    1001 (configuration.not-found)
[status 10]

$ pgseal status
! pgseal: error: there is no pgseal.toml
! DETAIL:  Looked for --config, PGSEAL_CONFIG, pgseal.toml in this folder, and /etc/pgseal/pgseal.toml.
! HINT:    pgseal init writes one.
! CODE:    1001 (configuration.not-found)
[status 10]

$ pgseal user list
! pgseal: error: there is no pgseal.toml
! DETAIL:  Looked for --config, PGSEAL_CONFIG, pgseal.toml in this folder, and /etc/pgseal/pgseal.toml.
! HINT:    pgseal init writes one.
! CODE:    1001 (configuration.not-found)
[status 10]

$ pgseal host list
! pgseal: error: there is no pgseal.toml
! DETAIL:  Looked for --config, PGSEAL_CONFIG, pgseal.toml in this folder, and /etc/pgseal/pgseal.toml.
! HINT:    pgseal init writes one.
! CODE:    1001 (configuration.not-found)
[status 10]

$ pgseal debt list
! pgseal: error: there is no pgseal.toml
! DETAIL:  Looked for --config, PGSEAL_CONFIG, pgseal.toml in this folder, and /etc/pgseal/pgseal.toml.
! HINT:    pgseal init writes one.
! CODE:    1001 (configuration.not-found)
[status 10]

$ pgseal debt forgive db1 --reason x
! pgseal: error: there is no pgseal.toml
! DETAIL:  Looked for --config, PGSEAL_CONFIG, pgseal.toml in this folder, and /etc/pgseal/pgseal.toml.
! HINT:    pgseal init writes one.
! CODE:    1001 (configuration.not-found)
[status 10]

$ pgseal ca show
! pgseal: error: there is no pgseal.toml
! DETAIL:  Looked for --config, PGSEAL_CONFIG, pgseal.toml in this folder, and /etc/pgseal/pgseal.toml.
! HINT:    pgseal init writes one.
! CODE:    1001 (configuration.not-found)
[status 10]

$ pgseal ca export server
! pgseal: error: there is no pgseal.toml
! DETAIL:  Looked for --config, PGSEAL_CONFIG, pgseal.toml in this folder, and /etc/pgseal/pgseal.toml.
! HINT:    pgseal init writes one.
! CODE:    1001 (configuration.not-found)
[status 10]

$ pgseal log
! pgseal: error: there is no pgseal.toml
! DETAIL:  Looked for --config, PGSEAL_CONFIG, pgseal.toml in this folder, and /etc/pgseal/pgseal.toml.
! HINT:    pgseal init writes one.
! CODE:    1001 (configuration.not-found)
[status 10]

$ pgseal plan --json
! pgseal: error: there is no pgseal.toml
! DETAIL:  Looked for --config, PGSEAL_CONFIG, pgseal.toml in this folder, and /etc/pgseal/pgseal.toml.
! HINT:    pgseal init writes one.
! CODE:    1001 (configuration.not-found)
{
  "format": 1,
  "error": {
    "code": 1001,
    "name": "configuration.not-found",
    "message": "there is no pgseal.toml",
    "detail": "Looked for --config, PGSEAL_CONFIG, pgseal.toml in this folder, and /etc/pgseal/pgseal.toml.",
    "hint": "pgseal init writes one."
  }
}
[status 10]

$ pgseal --config nowhere.toml plan
! pgseal: error: could not open "{DIR}/nowhere.toml"
! DETAIL:  No such file or directory.
! HINT:    pgseal init FILE writes one.
! CODE:    1001 (configuration.not-found)
[status 10]

$ PGSEAL_CONFIG=nowhere.toml pgseal plan
! pgseal: error: could not open "{DIR}/nowhere.toml"
! DETAIL:  No such file or directory.
! HINT:    pgseal init FILE writes one.
! CONTEXT: reading what PGSEAL_CONFIG names
! CODE:    1001 (configuration.not-found)
[status 10]

