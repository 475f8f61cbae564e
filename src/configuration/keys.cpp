// SPDX-License-Identifier: PostgreSQL
#include "configuration/keys.h"

#include <fmt/format.h>

#include <array>
#include <iterator>

namespace configuration {
namespace {

using enum KeyKind;

constexpr auto keys = std::to_array<ConfigurationKey>({
    {"", "include", texts, "[]",
     "Patterns of further files, relative to this one, read in the order of their names; they may "
     "hold hosts, identities, exceptions and silences."},
    {"", "state", text, "\"state\"",
     "Folder of the ledger and the authorities; for /etc/pgseal/pgseal.toml it is "
     "/var/lib/pgseal."},
    {"", "environment", table, "(required)", "What is under pgseal's care."},
    {"", "policy", table, "(its defaults)", "What certificates and connections shall be."},
    {"", "authority", table, "(its defaults)", "Where the authorities' passphrase comes from."},
    {"", "ssh", table, "(its defaults)", "How hosts are reached."},
    {"", "host", tables, "(at least one)", "A machine, and on a database host one data directory."},
    {"", "identity", tables, "(none)", "A role, its certificate, and who holds it where."},
    {"", "exception", tables, "(none)", "A client that cannot yet do what the policy asks."},
    {"", "silence", tables, "(none)", "A finding that is accepted."},

    {"environment", "name", text, "(required)",
     "Its name in certificates, marks and paths: lower-case letters, digits and hyphens, 25 at "
     "most."},
    {"environment", "service_names", texts, "[]",
     "Names and addresses that move with the primary: in every database host's certificate."},

    {"policy", "require", text, "\"certificate\"",
     "What pgseal enforce aims at: \"tls\" or \"certificate\"."},
    {"policy", "method", text, "\"scram-sha-256\"",
     "Password method beside the certificate (\"scram-sha-256\", \"md5\"); \"cert\" for the "
     "certificate alone."},
    {"policy", "min_protocol", text, "\"TLSv1.2\"",
     "Oldest protocol that servers take: \"TLSv1.2\" or \"TLSv1.3\"."},
    {"policy", "server_days", integer, "90",
     "Lifetime of server certificates; renewal is due when a third of it is left."},
    {"policy", "client_days", integer, "365", "Lifetime of client certificates."},
    {"policy", "client_key_days", integer, "1825",
     "Age of a client's key at which a renewal makes a new one."},
    {"policy", "authority_days", integer, "3650", "Lifetime of the authorities."},
    {"policy", "crl_days", integer, "90", "Lifetime of revocation lists."},
    {"policy", "key_type", text, "\"P-256\"", "\"P-256\", \"P-384\" or \"RSA-3072\"."},

    {"authority", "passphrase_file", text, "(none)",
     "File with the passphrase of the authorities' keys; without it PGSEAL_PASSPHRASE_FD, the "
     "systemd credential pgseal-passphrase, or a prompt."},
    {"authority", "passphrase", text, "(none)",
     "Only \"none\": the authorities' keys lie unencrypted. A passphrase is never read from here."},

    {"ssh", "options", texts, "[]", "Given to ssh as they stand, before the destination."},
    {"ssh", "parallel", integer, "64", "How many hosts are spoken to at once."},

    {"host", "name", text, "(required)", "Its name everywhere in pgseal; in its certificate too."},
    {"host", "link", text, "(required)",
     "\"ssh:DESTINATION\", the destination as ssh takes it, or \"local\"."},
    {"host", "address", text, "(the host name that ssh would use)",
     "How clients reach it: a host name or an address."},
    {"host", "names", texts, "[]", "More names and addresses for its certificate."},
    {"host", "database", boolean, "false",
     "A server is expected here; pinned by its system identifier at the first apply."},
    {"host", "port", integer, "(found)", "The server's port, where several are found."},
    {"host", "data_directory", text, "(found)", "The server's data directory, likewise."},
    {"host", "socket_directory", text, "(found)", "Where the server's socket is, likewise."},
    {"host", "os_user", text, "(found)", "The operating system user that the server runs as."},
    {"host", "boot_hook", boolean, "false",
     "What starts the server here calls pgseal-node boot first: only where there is no systemd."},

    {"identity", "name", text, "(required)",
     "The PostgreSQL role, which is the certificate's common name."},
    {"identity", "kind", text, "\"application\"",
     "\"admin\", \"application\", \"replication\" or \"named\"."},
    {"identity", "hosts", texts, "(required)",
     "Host names; \"@databases\" stands for the hosts with database = true, \"@all\" for all."},
    {"identity", "os_users", texts, "(required)",
     "The operating system users there, in whose ~/.postgresql the certificate goes; for kind = "
     "\"named\" the account of the same name unless written."},
    {"identity", "databases", texts, "(what the role may connect to)",
     "Where pgseal verify connects."},
    {"identity", "require", text, "(the policy's)", "As in [policy], for this identity alone."},
    {"identity", "method", text, "(the policy's)", "As in [policy], for this identity alone."},
    {"identity", "networks", texts, "[]",
     "Addresses or networks that it comes from, as pg_hba.conf writes them."},
    {"identity", "source", text, "(none)",
     "File on its hosts where the application's own host and sslmode are read from."},
    {"identity", "explicit_sslcert", boolean, "false",
     "Whether its programs always say which certificate they show (sslcert, or service): then "
     "another environment's in ~/.postgresql keeps no server from asking for certificates."},
    {"identity", "days", integer, "(the policy's client_days)",
     "Lifetime of its certificate; for kind = \"named\"."},

    {"exception", "role", text, "(required)", "The role that is excepted."},
    {"exception", "network", text, "(any)", "The address or network that it comes from."},
    {"exception", "require", text, "\"tls\"", "What is asked of it instead."},
    {"exception", "reason", text, "(required)", "Why; it is logged and shown."},
    {"exception", "until", date, "(no end)", "The last day on which it holds."},

    {"silence", "code", text, "(required)", "The code of the finding, \"hba.trust-local\"."},
    {"silence", "host", text, "(all)", "The host where it is accepted."},
    {"silence", "reason", text, "(required)", "Why; it is shown where the findings are counted."},
    {"silence", "until", date, "(no end)", "The last day on which it holds."},
});

}  // namespace

std::string_view to_string(KeyKind kind) {
  switch (kind) {
    case text:
      return "a string";
    case texts:
      return "an array of strings";
    case integer:
      return "an integer";
    case boolean:
      return "true or false";
    case date:
      return "a date";
    case table:
      return "a table";
    case tables:
      return "an array of tables";
  }
  return "a string";
}

std::span<const ConfigurationKey> configuration_keys() { return keys; }

const ConfigurationKey* find_key(std::string_view table_name, std::string_view name) {
  for (const ConfigurationKey& key : keys)
    if (key.table == table_name && key.name == name) return &key;
  return nullptr;
}

std::vector<std::string_view> key_names(std::string_view table_name) {
  std::vector<std::string_view> names;
  for (const ConfigurationKey& key : keys)
    if (key.table == table_name) names.push_back(key.name);
  return names;
}

std::string table_title(std::string_view table_name) {
  if (table_name.empty()) return "the top level";
  const ConfigurationKey* key = find_key("", table_name);
  if (key != nullptr && key->kind == tables) return fmt::format("[[{}]]", table_name);
  return fmt::format("[{}]", table_name);
}

std::string configuration_manual() {
  std::string manual;
  const auto out = std::back_inserter(manual);
  std::string_view shown = "none yet";
  for (const ConfigurationKey& key : keys) {
    if (key.table != shown) {
      shown = key.table;
      const std::string title = shown.empty() ? "Top level" : "`" + table_title(shown) + "`";
      fmt::format_to(out, "{}### {}\n\n| key | type | default | meaning |\n|---|---|---|---|\n",
                     manual.empty() ? "" : "\n", title);
    }
    const bool written = !key.standard.starts_with('(');
    fmt::format_to(out, "| `{}` | {} | {} | {} |\n", key.name, to_string(key.kind),
                   written ? fmt::format("`{}`", key.standard)
                           : std::string(key.standard.substr(1, key.standard.size() - 2)),
                   key.sentence);
  }
  return manual;
}

}  // namespace configuration
