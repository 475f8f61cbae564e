// SPDX-License-Identifier: PostgreSQL
#include "audit/catalogue.h"

#include <algorithm>
#include <array>
#include <utility>

namespace audit {
namespace {

using base::Severity;

constexpr auto rows = std::to_array<CatalogueRow>({
    {"host.unreachable", Severity::error, "A host did not answer, so it is owed its steps.", "",
     false},
    {"host.clock", Severity::error,
     "A host's clock is more than an hour from the controller's: a certificate signed now could be "
     "refused there as not valid yet, so nothing is signed for it.",
     "RFC 5280 4.1.2.5", true},
    {"controller.clock", Severity::error,
     "The controller's clock is more than five minutes from the hosts' median.", "RFC 5280 4.1.2.5",
     false},
    {"host.mark", Severity::error,
     "A host carries the mark of another environment, another ledger, or a newer ledger.", "",
     true},
    {"host.replaced", Severity::error,
     "A database host's data directory has another system identifier than the one it was pinned "
     "to.",
     "postgresql functions-info", true},
    {"user.missing", Severity::error, "An OS user that shall hold an identity does not exist.", "",
     true},
    {"user.home", Severity::error,
     "An OS user's home directory is missing or is not a place where a key can be kept.",
     "postgresql libpq-ssl", true},
    {"role.missing", Severity::warning, "The PostgreSQL role of an identity does not exist.",
     "postgresql sql-createrole", false},
    {"role.no-login", Severity::warning, "The PostgreSQL role of an identity may not log in.",
     "postgresql sql-createrole", false},
    {"slot.unsafe", Severity::error,
     "What lies where a key pair belongs is not what pgseal may touch: a link, a FIFO, another's "
     "file.",
     "", true},
    {"slot.unseen", Severity::error, "A slot could not be looked at.", "", true},
    {"mark", Severity::error, "The environment mark of a host could not be read.", "", true},
    {"slot.foreign", Severity::error,
     "Somebody else's certificate lies where an identity's belongs; it is left alone.",
     "postgresql libpq-ssl", true},
    {"slot.trust-broken", Severity::error, "A trust bundle cannot be read as certificates.",
     "postgresql libpq-ssl", false},
    {"server.absent", Severity::error, "No PostgreSQL server was found on a database host.", "",
     true},
    {"server.ambiguous", Severity::error, "Several data directories were found and none chosen.",
     "", true},
    {"server.down", Severity::error, "The PostgreSQL server does not run.",
     "postgresql server-start", true},
    {"server.socket", Severity::error, "The server could not be asked over its socket.",
     "postgresql auth-peer", true},
    {"server.version", Severity::error,
     "The server is older than 10: its TLS settings count only after a restart.",
     "postgresql runtime-config-connection", true},
    {"server.unexpected", Severity::note,
     "A PostgreSQL server runs on a host that is not declared a database host; it gets no rights.",
     "", false},
    {"server.foreign-certificate", Severity::error,
     "The server serves a certificate that is neither pgseal's nor a distribution's; it is not "
     "taken over.",
     "postgresql ssl-tcp", true},
    {"server.foreign-trust", Severity::error,
     "The server's ssl_ca_file is a person's; it is not taken over.", "postgresql ssl-tcp", true},
    {"server.managed", Severity::error,
     "The server's configuration is written by a manager; nothing is written there.", "", true},
    {"server.settings-overridden", Severity::error,
     "A setting of pgseal's ssl.conf is overridden elsewhere.", "postgresql config-setting", true},
    {"server.settings-error", Severity::error,
     "The server would not take its configuration files as they are.", "postgresql config-setting",
     true},
    {"server.config-unwritable", Severity::error,
     "The line that includes ssl.conf cannot be put into the server's configuration.",
     "postgresql config-setting", true},
    {"server.tls-refused", Severity::error,
     "With TLS on, the server would refuse a setting: it would not start again.",
     "postgresql runtime-config-connection", true},
    {"server.setting-refused", Severity::warning,
     "A setting has a value that the server refuses: it runs on, and does not start again.",
     "postgresql view-pg-file-settings", false},
    {"server.rules-refused", Severity::warning,
     "pg_hba.conf has lines that the server refuses, so it keeps its old rules.",
     "postgresql auth-pg-hba-conf", false},
    {"server.log-unreadable", Severity::note,
     "The server's log is no file that its user can read; a refused TLS context shows only there.",
     "postgresql runtime-config-logging", false},
    {"server.query", Severity::warning, "The server refused a query of pgseal.", "", false},
    {"server.file-unreadable", Severity::error,
     "A configuration file cannot be read as the server's user.", "", false},
    {"server.restart-needed", Severity::error,
     "A setting was changed that only a restart takes up.", "postgresql view-pg-settings", false},
    {"server.unproven", Severity::error,
     "The server could not be asked from outside which certificate it serves.", "", false},
    {"server.served-differs", Severity::error,
     "The server serves another certificate than the one on disk.", "postgresql ssl-tcp", false},
    {"server.clients-unverified", Severity::error,
     "The server proves itself, and asks clients for no certificate.", "postgresql ssl-tcp", false},
    {"server.tls-off", Severity::error, "The server answers without TLS.", "postgresql ssl-tcp",
     false},
    {"server.two-primaries", Severity::error, "Two hosts of one cluster are primaries.",
     "postgresql warm-standby-failover", false},
    {"certificate.unknown", Severity::error,
     "A certificate of the environment's authority is not in the ledger.", "", false},
    {"certificate.expired", Severity::error, "A certificate has expired.", "RFC 5280 4.1.2.5",
     false},
    {"certificate.due", Severity::warning, "A certificate is due for renewal.", "", false},
    {"connection.refused", Severity::error, "An identity could not connect as it should.", "",
     false},
    {"connection.password", Severity::note,
     "The server asked for a password and the OS user keeps no password file: the rule was "
     "reached, "
     "a login was not tried.",
     "postgresql libpq-pgpass", false},
    {"connection.socket", Severity::note,
     "The connection went over a socket, which never has TLS; give the host name.",
     "postgresql libpq-connect", false},
    {"connection.compression", Severity::error, "TLS compression is on.", "RFC 7525 3.3", false},
    {"source.unreadable", Severity::warning,
     "An application's settings file could not be read or names no connection.", "", false},
    {"source.socket", Severity::note,
     "By its own settings an application connects over a socket, which never has TLS.",
     "postgresql libpq-connect", false},
    {"source.elsewhere", Severity::note,
     "By its own settings an application connects to a name that is in no server certificate.",
     "RFC 9525 6", false},
    {"source.sslmode", Severity::note,
     "By its own settings an application verifies less of its server than it could.",
     "postgresql libpq-ssl", false},
    {"session.plaintext", Severity::note, "Live sessions are not on TLS.",
     "postgresql monitoring-stats", false},
    {"session.unknown-certificate", Severity::warning,
     "A live session shows a certificate that the ledger does not know.",
     "postgresql monitoring-stats", false},
    {"replication.plaintext", Severity::note, "A standby's connection is not on TLS.",
     "postgresql monitoring-stats", false},
    {"replication.unreadable", Severity::warning,
     "A standby's primary_conninfo cannot be read or rewritten.",
     "postgresql runtime-config-replication", false},
    {"replication.identity", Severity::warning,
     "No identity lives on a standby whose certificate its replication connection could show.",
     "postgresql libpq-ssl", false},
    {"replication.other-name", Severity::note,
     "A standby shows a certificate of another name than its replication role's.",
     "postgresql auth-cert", false},
    {"replication.primary-unknown", Severity::warning,
     "A standby names its primary in a way that is in no database host's certificate.",
     "RFC 9525 6", false},
    {"replication.managed", Severity::warning, "Another tool writes a standby's primary_conninfo.",
     "", false},
    {"replication.restart", Severity::warning,
     "A standby's verified connection waits for its restart.",
     "postgresql runtime-config-replication", false},
    {"replication.stopped", Severity::warning, "A standby does not stream.",
     "postgresql monitoring-stats", false},
    {"discover.standby", Severity::warning,
     "The server that init --discover asked is a standby, and sees only who is connected to it.",
     "postgresql monitoring-stats", false},
    {"discover.address", Severity::warning,
     "The server took init --discover's connection at another address than it went to.",
     "postgresql functions-info", false},
    {"discover.loopback", Severity::note,
     "The connection of init --discover ended on this machine.", "postgresql functions-info",
     false},
    {"discover.same-machine", Severity::warning,
     "A standby is on the machine of the server that it streams from.",
     "postgresql monitoring-stats", false},
    {"discover.same-address", Severity::warning, "Two standbys stream from one address.",
     "postgresql monitoring-stats", false},
    {"discover.link-local", Severity::warning,
     "A host connects from a link-local address, which leads nowhere without its interface.",
     "RFC 4007 6", false},
    {"discover.not-a-standby", Severity::note,
     "A backup, an archive or a subscriber of logical replication takes the write-ahead log.",
     "postgresql monitoring-stats", false},
    {"discover.unusable", Severity::warning,
     "What the server showed cannot stand in pgseal.toml as it is.", "", false},
    {"discover.too-many", Severity::warning, "The server showed more than is taken into one file.",
     "", false},
    {"discover.socket", Severity::note, "Roles are connected over the server's own socket alone.",
     "postgresql monitoring-stats", false},
    {"discover.snapshot", Severity::note,
     "init --discover sees who is connected while it asks, and nobody else.",
     "postgresql monitoring-stats", false},
    {"discover.cascading", Severity::note, "A server does not see the standbys of its standbys.",
     "postgresql warm-standby", false},
    {"discover.plaintext", Severity::note, "The server was asked over a connection without TLS.",
     "postgresql libpq-ssl", false},
    {"discover.newer", Severity::note,
     "The server is newer than any that this pgseal was measured with.", "", false},
    {"step.unproven", Severity::error,
     "An act was carried out, and looking again shows that it did not take effect.", "", false},
    {"step.pending", Severity::error,
     "Something is not as it should be, and an apply would change it.", "", false},
    {"log.broken", Severity::error,
     "An entry of the ledger's log does not follow from those before.", "", false},
    {"silence.expired", Severity::warning,
     "The `until` of a [[silence]] has passed: what it silenced is shown again.", "", false},
    {"findings.silenced", Severity::note, "Findings that a [[silence]] accepts are not shown.", "",
     false},
    {"policy.unmet", Severity::note, "The policy's `require` is a target that is not enforced yet.",
     "", false},
    {"node.shared-libraries", Severity::note,
     "pgseal-node was built against shared libraries and needs them on each host.", "", false},
});

}  // namespace

std::span<const CatalogueRow> catalogue() { return rows; }

const CatalogueRow* find_row(std::string_view code) {
  const auto found = std::find_if(rows.begin(), rows.end(),
                                  [&](const CatalogueRow& row) { return row.code == code; });
  return found == rows.end() ? nullptr : &*found;
}

base::Finding finding(std::string_view code, std::string message) {
  base::Finding made;
  made.code = code;
  made.message = std::move(message);
  if (const CatalogueRow* row = find_row(code)) {
    made.severity = row->severity;
    made.clause = row->clause;
  }
  return made;
}

bool blocks(std::string_view code) {
  const CatalogueRow* row = find_row(code);
  return row != nullptr && row->blocks;
}

}  // namespace audit
