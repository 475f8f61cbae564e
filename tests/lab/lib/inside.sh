#!/bin/bash
# SPDX-License-Identifier: PostgreSQL
#
# Pid 1 of a host, started in namespaces of its own with DIR/lab as its working directory:
#   inside.sh layer NAME LOWER                       builds a layer, and ends
#   inside.sh host NAME ADDRESS KIND first|again LOWER   starts the host's services, then reaps
# Descriptor 3 is the host's status file, the one thing of the outside that is kept until it is ready.
# shellcheck disable=SC2034

set -euo pipefail
umask 022

LAB_HOME=$(dirname "$(dirname "$(readlink -f "$0")")")
LAB=$(dirname "$PWD")
for part in common postgres layers contents; do
  # shellcheck source=/dev/null
  . "$LAB_HOME/lib/$part.sh"
done
# shellcheck source=/dev/null
. ./settings
# shellcheck source=/dev/null
. "$LAB/secrets"
postgres_paths

# What the contents need of the outside, read while it can still be seen.
HOSTS_LIST=$(<hosts.list)
AUTHORIZED_KEY=$(<"$LAB/id_ed25519.pub")
PASSPHRASE=$(<"$LAB/passphrase")
POSTGRES_PGPASS=$(password_file postgres "$POSTGRES_PASSWORD")
DEPLOY_PGPASS=$(password_file deploy "$DEPLOY_PASSWORD")

# read_process sees the outer pid here: /proc is still the machine's.
write_pid() {
  local pid
  read -r pid _ </proc/self/stat
  read_process "$pid"
  echo "$pid $PROCESS_STARTED" >"hosts/$1/pid.new"
  mv "hosts/$1/pid.new" "hosts/$1/pid"
}

# The veth pair is made in the hub; "1" is this process by its pid in its own namespace. As on a real
# machine the hardware address outlives a power loss, or neighbours would keep the old one for a minute.
connect() {
  local hardware octets
  IFS=. read -ra octets <<<"$2"
  printf -v hardware '02:00:%02x:%02x:%02x:%02x' "${octets[@]}"
  nsenter --net=hub.net ip -batch - <<TEXT
link add v-$1 type veth peer name eth0 netns 1
link set v-$1 master br0 up
TEXT
  ip -batch - <<TEXT
link set lo up
link set eth0 address $hardware
addr add $2/16 dev eth0
link set eth0 up
TEXT
}

# mount_root DIRECTORY LOWER: the overlay becomes this mount namespace's root, the machine's is let go.
mount_root() {
  local path
  mount -t overlay lab -o "lowerdir=$2,upperdir=$1/upper,workdir=$1/work" "$1/root"
  [ "$2" != / ] || make_mount_points "$1/root"
  mount -t proc -o nosuid,nodev,noexec proc "$1/root/proc"
  mount -t sysfs -o ro,nosuid,nodev,noexec sysfs "$1/root/sys"
  mount -t devpts -o newinstance,ptmxmode=0666,mode=0620,gid=5 devpts "$1/root/dev/pts"
  mount -t tmpfs -o nosuid,nodev tmpfs "$1/root/dev/shm"
  mount -t tmpfs -o mode=0755,nosuid tmpfs "$1/root/run"
  mount -t tmpfs -o nosuid,nodev tmpfs "$1/root/tmp"
  [ -z "$PG_OPT" ] || bind_machine_path "$PG_OPT" "$1/root${PG_BIN%/bin}"
  for path in "${BINDS[@]}"; do
    bind_machine_path "$path" "$1/root$path"
  done
  cd "$1/root"
  pivot_root . mnt
  cd /
  umount -l /mnt
}

bind_machine_path() {
  if [ -d "$1" ]; then
    mkdir -p "$2"
  else
    mkdir -p "${2%/*}"
    [ -e "$2" ] || : >"$2"
  fi
  mount --bind "$1" "$2"
  mount -o remount,bind,ro "$2"
}

make_run() {
  install -d -m 755 /run/sshd /run/lock
  install -d -m 2775 -o postgres -g postgres /run/postgresql
}

run_layer() {
  mount_root "layers/$1" "$2"
  make_run
  "fill_$1_layer"
}

run_host() {
  local name=$1 address=$2 kind=$3 occasion=$4
  exec 3>"hosts/$name/status"
  trap 'echo failed >&3' EXIT
  write_pid "$name"
  connect "$name" "$address"
  mount_root "hosts/$name" "$5"
  echo "$name" >/proc/sys/kernel/hostname
  make_run
  [ "$occasion" = again ] || first_boot "$name" "$kind"
  boot "$kind"
  trap - EXIT
  echo ready >&3
  exec 3>&-
}

# What an administrator put into rc.local runs before the server starts, as it does at a real boot.
boot() {
  [ ! -x /etc/rc.local ] || /etc/rc.local </dev/null >>/var/log/boot.log 2>&1 3>&- || echo "rc.local failed"
  /usr/sbin/sshd -E /var/log/sshd.log 3>&-
  if [ "$1" = database ] && has_postgres database; then
    as_user postgres
    postgres_words start
    "${AS_USER[@]}" "${WORDS[@]}" </dev/null 3>&-
  fi
}

case $1 in
  layer) run_layer "$2" "$3" ;;
  host)
    shift
    run_host "$@"
    # bash reaps whatever is orphaned in its pid namespace while it waits.
    while :; do
      sleep infinity &
      wait "$!" || true
    done
    ;;
esac
