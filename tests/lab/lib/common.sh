# SPDX-License-Identifier: PostgreSQL
# shellcheck shell=bash disable=SC2034
#
# What every part of the lab needs: messages, processes known by pid *and* start time (a pid alone
# may be somebody else's by now), waiting with a deadline, and the way into a host.

die() {
  printf 'lab: %s\n' "$*" >&2
  exit 1
}

# A daemon that keeps a descriptor of the caller holds the caller's pipe or lock for ever.
close_inherited_files() {
  local path number
  for path in /proc/self/fd/*; do
    number=${path##*/}
    [ "$number" -le 2 ] || [ "$number" -eq 255 ] || eval "exec $number>&-"
  done
}

# Sets PROCESS_STATE and PROCESS_STARTED (field 22 of proc(5)'s stat, in clock ticks since boot).
read_process() {
  local line fields
  { read -r line <"/proc/$1/stat"; } 2>/dev/null || return 1
  read -ra fields <<<"${line##*) }"
  PROCESS_STATE=${fields[0]} PROCESS_STARTED=${fields[19]}
}

# same_process PID STARTED: it still runs and is not another one under a reused pid.
same_process() {
  read_process "$1" && [ "$PROCESS_STARTED" = "$2" ] && [ "$PROCESS_STATE" != Z ]
}

# within SECONDS COMMAND...: polls until the command succeeds or the time is up.
within() {
  local deadline=$((${EPOCHREALTIME/[.,]/} + $1 * 1000000))
  shift
  until "$@"; do
    [ -z "${STOP:-}" ] || die "stopped"
    [ "${EPOCHREALTIME/[.,]/}" -lt "$deadline" ] || return 1
    sleep 0.02
  done
}

# host_pid NAME: sets PID to the host's pid 1 as seen from outside; false when it is powered off.
host_pid() {
  local started
  { read -r PID started <"$LAB/lab/hosts/$1/pid"; } 2>/dev/null && same_process "$PID" "$started"
}

# find_host NAME: sets HOST, ADDRESS, KIND.
find_host() {
  while read -r HOST ADDRESS KIND; do
    [ "$HOST" != "$1" ] || return 0
  done <"$LAB/lab/hosts.list"
  die "no host \"$1\" in \"$LAB\""
}

# The clean environment of a user's login, in the user's home. Every user of the lab has a group of the same name.
as_user() {
  AS_USER=(setpriv "--reuid=$1" "--regid=$1" --init-groups --reset-env --
    /bin/sh -c 'cd && unset OLDPWD && exec "$@"' sh)
}

# enter_arguments HOST USER: sets ENTER, the words that put a command into the host as that user.
enter_arguments() {
  find_host "$1"
  host_pid "$1" || die "host \"$1\" is powered off"
  as_user "$2"
  ENTER=(nsenter -t "$PID" -m -n -p -u -i -r -W/ -- "${AS_USER[@]}")
}

check_tools() {
  local tool missing=()
  for tool in ip nsenter unshare setpriv pivot_root ssh-keygen; do
    command -v "$tool" >/dev/null || missing+=("$tool")
  done
  [ -x /usr/sbin/sshd ] || missing+=(sshd)
  [ ${#missing[@]} -eq 0 ] ||
    die "missing: ${missing[*]} (Debian: iproute2, util-linux, openssh-server, openssh-client)"
  [ "$POSTGRES" = no ] || check_postgres
}
