# What is wrong with a pg_hba.conf

The server's own words come first, then what loads and is likely not meant.

$ pgseal hba lint --pg 15 bad.conf
! the server refuses this file: 3 bad lines
bad.conf:1 error hba.bare-address: invalid IP mask "trust": Name or service not known
  hint:   Write the length behind the address, as 10.0.0.1/32.
  clause: postgresql auth-pg-hba-conf
bad.conf:2 error hba.clientcert-value: invalid value for clientcert: "1"
  hint:   Write verify-full or verify-ca; on 10 and 11 write 1.
  clause: postgresql auth-pg-hba-conf
bad.conf:3 error hba.unknown-type: invalid connection type "HOST"
  hint:   Write local, host, hostssl or hostnossl.
  clause: postgresql auth-pg-hba-conf
bad.conf:2 note hba.null-row: pg_hba_file_rules shows no error for this line
  hint:   Look for rows whose type is null, and into the log.
  clause: postgresql view-pg-hba-file-rules
[status 1]

$ pgseal hba lint --pg 15 odd.conf
odd.conf:2 warning hba.shadowed: this rule never decides
  detail: Rules above it catch all that it is about: odd.conf:1.
  hint:   Move the rule above those that catch its connections, or take it out.
  clause: postgresql auth-pg-hba-conf
odd.conf:3 warning hba.host-after-hostssl: clients whose TLS fails come in here without
  detail: With TLS they come in above: odd.conf:1.
  hint:   Take the host rule out, once its clients use TLS.
  clause: postgresql libpq-ssl
odd.conf:2 note hba.superuser-group: "+staff" has no superusers but those that were made members
  hint:   Name them where they are meant.
  clause: postgresql auth-pg-hba-conf
[status 1]

$ pgseal hba lint --pg 15 --roles roles --json odd.conf
{
  "format": 1,
  "pg": 15,
  "accepted_by_server": true,
  "rules": 3,
  "findings": [
    {
      "severity": "note",
      "code": "hba.superuser-group",
      "message": "\"+staff\" has no superusers but those that were made members",
      "hint": "Name them where they are meant.",
      "clause": "postgresql auth-pg-hba-conf",
      "file": "odd.conf",
      "line": 2
    },
    {
      "severity": "warning",
      "code": "hba.shadowed",
      "message": "this rule never decides",
      "detail": "Rules above it catch all that it is about: odd.conf:1.",
      "hint": "Move the rule above those that catch its connections, or take it out.",
      "clause": "postgresql auth-pg-hba-conf",
      "file": "odd.conf",
      "line": 2,
      "related": [
        {
          "file": "odd.conf",
          "line": 1
        }
      ]
    },
    {
      "severity": "warning",
      "code": "hba.host-after-hostssl",
      "message": "clients whose TLS fails come in here without",
      "detail": "With TLS they come in above: odd.conf:1.",
      "hint": "Take the host rule out, once its clients use TLS.",
      "clause": "postgresql libpq-ssl",
      "file": "odd.conf",
      "line": 3,
      "related": [
        {
          "file": "odd.conf",
          "line": 1
        }
      ]
    }
  ]
}
[status 1]

$ pgseal hba lint --pg 18 - < good.conf

$ pgseal hba lint --pg 18 expression.conf
! whether the server loads this file, only the server can tell
expression.conf:1 note hba.undecided: only the server can tell whether it loads this line: what the regular expression means
  hint:   Have the server say it: where the file lies in its place, pg_hba_file_rules shows an error for the line, or none.
  clause: postgresql view-pg-hba-file-rules

-- bad.conf --
host all all 10.0.0.1 trust
hostssl all all ::/0 cert clientcert=1
HOST all all all md5
-- odd.conf --
hostssl shop all 10.0.0.0/8 scram-sha-256
hostssl shop +staff 10.0.0.7/32 reject
host shop app 10.0.0.0/8 scram-sha-256
-- roles --
app staff
-- good.conf --
hostssl shop app 10.0.0.0/8 scram-sha-256
-- expression.conf --
hostssl "/^shop\d$" app 10.0.0.0/8 scram-sha-256
