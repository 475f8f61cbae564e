// SPDX-License-Identifier: PostgreSQL
#include "configuration/template.h"

namespace configuration {
namespace {

// @NAME@ is the environment's name. Commented keys show their defaults; a test compares them.
constexpr std::string_view head_text =
    R"toml(# pgseal.toml: one environment of PostgreSQL servers and those who connect to them.
# What stands here is what only you can know. The rest pgseal finds out; see it with: pgseal plan
# A key in a comment shows its default. Unknown keys are errors.

# include = ["identities.d/*.toml"]       # further files: hosts, identities, exceptions, silences
# state = "state"                         # ledger and authorities, beside this file

[environment]
name = "@NAME@"                           # lower-case letters, digits, hyphens; 25 at most
# service_names = []                      # names and addresses that move with the primary

[policy]
# require = "certificate"                 # what `pgseal enforce` aims at: "tls" or "certificate"
# method = "scram-sha-256"                # beside the certificate; "cert" for the certificate alone
# min_protocol = "TLSv1.2"
# server_days = 90                        # renewal is due when a third of a lifetime is left
# client_days = 365
# client_key_days = 1825                  # after this a renewal makes a new key
# authority_days = 3650
# crl_days = 90
# key_type = "P-256"                      # "P-256", "P-384" or "RSA-3072"

[authority]
# passphrase_file = "/root/pgseal.pass"   # or PGSEAL_PASSPHRASE_FD, a systemd credential, a prompt
# passphrase = "none"                     # only this word: the authorities' keys lie unencrypted

[ssh]
# options = []                            # given to ssh as they stand: ["-F", "ssh_config"]
# parallel = 64                           # hosts spoken to at once

)toml";

constexpr std::string_view sample_text =
    R"toml(# Every machine that has a server, or a client with a certificate. These three are samples: put
# yours in their place.

[[host]]
name = "db1.example.org"                  # its name everywhere in pgseal, and in its certificate
link = "ssh:root@db1.example.org"         # anything that ssh takes, or "local"
# address = "192.0.2.11"                  # how clients reach it, where not by the name ssh uses
# names = []                              # more names and addresses for its certificate
database = true                           # a server is expected here
# port, data_directory, socket_directory, os_user: only where what is found would be ambiguous

[[host]]
name = "db2.example.org"                  # which of the two is the primary, pgseal asks them
link = "ssh:root@db2.example.org"
database = true

[[host]]
name = "app1.example.org"
link = "ssh:root@app1.example.org"

# Every role that shall have a certificate, and the operating system users that hold it.

[[identity]]
name = "postgres"                         # the role, and the certificate's common name
kind = "admin"                            # "admin", "application", "replication" or "named"
hosts = ["@databases"]                    # host names; "@databases" or "@all"
os_users = ["postgres"]                   # ~/.postgresql of these
databases = ["postgres"]                  # where `pgseal verify` connects

[[identity]]
name = "replicator"                       # what the standbys connect as
kind = "replication"
hosts = ["@databases"]
os_users = ["postgres"]

[[identity]]
name = "deploy"
kind = "application"
hosts = ["app1.example.org"]
os_users = ["deploy"]
# source = "/srv/app/config/database.yml" # where the application's own host and sslmode stand

)toml";

constexpr std::string_view tail_text =
    R"toml(# [[exception]]                           # a client that cannot yet do what the policy asks
# role = "exporter"
# network = "192.0.2.40/32"
# require = "tls"
# reason = "exporter has no client certificate"
# until = 2030-12-31

# [[silence]]                             # a finding that is accepted
# code = "hba.trust-local"
# reason = "the socket is the administrator's alone"
# until = 2030-12-31
)toml";

}  // namespace

std::string environment_head(std::string_view environment) {
  constexpr std::string_view mark = "@NAME@";
  std::string made(head_text);
  made.replace(made.find(mark), mark.size(), environment);
  return made;
}

std::string environment_tail() { return std::string(tail_text); }

std::string environment_template(std::string_view environment) {
  return environment_head(environment) + std::string(sample_text) + environment_tail();
}

std::string toml_string(std::string_view text) {
  std::string quoted = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') quoted += '\\';
    quoted += c;
  }
  return quoted + '"';
}

}  // namespace configuration
