# SPDX-License-Identifier: PostgreSQL
# shellcheck shell=bash
#
# What a host holds: users, sshd, PostgreSQL's configuration, roles and data. Everything here runs
# inside the namespaces of a layer or of a host, so paths are the host's.

make_mount_points() {
  local d=$1/dev
  (
    cd "$1" || exit
    mkdir -p dev/pts dev/shm proc sys run home srv opt mnt media boot usr/local/bin usr/local/sbin \
      usr/local/lib usr/local/share
    mkdir -m 700 root
    mkdir -m 1777 tmp var/tmp
  )
  mknod -m 666 "$d/null" c 1 3
  mknod -m 666 "$d/zero" c 1 5
  mknod -m 666 "$d/full" c 1 7
  mknod -m 666 "$d/random" c 1 8
  mknod -m 666 "$d/urandom" c 1 9
  mknod -m 666 "$d/tty" c 5 0
  ln -s pts/ptmx "$d/ptmx"
  ln -s /proc/self/fd "$d/fd"
  ln -s /proc/self/fd/0 "$d/stdin"
  ln -s /proc/self/fd/1 "$d/stdout"
  ln -s /proc/self/fd/2 "$d/stderr"
}

fill_base_layer() {
  make_directories
  make_users
  make_homes
  make_sshd_config
  make_name_files
  if [ -x /usr/bin/sudo ]; then
    echo 'ops ALL=(ALL:ALL) NOPASSWD: ALL' | install -m 440 /dev/stdin /etc/sudoers.d/ops
  fi
}

make_directories() {
  mkdir -p /etc/ssh /etc/update-motd.d /etc/profile.d /etc/cron.d /etc/sudoers.d /var/log /var/spool/cron
  install -d -m 2775 -g mail /var/mail
  install -d -m 710 /etc/ssl/private
}

# Only Debian's system users stay, none with a password; then the lab's.
make_users() {
  local passwd group
  passwd=$(awk -F: -v OFS=: -v home="$PG_HOME" '
    $3 >= 1000 && $3 != 65534 { next }
    $1 == "postgres" { $6 = home; $7 = "/bin/bash"; found = 1 }
    $1 == "root" { $7 = "/bin/bash" }
    { print }
    END {
      if (!found) print "postgres:x:26:26:PostgreSQL administrator:" home ":/bin/bash"
      split("deploy ops plain", user, " ")
      for (i = 1; i <= 3; i++) print user[i] ":x:" 999 + i ":" 999 + i "::/home/" user[i] ":/bin/bash"
    }' /etc/passwd)
  group=$(awk -F: -v OFS=: '
    $3 >= 1000 && $3 != 65534 { next }
    { member = "," $4 ","; $4 = ($1 == "ssl-cert") ? "postgres" : ""; found[$1] = 1; used[$3] = 1; print }
    END {
      if (!("postgres" in found)) print "postgres:x:26:"
      for (id = 999; id in used; id--) ;
      if (!("ssl-cert" in found)) print "ssl-cert:x:" id ":postgres"
      print "deploy:x:1000:\nops:x:1001:\nplain:x:1002:"
    }' /etc/group)
  printf '%s\n' "$passwd" >/etc/passwd
  printf '%s\n' "$group" >/etc/group
  awk -F: '{ print $1 ":*:19000:0:99999:7:::" }' /etc/passwd | install -m 640 -g shadow /dev/stdin /etc/shadow
}

make_homes() {
  local user home
  while IFS=: read -r user _ _ _ _ home _; do
    case $user in
      root | postgres | deploy | ops | plain) ;;
      *) continue ;;
    esac
    install -d -o "$user" -g "$user" "$home"
    cp -r /etc/skel/. "$home"
    mkdir -m 700 "$home/.ssh"
    printf '%s\n' "$AUTHORIZED_KEY" >"$home/.ssh/authorized_keys"
    # Only what was put there: --bind may show a read-only folder of the machine's below a home.
    (cd /etc/skel && find . -mindepth 1 -exec chown -h "$user:$user" "$home/{}" \;)
    chown -R "$user:$user" "$home/.ssh"
  done </etc/passwd
  chmod 700 /root
}

