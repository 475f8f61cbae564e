# SPDX-License-Identifier: PostgreSQL
# shellcheck shell=bash disable=SC2153
#
# Hosts and the hub from outside: start, wait, power, and the end of everything.

# A network namespace held by a bind mount needs no process that might be killed.
make_hub() {
  : >"$LAB/lab/hub.net"
  unshare --net="$LAB/lab/hub.net" ip -batch - <<'TEXT'
link add br0 type bridge forward_delay 0
addr add 198.18.0.1/16 dev br0
link set br0 up
link set lo up
TEXT
}

# start_host NAME ADDRESS KIND first|again: returns at once; wait_for_hosts waits.
start_host() {
  local directory=$LAB/lab/hosts/$1
  : >"$directory/status"
  rm -f "$directory/pid"
  link_logs "$1" "$3"
  launch "$directory" "$LAB/logs/$1.console.log" host "$1" "$2" "$3" "$4" "$(lower_of "$3")"
}

# The host's own logs, by a name outside; they lie in its upper directory.
link_logs() {
  ln -sfn "../lab/hosts/$1/upper/var/log/sshd.log" "$LAB/logs/$1.sshd.log"
  ! has_postgres "$2" || ln -sfn "../lab/hosts/$1/upper$PG_LOG" "$LAB/logs/$1.postgresql.log"
}

wait_for_hosts() {
  within 120 hosts_settled || die "hosts not ready after 120 s"
  ! grep -l failed "$LAB"/lab/hosts/*/status >/dev/null ||
    die "did not start: $(cd "$LAB/lab/hosts" && grep -l failed -- */status | cut -d/ -f1 | tr '\n' ' ')"
}

# Each started host writes one word, "ready" or "failed"; one that died before it could counts as failed.
hosts_settled() {
  local directory status pid started
  for directory in "$LAB"/lab/hosts/*/; do
    [ -e "$directory/starter" ] || continue
    read -r status <"$directory/status" || status=""
    [ -z "$status" ] || continue
    read -r pid started <"$directory/starter"
    same_process "$pid" "$started" && return 1
    [ -s "$directory/status" ] || echo failed >"$directory/status"
  done
}

# The cable goes first: a kernel closes the connections of a killed process, a lost machine does not.
power_off() {
  host_pid "$HOST" || return 0
  nsenter --net="$LAB/lab/hub.net" ip link del "v-$HOST" 2>/dev/null || true
  kill -KILL "$PID"
  within 10 host_is_gone || die "host \"$HOST\" did not end"
}

host_is_gone() { ! host_pid "$HOST"; }

power_on() {
  ! host_pid "$HOST" || return 0
  start_host "$HOST" "$ADDRESS" "$KIND" again
  (wait_for_hosts) || {
    tail -n 20 "$LAB/logs/$HOST.console.log" >&2
    return 1
  }
}

# Every process of the lab is below a host's pid 1, started one, or lives in the hub's network.
tear_down() {
  local file pid started
  for file in "$LAB"/lab/*/*/{pid,starter}; do
    { read -r pid started <"$file"; } 2>/dev/null || continue
    ! same_process "$pid" "$started" || kill -KILL "$pid" 2>/dev/null || true
  done
  end_hub_processes
  within 10 lab_is_dead || echo "lab: some processes did not end" >&2
  unmount_lab
}

lab_is_dead() {
  local file pid started
  for file in "$LAB"/lab/*/*/{pid,starter}; do
    { read -r pid started <"$file"; } 2>/dev/null || continue
    ! same_process "$pid" "$started" || return 1
  done
}

# A controller, a load or a kept ssh connection that was left running in the hub; never a process
# that this one descends from.
end_hub_processes() {
  local hub path pid ancestor=$$ own=" "
  mountpoint -q "$LAB/lab/hub.net" || return 0
  hub=$(stat -Lc %i "$LAB/lab/hub.net")
  while [ "${ancestor:-0}" -gt 1 ]; do
    own+="$ancestor "
    ancestor=$(awk '$1 == "PPid:" { print $2 }' "/proc/$ancestor/status")
  done
  { stat -Lc '%i %n' /proc/[0-9]*/ns/net 2>/dev/null || true; } | while read -r net path; do
    pid=${path#/proc/} pid=${pid%%/*}
    [ "$net" != "$hub" ] || [[ $own == *" $pid "* ]] || kill -KILL "$pid" 2>/dev/null || true
  done
}

unmount_lab() {
  ! mountpoint -q "$LAB/lab/hub.net" || umount "$LAB/lab/hub.net"
  if mountpoint -q "$LAB"; then
    within 3 umount "$LAB" 2>/dev/null || umount --lazy "$LAB"
  fi
  [ ! -d "$LAB" ] || rmdir "$LAB"
}
