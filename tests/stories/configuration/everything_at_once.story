All that is wrong is said at once, in the order of the lines.

$ pgseal plan
! pgseal: error: "{DIR}/pgseal.toml", line 2, column 8: name "Shop" is not 1 to 25 lower-case letters, digits and inner hyphens
! DETAIL:  Also "{DIR}/pgseal.toml", line 5, column 15: server_days is a string where an integer belongs. Write it without quotes.
!          Also "{DIR}/pgseal.toml", line 6, column 1: unknown key "key_typ" in [policy]. The nearest known key is "key_type".
!          Also "{DIR}/pgseal.toml", line 10, column 8: link "telnet:db1" is neither "local" nor "ssh:DESTINATION". Write "ssh:" and what you would give to ssh, or "local" for this host.
! HINT:    It stands in the authorities' names, of which pg_stat_ssl shows 63 bytes, and in paths.
! CODE:    1005 (configuration.value)
[status 10]

$ pgseal plan --json
! pgseal: error: "{DIR}/pgseal.toml", line 2, column 8: name "Shop" is not 1 to 25 lower-case letters, digits and inner hyphens
! DETAIL:  Also "{DIR}/pgseal.toml", line 5, column 15: server_days is a string where an integer belongs. Write it without quotes.
!          Also "{DIR}/pgseal.toml", line 6, column 1: unknown key "key_typ" in [policy]. The nearest known key is "key_type".
!          Also "{DIR}/pgseal.toml", line 10, column 8: link "telnet:db1" is neither "local" nor "ssh:DESTINATION". Write "ssh:" and what you would give to ssh, or "local" for this host.
! HINT:    It stands in the authorities' names, of which pg_stat_ssl shows 63 bytes, and in paths.
! CODE:    1005 (configuration.value)
{
  "format": 1,
  "error": {
    "code": 1005,
    "name": "configuration.value",
    "message": "\"{DIR}/pgseal.toml\", line 2, column 8: name \"Shop\" is not 1 to 25 lower-case letters, digits and inner hyphens",
    "detail": "Also \"{DIR}/pgseal.toml\", line 5, column 15: server_days is a string where an integer belongs. Write it without quotes.\nAlso \"{DIR}/pgseal.toml\", line 6, column 1: unknown key \"key_typ\" in [policy]. The nearest known key is \"key_type\".\nAlso \"{DIR}/pgseal.toml\", line 10, column 8: link \"telnet:db1\" is neither \"local\" nor \"ssh:DESTINATION\". Write \"ssh:\" and what you would give to ssh, or \"local\" for this host.",
    "hint": "It stands in the authorities' names, of which pg_stat_ssl shows 63 bytes, and in paths."
  }
}
[status 10]

-- pgseal.toml --
[environment]
name = "Shop"

[policy]
server_days = "90"
key_typ = "P-256"

[[host]]
name = "db1"
link = "telnet:db1"
