init writes a configuration that is ready to be edited, and that can be read as it is.

$ pgseal init
! wrote "pgseal.toml": edit its hosts and identities, then pgseal plan

$ pgseal host list
db1.example.org   database  ssh:root@db1.example.org   db1.example.org
db2.example.org   database  ssh:root@db2.example.org   db2.example.org
app1.example.org            ssh:root@app1.example.org

$ pgseal user list
postgres    admin        postgres on db1.example.org, db2.example.org
replicator  replication  postgres on db1.example.org, db2.example.org
deploy      application  deploy on app1.example.org

$ ls
pgseal.toml

$ pgseal init --name billing other.toml
! wrote "other.toml": edit its hosts and identities, then pgseal plan

$ grep "^name" other.toml
name = "billing"                           # lower-case letters, digits, hyphens; 25 at most
name = "db1.example.org"                  # its name everywhere in pgseal, and in its certificate
name = "db2.example.org"                  # which of the two is the primary, pgseal asks them
name = "app1.example.org"
name = "postgres"                         # the role, and the certificate's common name
name = "replicator"                       # what the standbys connect as
name = "deploy"

$ pgseal init --quiet third.toml

$ pgseal init --name "No Good" bad.toml
! pgseal: error: --name "No Good" is not 1 to 25 lower-case letters, digits and inner hyphens
! HINT:    It stands in the authorities' names, of which pg_stat_ssl shows 63 bytes, and in paths.
! CODE:    201 (usage)
[status 2]

$ ls
other.toml
pgseal.toml
third.toml

