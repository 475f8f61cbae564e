#!/bin/bash
# SPDX-License-Identifier: PostgreSQL
#
# The lab's own test: what every other test in it takes for granted. One line a check.
#   test_lab_itself.sh [VARIANT...]    (all but other:MAJOR by default)
# shellcheck disable=SC2016,SC2034

set -uo pipefail

HERE=$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")
LAB=$HERE/lab
WORK=$(mktemp -d) && chmod 755 "$WORK"
PASSED=0 FAILED=0

if [ "$(id -u)" -ne 0 ]; then
  echo "test_lab_itself.sh: needs root" >&2
  exit 77
fi

finish() {
  local directory
  for directory in "$WORK"/*/; do
    ! mountpoint -q "$directory" || "$LAB" down "${directory%/}"
  done
  rm -rf "$WORK"
}
trap finish EXIT
trap 'exit 130' INT TERM

# check SENTENCE COMMAND...: the command's output is shown only when it fails.
check() {
  local sentence=$1 out
  shift
  if out=$("$@" 2>&1); then
    PASSED=$((PASSED + 1))
    echo "ok      $sentence"
  else
    FAILED=$((FAILED + 1))
    echo "FAILED  $sentence"
    printf '%s\n' "$out" | sed 's/^/        /'
  fi
}

gives() {
  local expected=$1 out
  shift
  out=$("$@") || return
  [ "$out" = "$expected" ] || {
    printf 'expected: %s\ngot: %s\n' "$expected" "$out"
    return 1
  }
}

fails() { ! "$@"; }

within() {
  local deadline=$((SECONDS + $1))
  shift
  until "$@" >/dev/null 2>&1; do
    [ "$SECONDS" -lt "$deadline" ] || {
      "$@"
      return
    }
    sleep 0.05
  done
}

on() { # on HOST USER COMMAND...
  "$LAB" exec "$D" "$1" -u "$2" -- "${@:3}"
}

sql() { # sql HOST STATEMENT: as the host's postgres, over the socket
  on "$1" postgres psql -h /run/postgresql -XAtqc "$2"
}

ssh_to() { "$LAB" hub "$D" -- ssh -F "$D/ssh_config" -o BatchMode=yes -o ConnectTimeout=5 "$@" </dev/null; }

# up NAME OPTIONS...: sets D
up() {
  local name=$1
  shift
  D=$WORK/$name
  check "$name: the lab comes up and says nothing" gives "" "$LAB" up "$D" "$@"
}

# Inode numbers of the pid and network namespaces of the lab in D.
namespaces_of() {
  local pid
  "$LAB" hosts "$D" | while read -r _ _ pid _; do stat -Lc %i "/proc/$pid/ns/pid" "/proc/$pid/ns/net"; done
  stat -Lc %i "$D/lab/hub.net"
}

processes_within() { # the namespaces' inode numbers
  stat -Lc '%i %n' /proc/[0-9]*/ns/pid /proc/[0-9]*/ns/net 2>/dev/null | grep -Fwf <(printf '%s\n' "$@")
}