# Debian's settings without its drop-ins, and keys only.
make_sshd_config() {
  cat >/etc/ssh/sshd_config <<'TEXT'
HostKey /etc/ssh/ssh_host_ed25519_key
PasswordAuthentication no
KbdInteractiveAuthentication no
UsePAM yes
X11Forwarding yes
PrintMotd no
AcceptEnv LANG LC_*
Subsystem sftp /usr/lib/openssh/sftp-server
TEXT
}

make_name_files() {
  local name address kind
  {
    echo '127.0.0.1 localhost'
    echo '::1 localhost ip6-localhost ip6-loopback'
    while read -r name address kind; do
      printf '%s %s.shop.internal %s\n' "$address" "$name" "$name"
    done <<<"$HOSTS_LIST"
    echo '198.18.0.11 db.shop.internal'
  } >/etc/hosts
  : >/etc/resolv.conf
}

fill_database_layer() {
  if [ "$PG_LAYOUT" = debian ]; then
    make_debian_cluster
  else
    make_rhel_cluster
  fi
  [ "$VARIANT" != snakeoil ] || make_snakeoil_pair
  write_postgres_settings
  write_rules
  as_user postgres
  postgres_words start
  "${AS_USER[@]}" "${WORDS[@]}" </dev/null
  print_roles | "${AS_USER[@]}" "$PSQL" -h /run/postgresql -Xq -v ON_ERROR_STOP=1 -f - postgres
  postgres_words stop
  "${AS_USER[@]}" "${WORDS[@]}" </dev/null
  : >"$PG_LOG"
  make_password_files
}

# Small WAL segments: a standby copies each segment it touches out of the layer.
make_debian_cluster() {
  install -d -o root -g postgres -m 1775 /var/log/postgresql
  install -d -o postgres -g postgres /etc/postgresql
  install -m 640 -o postgres -g adm /dev/null "$PG_LOG"
  pg_createcluster -p 5432 --locale C.UTF-8 "$PG" main -- --wal-segsize=1 --no-sync
}

make_rhel_cluster() {
  local segments=(--wal-segsize=1)
  [ "$PG" -ge 11 ] || segments=()
  as_user postgres
  "${AS_USER[@]}" "$PG_BIN/initdb" -D "$PG_DATA" --locale=C.UTF-8 --encoding=UTF8 "${segments[@]}" --no-sync
  install -d -m 700 -o postgres -g postgres "$PG_DATA/log"
  install -m 600 -o postgres -g postgres /dev/null "$PG_STARTUP_LOG"
}

make_snakeoil_pair() {
  openssl req -x509 -newkey rsa:2048 -nodes -days 3650 -subj /CN=snakeoil -addext subjectAltName=DNS:snakeoil \
    -keyout /etc/ssl/private/ssl-cert-snakeoil.key -out /etc/ssl/certs/ssl-cert-snakeoil.pem
  chgrp ssl-cert /etc/ssl/private /etc/ssl/private/ssl-cert-snakeoil.key
  chmod 640 /etc/ssl/private/ssl-cert-snakeoil.key
}

# In postgresql.conf what an administrator would have there; the lab's own haste apart from it.
write_postgres_settings() {
  local conf=$PG_CONFIG/postgresql.conf tls=off haste
  haste="fsync = off
full_page_writes = off
shared_buffers = 8MB
max_connections = 60
max_wal_senders = $((DATABASES + 7))
max_replication_slots = $((DATABASES + 7))
wal_retrieve_retry_interval = 500ms"
  sed -i -E '/^ssl(_cert_file|_key_file)? = /d' "$conf"
  [ "$VARIANT" != snakeoil ] || tls="on
ssl_cert_file = '/etc/ssl/certs/ssl-cert-snakeoil.pem'
ssl_key_file = '/etc/ssl/private/ssl-cert-snakeoil.key'"
  cat >>"$conf" <<TEXT

listen_addresses = '*'
password_encryption = 'scram-sha-256'
ssl = $tls
TEXT
  if [ "$PG_LAYOUT" = debian ]; then
    install -m 644 -o postgres -g postgres /dev/stdin "$PG_CONFIG/conf.d/lab.conf" <<<"$haste"
  else
    cat >>"$conf" <<TEXT
unix_socket_directories = '/run/postgresql'
logging_collector = on
log_directory = 'log'
log_filename = 'postgresql.log'
$haste
TEXT
  fi
}

