A misspelt key is named with its place and the nearest known one.

$ pgseal plan
! pgseal: error: "{DIR}/pgseal.toml", line 10, column 1: unknown key "server_day" in [policy]
! HINT:    The nearest known key is "server_days".
! CODE:    1003 (configuration.unknown-key)
[status 10]

$ pgseal plan --json
! pgseal: error: "{DIR}/pgseal.toml", line 10, column 1: unknown key "server_day" in [policy]
! HINT:    The nearest known key is "server_days".
! CODE:    1003 (configuration.unknown-key)
{
  "format": 1,
  "error": {
    "code": 1003,
    "name": "configuration.unknown-key",
    "message": "\"{DIR}/pgseal.toml\", line 10, column 1: unknown key \"server_day\" in [policy]",
    "hint": "The nearest known key is \"server_days\"."
  }
}
[status 10]

-- pgseal.toml --
[environment]
name = "shop"

[[host]]
name = "db1"
link = "ssh:root@127.0.0.1"
database = true

[policy]
server_day = 90