down() {
  local name=${D##*/} spaces
  mapfile -t spaces < <(namespaces_of)
  check "$name: down says nothing" gives "" "$LAB" down "$D"
  check "$name: down leaves no directory" fails test -e "$D"
  check "$name: down leaves no mount" fails grep -F " $D" /proc/self/mounts
  check "$name: down leaves no process in ${#spaces[@]} namespaces" fails processes_within "${spaces[@]}"
}

each_host_answers() {
  local name kind
  while read -r name _ _ kind; do
    check "${D##*/}: ssh with strict checking reaches $name" gives "$name root /root" ssh_to "root@$name" 'echo $(hostname) $(id -un) $PWD'
  done < <("$LAB" hosts "$D")
}

nothing_of_the_machine_shows() {
  local path
  for path in /opt /srv /usr/local/bin /home/"${SUDO_USER:-nobody}" "$HERE"; do
    gives "" on "$1" root sh -c "ls -A '$path' 2>/dev/null | grep -v '^postgresql-' || :" || return
  done
  gives "deploy ops plain" on "$1" root sh -c 'echo $(cd /home; echo *)'
}

databases_stream() {
  local host
  check "standbys: two of them stream from db1" gives 2 sql db1 "select count(*) from pg_stat_replication where state = 'streaming'"
  for host in db1 db2 db3; do
    check "$host is a server of the same system" gives "$(sql db1 'select system_identifier from pg_control_system()')" \
      sql "$host" 'select system_identifier from pg_control_system()'
  done
  check "db2 is a standby" gives t sql db2 'select pg_is_in_recovery()'
  sql db1 'create table public.seen as select 1 as n' >/dev/null
  check "what is written on db1 is read on db3 within 10 s" within 10 gives 1 sql db3 'select n from public.seen'
  check "replication is in plaintext before pgseal" gives "$1" sql db1 \
    "select string_agg(distinct ssl::text, ',') from pg_stat_ssl join pg_stat_replication using (pid)"
}

passwords_are_planted() {
  check "deploy logs in from app1 by its password file" gives 1 on app1 root su - deploy -c "psql 'host=db1 dbname=shop' -Atc 'select 1'"
  check "deploy logs in by address too" gives 100 on app2 deploy psql "host=198.18.0.12 dbname=shop" -Atc 'select count(*) from orders'
  check "root of db2 logs in as postgres on db1" gives postgres on db2 root psql "host=db1 user=postgres" -Atc 'select user'
  check "without a password nobody logs in over TCP" fails on app1 plain psql -w "host=db1 dbname=shop user=deploy" -Atc 'select 1'
  check "a standby's conninfo holds the replication password" on db2 root \
    grep -q "$(sed -n 's/^REPLICATION_PASSWORD=//p' "$D/secrets")" "$(sql db2 'show data_directory')/postgresql.auto.conf"
}

users_are_there() {
  check "ops may use sudo" gives 0 ssh_to ops@app1 sudo -n id -u
  check "plain may not" fails ssh_to plain@app1 sudo -n id -u
  check "a command's exit status passes through" gives 7 sh -c "'$LAB' exec '$D' app1 -- sh -c 'exit 7'; echo \$?"
  check "standard input passes through" gives hello sh -c "echo hello | '$LAB' exec '$D' app1 -u deploy -- cat"
  check "deploy's environment is its own" gives "deploy /home/deploy /home/deploy" on app1 deploy sh -c 'echo $USER $HOME $PWD'
  check "nothing of the machine shows on app1" nothing_of_the_machine_shows app1
}

faults_can_be_made() {
  check "a cut link is cut" sh -c "'$LAB' link '$D' db2 down"
  check "db2 cannot be reached then" fails ssh_to -o ConnectTimeout=1 root@db2 true
  check "and again after" sh -c "'$LAB' link '$D' db2 up"
  check "db2 answers" ssh_to root@db2 true
  check "power off" "$LAB" power "$D" db1 off
  check "db1 has no process" gives - sh -c "'$LAB' hosts '$D' | sed -n 's/^db1 [^ ]* \([^ ]*\) .*/\1/p'"
  check "power on" "$LAB" power "$D" db1 on
  check "db1 is a primary with its data" gives 100 sql db1 "select 100 where not pg_is_in_recovery()"
  check "standbys are back within 30 s" within 30 gives 2 sql db1 "select count(*) from pg_stat_replication where state = 'streaming'"
  check "a restart holds no pipe open" gives "" timeout 60 sh -c "'$LAB' postgres '$D' db3 restart | cat"
  check "stop ends the server" "$LAB" postgres "$D" db3 stop
  check "db3 does not answer" fails sql db3 'select 1'
  check "start" "$LAB" postgres "$D" db3 start
  check "db3 answers" gives 1 sql db3 'select 1'
  "$LAB" hub "$D" -- sleep 600 </dev/null >/dev/null 2>&1 & # for `down` to end
  disown
}

story_standard() {
  up standard
  each_host_answers
  databases_stream false
  passwords_are_planted
  users_are_there
  check "ssl is off" gives off sql db1 'show ssl'
  check "the rules have no error" gives 0 sql db1 'select count(error) from pg_hba_file_rules'
  check "the server's command line is Debian's" gives \
    "/usr/lib/postgresql/15/bin/postgres -D /var/lib/postgresql/15/main -c config_file=/etc/postgresql/15/main/postgresql.conf" \
    on db1 root sh -c "tr '\\0' ' ' </proc/\$(head -1 /var/lib/postgresql/15/main/postmaster.pid)/cmdline | sed 's/ \$//'"
  check "logs can be read from outside" grep -q 'ready to accept connections' "$D/logs/db1.postgresql.log"
  check "the configuration names five hosts" gives 5 sh -c "'$LAB' config '$D' | grep -c '^\[\[host\]\]'"
  faults_can_be_made
  down
}

story_snakeoil() {
  up snakeoil --variant snakeoil
  databases_stream true
  check "ssl is on" gives on sql db1 'show ssl'
  check "deploy's session is on TLS" gives t on app1 deploy psql "host=db1 dbname=shop" -Atc \
    'select ssl from pg_stat_ssl where pid = pg_backend_pid()'
  down
}

story_rhel() {
  up rhel --variant rhel
  each_host_answers
  databases_stream false
  passwords_are_planted
  check "configuration is in the data directory" gives /var/lib/pgsql/data/pg_hba.conf sql db1 'show hba_file'
  check "the log can be read from outside" grep -q 'ready to accept connections' "$D/logs/db1.postgresql.log"
  check "there is no /etc/postgresql" fails on db1 root test -e /etc/postgresql
  down
}

story_solo() {
  up solo --variant solo
  check "the one host has database and application" gives 100 on solo deploy psql "host=localhost dbname=shop" -Atc 'select count(*) from orders'
  check "its links are local" gives 'link = "local"' sh -c "'$LAB' config '$D' | grep ^link"
  check "the passphrase is there" on solo root test -s /etc/pgseal/passphrase
  down
}

story_other() { # MAJOR
  up "other$1" --pg "$1"
  databases_stream false
  passwords_are_planted
  check "version $1 answers" gives "$1" sql db1 "select current_setting('server_version_num')::int / 10000"
  check "it serves TLS after a reload" serves_tls db1
  down
}

serves_tls() {
  on "$1" postgres sh -c 'cd "$0" && openssl req -x509 -newkey rsa:2048 -nodes -subj /CN=db1 -keyout server.key -out server.crt 2>&1 &&
    chmod 600 server.key' "$(sql "$1" 'show data_directory')" &&
    sql "$1" 'alter system set ssl = on' && sql "$1" 'select pg_reload_conf()' &&
    within 10 gives t on app1 deploy psql "host=$1 dbname=shop sslmode=require" -Atc 'select ssl from pg_stat_ssl where pid = pg_backend_pid()'
}

story_pair() {
  local first
  up left --databases 1 --applications 1
  first=$D
  up right --databases 1 --applications 1
  check "two labs have the same addresses" gives "$(cut -d' ' -f1,2 "$first/lab/hosts.list")" cut -d' ' -f1,2 "$D/lab/hosts.list"
  sql db1 'create table public.mine()'
  each_host_answers
  down
  D=$first
  check "the other one goes on" gives 0 sql db1 "select count(*) from pg_class where relname = 'mine'"
  down
}

story_big() {
  up big --databases 20 --applications 30
  check "50 hosts" gives 50 sh -c "'$LAB' hosts '$D' | grep -c '[0-9] [a-z]*\$'"
  check "19 standbys stream" gives 19 sql db1 "select count(*) from pg_stat_replication where state = 'streaming'"
  check "ssh reaches db20" ssh_to root@db20 true
  check "ssh reaches app30" ssh_to root@app30 true
  down
  up sshd --no-postgres --databases 3 --applications 47
  check "no server runs" fails on db1 root pgrep postgres
  check "ssh reaches db3" ssh_to root@db3 true
  down
}

story_jump() {
  up jump --jump --no-postgres
  each_host_answers
  check "db1 is reached from the bastion" gives 198.18.0.2 ssh_to root@db1 'echo ${SSH_CLIENT%% *}'
  down
}

# A copy of its own, so that its processes can be told from those of other labs by their command lines.
copy_lab() {
  mkdir -p "$WORK/share/lib"
  cp "$HERE/lab" "$WORK/share/"
  cp "$HERE"/lib/*.sh "$WORK/share/lib/"
  printf '%s' "$WORK/share/lib/inside.sh" >"$WORK/pattern"
}

runs() { grep -sqzF -f "$WORK/pattern" /proc/[0-9]*/cmdline; }

story_interrupted() {
  local after
  copy_lab
  D=$WORK/interrupted
  for after in 0.02 0.1 0.3 0.5 0.8 1.0 1.2 1.4; do
    timeout -s TERM "$after" "$WORK/share/lab" up "$D" >"$WORK/out" 2>&1 && "$LAB" down "$D"
    check "up ended after $after s leaves no directory" sh -c "! test -e '$D' || { cat '$WORK/out'; false; }"
    check "and no mount" fails grep -F " $D" /proc/self/mounts
    check "and no process" fails runs
  done
}

story_installed() {
  copy_lab
  ln -s share/lab "$WORK/lab"
  echo shared >"$WORK/file"
  D=$WORK/elsewhere
  check "a copy works by a symbolic link, from another directory, into a pipe" gives "" \
    timeout 60 sh -c "cd / && '$WORK/lab' up '$D' --databases 1 --applications 0 --bind '$WORK/file' 9>&1 | cat"
  check "its processes can be found" runs
  check "a bound path shows inside" gives shared on db1 deploy cat "$WORK/file"
  check "and cannot be written" fails on db1 root sh -c "echo x >'$WORK/file'"
  check "without root it says so with status 77" gives 77 \
    sh -c "setpriv --reuid=65534 --clear-groups '$WORK/share/lab' hosts '$D' 2>/dev/null; echo \$?"
  on db1 root sh -c 'printf "#!/bin/sh\npidof postgres sshd || echo early >/root/boot\n" >/etc/rc.local && chmod +x /etc/rc.local'
  "$LAB" power "$D" db1 off
  "$LAB" power "$D" db1 on
  check "rc.local runs before the server and sshd" gives early on db1 root cat /root/boot
  check "SIGINT is not ignored in a session" gives 0000000000000000 ssh_to root@db1 "sed -n 's/^SigIgn:\t//p' /proc/self/status"
  down
}

story_refusals() {
  mkdir "$WORK/full"
  echo precious >"$WORK/full/file"
  check "up refuses a directory that is not empty" fails "$LAB" up "$WORK/full"
  check "down refuses what is not a lab" fails "$LAB" down "$WORK/full"
  check "the file is still there" grep -q precious "$WORK/full/file"
  check "down of nothing is nothing" "$LAB" down "$WORK/none"
  check "a version that cannot be had is refused" fails "$LAB" up "$WORK/none" --pg 7
  check "and leaves nothing" fails test -e "$WORK/none"
}

[ $# -gt 0 ] || set -- refusals interrupted installed standard snakeoil solo rhel pair jump big
for story; do
  case $story in
    other:*) story_other "${story#other:}" ;;
    *) "story_$story" ;;
  esac
done
echo "$PASSED passed, $FAILED failed"
[ "$FAILED" -eq 0 ]