# The ldap rule is for a database that does not exist; its password is there to be leaked by the careless.
write_rules() {
  local ldap=""
  [ -n "$PG_OPT" ] || ldap="host    intranet        all             198.18.0.0/16           ldap ldapserver=ldap.shop.internal ldapbasedn=\"dc=shop\" ldapbinddn=\"cn=reader,dc=shop\" ldapbindpasswd=$LDAP_PASSWORD"
  cat >"$PG_CONFIG/pg_hba.conf" <<TEXT
# TYPE  DATABASE        USER            ADDRESS                 METHOD
local   all             postgres                                peer
local   all             all                                     peer
${ldap:+$ldap
}host    all             all             198.18.0.0/16           scram-sha-256
host    all             all             127.0.0.1/32            scram-sha-256
host    all             all             ::1/128                 scram-sha-256
host    replication     replicator      198.18.0.0/16           scram-sha-256
TEXT
}

print_roles() {
  local name address kind
  cat <<TEXT
ALTER ROLE postgres PASSWORD '$POSTGRES_PASSWORD';
CREATE ROLE replicator REPLICATION LOGIN PASSWORD '$REPLICATION_PASSWORD';
CREATE ROLE deploy LOGIN PASSWORD '$DEPLOY_PASSWORD';
CREATE DATABASE shop OWNER deploy;
\\connect shop
SET ROLE deploy;
CREATE TABLE orders (id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY, customer text NOT NULL, amount numeric(10,2) NOT NULL);
INSERT INTO orders (customer, amount) SELECT 'customer ' || n, n * 1.5 FROM generate_series(1, 100) n;
RESET ROLE;
TEXT
  while read -r name address kind; do
    [ "$kind" != database ] || is_first_database "$name" ||
      printf "SELECT FROM pg_create_physical_replication_slot('%s');\n" "$name"
  done <<<"$HOSTS_LIST"
}

is_first_database() { [ "$1" = db1 ] || [ "$1" = solo ]; }

make_password_files() {
  printf '%s\n' "$POSTGRES_PGPASS" | install -m 600 /dev/stdin /root/.pgpass
  printf '%s\n' "$POSTGRES_PGPASS" | install -m 600 -o postgres -g postgres /dev/stdin "$PG_HOME/.pgpass"
  if [ "$VARIANT" = solo ]; then
    printf '%s\n' "$DEPLOY_PGPASS" | install -m 600 -o deploy -g deploy /dev/stdin /home/deploy/.pgpass
    install -d -m 755 /etc/pgseal
    install -m 600 /dev/stdin /etc/pgseal/passphrase <<<"$PASSPHRASE"
  fi
}

first_boot() {
  echo "$1" >/etc/hostname
  printf '%s\n' "$(printf 'machine-id of %s' "$1" | md5sum | cut -c1-32)" >/etc/machine-id
  [ "$2" = database ] && has_postgres database || return 0
  is_first_database "$1" || make_standby "$1"
}

# As pg_basebackup -R leaves it, the password in the clear among it; slots are the primary's.
make_standby() {
  local binding="" file=$PG_DATA/postgresql.auto.conf
  [ "$PG" -lt 13 ] || binding="channel_binding=prefer "
  rm -rf "${PG_DATA:?}"/pg_replslot/*
  if [ "$PG" -ge 12 ]; then
    install -m 600 -o postgres -g postgres /dev/null "$PG_DATA/standby.signal"
  else
    file=$PG_DATA/recovery.conf
    install -m 600 -o postgres -g postgres /dev/stdin "$file" <<<"standby_mode = 'on'"
  fi
  cat >>"$file" <<TEXT
primary_conninfo = 'user=replicator password=$REPLICATION_PASSWORD ${binding}host=db1 port=5432 sslmode=prefer'
primary_slot_name = '$1'
TEXT
}
