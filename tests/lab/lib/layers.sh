# SPDX-License-Identifier: PostgreSQL
# shellcheck shell=bash
#
# Layers: the directories that hosts share below their own. `base` hides what is this machine's and
# adds the lab's users; `database` holds a ready data directory, whose cleanly stopped state serves
# the primary as it is and each standby as its base backup; `application` holds password files.
# They are built once per lab, because passwords are the lab's own.

# Whiteouts (overlayfs: a character device 0:0) put into the layer before it is mounted: what is made
# anew in their place hides the machine's directory whole, however large it is.
HIDDEN=(usr/local var/lib/postgresql var/lib/pgsql var/lib/pgseal var/log var/mail var/spool/cron var/tmp
  etc/postgresql etc/pgseal etc/ssh etc/ssl/private etc/ssl/certs/ssl-cert-snakeoil.pem etc/update-motd.d
  etc/profile.d etc/cron.d etc/sudoers.d etc/environment etc/hosts etc/hostname etc/resolv.conf etc/rc.local
  etc/gshadow etc/subuid etc/subgid)

make_layer_directories() {
  local layer=$LAB/lab/layers/$1
  mkdir -p "$layer/upper" "$layer/work" "$layer/root"
}

hide_machine() {
  local upper=$1 path
  for path in /* /.[!.]*; do
    [ -e "$path" ] || continue
    case $path in
      /usr | /etc | /var) mkdir "$upper$path" ;;
      /bin | /sbin | /lib*) ;;
      *) mknod "$upper$path" c 0 0 ;;
    esac
  done
  for path in "${HIDDEN[@]}"; do
    mkdir -p "$upper/${path%/*}"
    mknod "$upper/$path" c 0 0
  done
}

# in_new_host SCRIPT-ARGUMENTS...: everything private; ends with its pid 1. A shell's background job
# ignores SIGINT and SIGQUIT; sessions on the host must not inherit that.
in_new_host() {
  cd "$LAB/lab" || exit
  exec setsid env -i --default-signal=INT,QUIT PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin LANG=C.UTF-8 \
    unshare --mount --net --pid --uts --ipc --fork --kill-child /bin/bash "$LAB_HOME/lib/inside.sh" "$@"
}

# launch DIRECTORY LOG SCRIPT-ARGUMENTS...: in the background, its process noted for `down` at once.
launch() {
  local directory=$1 log=$2
  [ -z "${STOP:-}" ] || die "stopped"
  shift 2
  (in_new_host "$@") </dev/null >>"$log" 2>&1 &
  ! read_process "$!" || echo "$! $PROCESS_STARTED" >"$directory/starter"
}

build_layer() {
  launch "$LAB/lab/layers/$1" "$LAB/logs/layer-$1.log" layer "$1" "$2"
  wait "$!" || die "could not build the layer \"$1\""
}

build_base_layer() {
  make_layer_directories base
  hide_machine "$LAB/lab/layers/base/upper"
  build_layer base /
}

build_database_layer() {
  make_layer_directories database
  build_layer database "$(lower_of build)"
}

# Made from outside: a process for two files would be a waste.
build_application_layer() {
  local home=$LAB/lab/layers/application/upper/home/deploy
  make_layer_directories application
  [ "$POSTGRES" = yes ] || return 0
  install -d -m 755 "${home%/*}"
  install -d -m 755 -o 1000 -g 1000 "$home"
  password_file deploy "$DEPLOY_PASSWORD" | install -m 600 -o 1000 -g 1000 /dev/stdin "$home/.pgpass"
}

# lower_of KIND: the layers below a host of that kind, uppermost first, relative to DIR/lab.
lower_of() {
  local base=layers/base/upper:/
  case $1 in
    database) ! has_postgres database || base=layers/database/upper:$base ;;
    application) base=layers/application/upper:$base ;;
  esac
  printf '%s\n' "$base"
}

# has_postgres KIND: a host of that kind runs a server.
has_postgres() { [ "$1" = database ] && [ "$POSTGRES" = yes ]; }

# password_file ROLE PASSWORD: a .pgpass that knows each database host by each of its names.
password_file() {
  local name address kind each
  while read -r name address kind; do
    [ "$kind" = database ] || continue
    for each in "$name" "$name.shop.internal" "$address"; do
      printf '%s:5432:*:%s:%s\n' "$each" "$1" "$2"
    done
  done <"$LAB/lab/hosts.list"
  for each in db.shop.internal localhost 127.0.0.1; do
    printf '%s:5432:*:%s:%s\n' "$each" "$1" "$2"
  done
}
