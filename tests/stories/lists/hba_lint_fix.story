The lint mends what nobody's way in hangs on: words that a newer version refuses, bits behind a
mask, rules that never decide. It shows the difference first, and says by which version it is none
in meaning. Secrets are not shown. A file keeps its mode, and a link stays a link.
Needs: script

$ pgseal hba lint pg_hba.conf --pg 15 --fix </dev/null
! as PostgreSQL 13.23 reads both files, nobody's way in changes
! pgseal: error: nothing was changed: nobody could be asked
! DETAIL:  Standard input is not a terminal, and --yes was not given.
! HINT:    Say --yes to carry it out without a question.
! CODE:    1706 (refused.unasked)
--- pg_hba.conf
+++ pg_hba.conf
@@ -2,1 +2,1 @@ hba.clientcert-value
-hostssl all postgres 10.0.0.0/8 md5 clientcert=1   # since 2014
+hostssl all postgres 10.0.0.0/8 md5 clientcert=verify-ca   # since 2014
@@ -4,1 +4,1 @@ hba.clientcert-value, hba.host-bits
-hostssl\x09all  app  10.1.2.3/16  ldap ldapserver=a ldapbasedn=b ldapbindpasswd=******** clientcert=0
+hostssl\x09all  app  10.1.0.0/16  ldap ldapserver=a ldapbasedn=b ldapbindpasswd=********
@@ -6,1 +5,0 @@ hba.redundant
-host all app 127.0.0.1/32 trust
[status 17]

$ chmod 640 pg_hba.conf; cp -p pg_hba.conf was.conf; ln -s pg_hba.conf link.conf
$ pgseal hba lint - --pg 15 --fix <pg_hba.conf 2>/dev/null >standard.conf
[status 1]

$ pgseal hba lint link.conf --pg 15 --fix --yes --quiet
--- link.conf
+++ link.conf
@@ -2,1 +2,1 @@ hba.clientcert-value
-hostssl all postgres 10.0.0.0/8 md5 clientcert=1   # since 2014
+hostssl all postgres 10.0.0.0/8 md5 clientcert=verify-ca   # since 2014
@@ -4,1 +4,1 @@ hba.clientcert-value, hba.host-bits
-hostssl\x09all  app  10.1.2.3/16  ldap ldapserver=a ldapbasedn=b ldapbindpasswd=******** clientcert=0
+hostssl\x09all  app  10.1.0.0/16  ldap ldapserver=a ldapbasedn=b ldapbindpasswd=********
@@ -6,1 +5,0 @@ hba.redundant
-host all app 127.0.0.1/32 trust
link.conf:2 warning hba.md5: md5 is weak
  hint:   Have passwords set anew with password_encryption = scram-sha-256, then write scram-sha-256.
  clause: postgresql auth-password
link.conf:2 note hba.clientcert-only-ca: any certificate of the authority does for every role
  hint:   Write clientcert=verify-full from 12 on, where the certificate's name is the role's.
  clause: postgresql auth-pg-hba-conf
link.conf:2 note hba.replication-missing: no rule is about replication, which "all" does not mean
  hint:   Write a rule for replication where there is any.
  clause: postgresql auth-pg-hba-conf
link.conf:5 note hba.trust-local: whoever is on the server's machine is whom he says he is
  hint:   Write peer for sockets, scram-sha-256 for TCP.
  clause: postgresql auth-trust
[status 1]

$ stat -c '%a %F %N' pg_hba.conf link.conf
640 regular file 'pg_hba.conf'
777 symbolic link 'link.conf' -> 'pg_hba.conf'

$ cmp pg_hba.conf standard.conf && diff was.conf pg_hba.conf
2c2
< hostssl all postgres 10.0.0.0/8 md5 clientcert=1   # since 2014
---
> hostssl all postgres 10.0.0.0/8 md5 clientcert=verify-ca   # since 2014
4c4
< hostssl	all  app  10.1.2.3/16  ldap ldapserver=a ldapbasedn=b ldapbindpasswd=geheim clientcert=0
---
> hostssl	all  app  10.1.0.0/16  ldap ldapserver=a ldapbasedn=b ldapbindpasswd=geheim
6d5
< host all app 127.0.0.1/32 trust
[status 1]

$ pgseal hba lint pg_hba.conf --pg 15 --fix --yes --quiet | grep -c "^@@"
0
[status 1]

$ pgseal hba diff was.conf pg_hba.conf --pg 13
Equivalent: both files decide every connection alike.

$ pgseal hba lint pg_hba.conf --pg 15 --yes
! pgseal: error: --yes requires --fix
! HINT:    pgseal hba lint --help lists what it takes.
! CODE:    201 (usage)
[status 2]

$ pgseal hba lint - --pg 15 --fix --json <was.conf
! pgseal: error: with FILE - the corrected file is the result
! HINT:    Leave --json away, or name a file.
! CODE:    201 (usage)
{
  "format": 1,
  "error": {
    "code": 201,
    "name": "usage",
    "message": "with FILE - the corrected file is the result",
    "hint": "Leave --json away, or name a file."
  }
}
[status 2]

$ cp was.conf asked.conf; echo n | script -qec "pgseal hba lint asked.conf --pg 15 --fix --quiet" /dev/null | tail -n 2 | tr -d '\r'
HINT:    Run it again when it may be done; nothing was changed.
CODE:    1707 (refused.declined)

$ cmp was.conf asked.conf
$ ls
asked.conf
link.conf
pg_hba.conf
standard.conf
was.conf

-- pg_hba.conf --
# administrators
hostssl all postgres 10.0.0.0/8 md5 clientcert=1   # since 2014
hostnossl all postgres 10.0.0.0/8 reject
hostssl	all  app  10.1.2.3/16  ldap ldapserver=a ldapbasedn=b ldapbindpasswd=geheim clientcert=0
host all all 127.0.0.1/32 trust
host all app 127.0.0.1/32 trust
