// SPDX-License-Identifier: PostgreSQL
// Rows of the table that only a server can show: what pgseal hba lint --dsn finds beside the
// others.
#include "hba_lint/catalogue.h"

namespace hba_lint {
namespace {

using base::Severity;

constexpr std::string_view over_tls = "hostssl shop app 10.0.0.0/8 scram-sha-256\n";
constexpr std::string_view by_certificate =
    "hostssl shop app 10.0.0.0/8 scram-sha-256 clientcert=verify-full\n";

constexpr auto rows_of_servers = std::to_array<CatalogueRow>({
    {"hba.ssl-off",
     Severity::warning,
     "Rules are for TLS alone, and ssl is off.",
     "They load and never match. Said once a file.",
     "postgresql runtime-config-connection",
     "Set ssl = on with a key and a certificate, and reload.",
     {"15", over_tls, over_tls, 1, "", {}, "", "", "", "ssl = off\n", "ssl = on\n"}},
    {"hba.clientcert-no-ca",
     Severity::warning,
     "Rules ask for a certificate, and ssl_ca_file is empty.",
     "The server has nothing to check certificates by: whoever comes by these rules is refused. "
     "Said once a file.",
     "postgresql ssl-tcp",
     "Set ssl_ca_file to the client authority's certificate, and reload.",
     {"15",
      by_certificate,
      by_certificate,
      1,
      "",
      {},
      "",
      "",
      "",
      "ssl_ca_file = ''\n",
      "ssl_ca_file = clients.crt\n"}},
    {"hba.md5-verifiers",
     Severity::warning,
     "Rules ask for SCRAM, and password_encryption is md5.",
     "Of a password that is set now the server keeps an MD5 verifier, by which no SCRAM login can "
     "succeed. Said once a file.",
     "postgresql auth-password",
     "Set password_encryption = scram-sha-256, reload, and have passwords set anew.",
     {"15",
      over_tls,
      over_tls,
      1,
      "",
      {},
      "",
      "",
      "",
      "password_encryption = md5\n",
      "password_encryption = scram-sha-256\n"}},
    {"hba.trust-superuser",
     Severity::warning,
     "trust lets a superuser in from the server's own machine.",
     "Every user of its operating system is that role, and a superuser can run programs and read "
     "files there as the server.",
     "postgresql auth-trust",
     "Write peer for the superuser's socket, scram-sha-256 for TCP.",
     {"15",
      "local all postgres trust\nhostssl replication standby 10.0.0.0/8 scram-sha-256\n",
      "local all postgres peer\nhostssl replication standby 10.0.0.0/8 scram-sha-256\n",
      1,
      "hba.trust-local",
      {},
      "",
      "",
      "",
      "superusers = postgres\n",
      "superusers = postgres\n"}},
    {"hba.not-listening",
     Severity::note,
     "Rules are for other machines, and the server listens on its own alone.",
     "Nobody comes by these rules until listen_addresses names an address of the network, which "
     "takes a restart. Said once a file.",
     "postgresql runtime-config-connection",
     "Set listen_addresses, or take the rules out.",
     {"15",
      over_tls,
      over_tls,
      1,
      "",
      {},
      "",
      "",
      "",
      "listen_addresses = localhost\n",
      "listen_addresses = 10.0.0.11\n"}},
});

}  // namespace

std::span<const CatalogueRow> server_rows() { return rows_of_servers; }

}  // namespace hba_lint
