# SPDX-License-Identifier: PostgreSQL
# shellcheck shell=bash disable=SC2034,SC2153
#
# Files that describe the lab to others: its settings and hosts, ssh_config with known_hosts, the
# secrets, and a pgseal.toml.

# Addresses: db1..db10 .0.11-.0.20, further ones in .1; app1.. from .0.21; the hub .0.1.
write_settings() {
  local n
  [ "$VARIANT" != solo ] || DATABASES=1 APPLICATIONS=0
  postgres_paths
  find_psql
  CACHE=${PG_OPT%/*}
  for n in VARIANT DATABASES APPLICATIONS PG POSTGRES JUMP PSQL CACHE; do
    printf '%s=%q\n' "$n" "${!n}"
  done >"$LAB/lab/settings"
  printf 'BINDS=(%s)\n' "${BINDS[*]@Q}" >>"$LAB/lab/settings"
  {
    if [ "$VARIANT" = solo ]; then
      echo solo 198.18.0.11 database
    else
      for ((n = 1; n <= DATABASES; n++)); do echo "db$n 198.18.$((n > 10)).$((n > 10 ? n : n + 10)) database"; done
    fi
    for ((n = 1; n <= APPLICATIONS; n++)); do echo "app$n 198.18.0.$((n + 20)) application"; done
    [ "$JUMP" = no ] || echo jump 198.18.0.2 jump
  } >"$LAB/lab/hosts.list"
}

random_word() { od -An -tx1 -N16 /dev/urandom | tr -d ' \n'; }

# Kept by value in variables too: the layers put them into password files and into the roles.
make_secrets() {
  local name
  for name in DEPLOY_PASSWORD POSTGRES_PASSWORD REPLICATION_PASSWORD LDAP_PASSWORD; do
    printf '%s=%s\n' "$name" "$(random_word)"
  done | install -m 600 /dev/stdin "$LAB/secrets"
  random_word | install -m 600 /dev/stdin "$LAB/passphrase"
  # shellcheck source=/dev/null
  . "$LAB/secrets"
}

# known_hosts is complete before the first connection, so checking can be strict from the start.
make_ssh_files() {
  local name address kind ssh
  ssh-keygen -q -t ed25519 -N '' -C lab -f "$LAB/id_ed25519"
  while read -r name address kind; do
    ssh=$LAB/lab/hosts/$name/upper/etc/ssh
    mkdir -p "$ssh" "$LAB/lab/hosts/$name/work" "$LAB/lab/hosts/$name/root"
    ssh-keygen -q -t ed25519 -N '' -C "$name" -f "$ssh/ssh_host_ed25519_key"
    printf '%s,%s %s\n' "$name" "$address" "$(cut -d' ' -f1,2 "$ssh/ssh_host_ed25519_key.pub")"
  done <"$LAB/lab/hosts.list" >"$LAB/known_hosts"
  print_ssh_config >"$LAB/ssh_config"
}

print_ssh_config() {
  local name address kind
  while read -r name address kind; do
    printf 'Host %s\n  HostName %s\n' "$name" "$address"
    [ "$JUMP" = no ] || [ "$kind" = jump ] || echo '  ProxyJump root@jump'
  done <"$LAB/lab/hosts.list"
  cat <<TEXT
Host *
  IdentityFile $LAB/id_ed25519
  IdentitiesOnly yes
  UserKnownHostsFile $LAB/known_hosts
  GlobalKnownHostsFile none
  StrictHostKeyChecking yes
TEXT
}

# On `solo` the controller runs on the host itself: its files lie where an installed pgseal has them.
print_config() {
  local passphrase=$LAB/passphrase state=${1:-$LAB/state}
  [ "$VARIANT" != solo ] || passphrase=/etc/pgseal/passphrase state=${1:-/var/lib/pgseal}
  cat <<TEXT
state = "$state"

[environment]
name = "shop"
service_names = ["db.shop.internal"]

[policy]
require = "certificate"

[authority]
passphrase_file = "$passphrase"

[ssh]
options = ["-F", "$LAB/ssh_config"]
TEXT
  print_config_hosts
  print_config_identities
}

print_config_hosts() {
  local name address kind link
  while read -r name address kind; do
    [ "$kind" != jump ] || continue
    link=ssh:root@$name
    [ "$VARIANT" != solo ] || link=local
    printf '\n[[host]]\nname = "%s"\nlink = "%s"\naddress = "%s"\nnames = ["%s.shop.internal"]\n' \
      "$name" "$link" "$address" "$name"
    [ "$kind" != database ] || [ "$POSTGRES" = no ] || echo 'database = true'
  done <"$LAB/lab/hosts.list"
}

print_config_identities() {
  local applications
  if [ "$VARIANT" = solo ]; then
    applications='"solo"'
  else
    applications=$(awk '$3 == "application" { printf "%s\"%s\"", sep, $1; sep = ", " }' "$LAB/lab/hosts.list")
  fi
  cat <<'TEXT'

[[identity]]
name = "postgres"
kind = "admin"
hosts = ["@databases"]
os_users = ["postgres", "root"]
databases = ["postgres"]
TEXT
  [ -n "$applications" ] || return 0
  cat <<TEXT

[[identity]]
name = "deploy"
kind = "application"
hosts = [$applications]
os_users = ["deploy"]
databases = ["shop"]
TEXT
}
