# The rules of a file, as the server's view gives them

No configuration is needed; bad lines carry the server's words.

$ pgseal hba show --pg 15 good.conf
$ pgseal hba show --pg 15 bad.conf
$ pgseal hba show --pg 15 --json short.conf
$ pgseal hba show - < short.conf
$ pgseal hba show --pg 9.6 good.conf
$ pgseal hba show --pg 15 missing.conf
-- good.conf --
# TYPE  DATABASE  USER  ADDRESS  METHOD
local   all       all            peer
hostssl all,"a b" +devs 10.0.0.0/8 scram-sha-256 clientcert=verify-full
host    replication rep 127.0.0.1 255.255.255.255 ldap ldapserver=h ldapprefix="cn=" ldapbindpasswd=
-- bad.conf --
host all all 10.0.0.1 trust
hostssl all all ::/0 cert clientcert=1
-- short.conf --
hostssl all all all cert
