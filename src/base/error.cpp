// SPDX-License-Identifier: PostgreSQL
#include "base/error.h"

#include <string.h>

#include <algorithm>
#include <array>
#include <utility>

namespace base {
namespace {

constexpr auto rows = std::to_array<ErrorRow>({
    {Code::file_io, "file.io", "A file or pipe could not be read or written.",
     "Look for a missing folder, a mode that forbids it, a full disk or a read-only mount."},
    {Code::file_unsafe, "file.unsafe",
     "A file or folder is not what it must be: a link, a FIFO, of another owner, or writable by "
     "others.",
     "Look at what lies there and why; pgseal does not follow it and does not replace it."},
    {Code::file_changed, "file.changed",
     "A file is not the one that was observed: somebody changed it in between.",
     "Run the command again: it observes anew."},
    {Code::user_missing, "user.missing", "An operating system user does not exist on that host.",
     "Make it (the finding shows the command) or take it out of os_users."},
    {Code::parse, "parse", "A text does not follow its grammar.",
     "Correct the place that the message names."},
    {Code::certificate, "certificate", "A certificate or trust bundle could not be read.",
     "Look at the file named; openssl x509 -in FILE -text shows what it is."},
    {Code::key, "key", "A private key could not be made, read or used.",
     "Look at the file named; a key without its passphrase cannot serve here."},
    {Code::mark, "mark", "The environment mark of a host could not be read.",
     "Look at /etc/pgseal/mark on that host."},
    {Code::internal, "internal", "pgseal contradicted itself.",
     "Report it with the whole message."},
    {Code::usage, "usage", "The command line is not one that pgseal knows.",
     "pgseal --help lists the commands, pgseal COMMAND --help their options."},
    {Code::config_not_found, "configuration.not-found", "There is no pgseal.toml.",
     "Name one with --config, or make one with pgseal init."},
    {Code::config_syntax, "configuration.syntax", "The configuration is not TOML.",
     "Correct the place that the message names."},
    {Code::config_unknown_key, "configuration.unknown-key",
     "The configuration has a key that pgseal does not know.",
     "Take it out, or correct it: pgseal init writes a file that shows every key."},
    {Code::config_type, "configuration.type", "A value has the wrong type.",
     "Write it in the type that the message asks for."},
    {Code::config_value, "configuration.value", "A value is outside of what is possible.",
     "Change it to what the message allows."},
    {Code::config_duplicate, "configuration.duplicate", "A name was given twice.",
     "Rename or remove one of the two places named."},
    {Code::config_reference, "configuration.reference", "A name is used that is not declared.",
     "Declare it, or correct its spelling."},
    {Code::ledger_open, "ledger.open", "The ledger could not be opened.",
     "Look at the state folder's owner, mode and free space."},
    {Code::ledger_newer, "ledger.newer", "The ledger was written by a newer pgseal.",
     "Use that version or a later one; an older one does not touch it."},
    {Code::ledger_corrupt, "ledger.corrupt", "The ledger is damaged.",
     "Restore it from its backup; the hosts are not touched meanwhile."},
    {Code::ledger_read_only, "ledger.read-only", "The ledger cannot be written.",
     "Look at the mount and the mode of the state folder."},
    {Code::ledger_missing, "ledger.missing", "There is no ledger yet.",
     "The first pgseal apply makes it."},
    {Code::ledger_foreign, "ledger.foreign", "The ledger belongs to another environment.",
     "Look at the configuration's name and state."},
    {Code::ledger_full, "ledger.full", "The disk of the ledger is full.",
     "Make room in the state folder's file system, then run the command again: it goes on from "
     "what "
     "was done."},
    {Code::locked, "locked", "Another pgseal holds the ledger.",
     "Wait until it has ended; the message says who holds it since when."},
    {Code::host_locked, "host.locked", "Another pgseal-node is at work on that host.",
     "Wait until it has ended; an interrupted one finishes its act first."},
    {Code::authority_passphrase, "authority.passphrase",
     "The passphrase does not open the authority's key.", "Give the passphrase it was made with."},
    {Code::authority_key_lost, "authority.key-lost",
     "An authority's key or certificate is missing.", "Restore the state folder from its backup."},
    {Code::authority_mismatch, "authority.mismatch",
     "An authority's key and certificate, or certificate and ledger, do not belong together.",
     "Restore the state folder from its backup, as one whole."},
    {Code::authority_clock, "authority.clock", "A clock is wrong, so nothing is signed.",
     "Set the clock that the message names (NTP); then run the command again."},
    {Code::authority_refused, "authority.refused",
     "A certificate failed its lint and was not signed.", "Correct what the detail lists."},
    {Code::authority_request, "authority.request", "A signing request is not acceptable.",
     "Run the command again: the host makes a new one."},
    {Code::authority_key_exposed, "authority.key-exposed",
     "An authority's key is a file that others than its owner can read or write.",
     "Set its mode to 0600; whoever may have read it can sign in the authority's name."},
    {Code::link_unreachable, "link.unreachable", "A host could not be reached over ssh.",
     "Try the same with ssh by hand; the detail is ssh's own word."},
    {Code::link_host_key_unknown, "link.host-key-unknown", "A host's ssh key is not known yet.",
     "Compare the fingerprint, then accept it with the command shown."},
    {Code::link_host_key_changed, "link.host-key-changed", "A host's ssh key is not the known one.",
     "Find out why before anything else: a new installation, or somebody in between."},
    {Code::link_login, "link.login", "ssh could not log in.",
     "Check user, key and agent with ssh by hand."},
    {Code::link_sudo, "link.sudo",
     "The login is not root and cannot become root without a password.",
     "Let it run sudo without a password, or log in as root."},
    {Code::link_architecture, "link.architecture", "The host is of another architecture.",
     "Install the pgseal-node package of its architecture there."},
    {Code::link_lost, "link.lost", "The connection to a host was lost.",
     "Run the command again: it observes what was done."},
    {Code::link_timeout, "link.timeout", "A host did not answer in time.",
     "Look at its load and its network; then run the command again."},
    {Code::link_install, "link.install", "pgseal-node could not be put into place on a host.",
     "Look at space and mounts of /usr/local/libexec there."},
    {Code::link_spawn, "link.spawn", "ssh could not be started here.",
     "Install the OpenSSH client, or look at the limit of processes."},
    {Code::protocol_garbage, "protocol.garbage", "What came was not our protocol.",
     "Look for a forced command or a shell that does not end; the detail shows what came."},
    {Code::protocol_truncated, "protocol.truncated", "A message ended early.",
     "Run the command again: it observes what was done."},
    {Code::protocol_too_long, "protocol.too-long", "A message is longer than 16 MiB.",
     "The other side is not a pgseal-node of this version."},
    {Code::protocol_version, "protocol.version", "The other side speaks another version.",
     "Use pgseal and pgseal-node of one version."},
    {Code::protocol_unknown, "protocol.unknown", "The request is not in the closed list.",
     "Use pgseal and pgseal-node of one version."},
    {Code::protocol_value, "protocol.value", "A message has a value that does not belong there.",
     "Use pgseal and pgseal-node of one version."},
    {Code::server_absent, "server.absent", "No PostgreSQL server was found on a database host.",
     "Install one, or set data_directory in its [[host]]."},
    {Code::server_ambiguous, "server.ambiguous", "Several data directories were found.",
     "Add the data_directory line that the message shows to its [[host]]."},
    {Code::server_down, "server.down", "The PostgreSQL server does not run.",
     "Start it; pgseal does not start servers."},
    {Code::server_socket, "server.socket", "The server could not be asked over its socket.",
     "Let pg_hba.conf admit the server's OS user over the socket (peer), or set socket_directory."},
    {Code::server_query, "server.query", "The server refused a query.",
     "Look at the detail, which is the server's own word, and at its log."},
    {Code::server_reload, "server.reload", "The server did not take the new settings.",
     "The detail is the server's log; the old certificate serves on, but correct it before a "
     "restart."},
    {Code::server_settings, "server.settings", "The server's settings cannot be changed here.",
     "Correct it where the message says that it is set."},
    {Code::server_probe, "server.probe", "The server could not be asked from outside.",
     "Look at address, port and firewall."},
    {Code::server_replication, "server.replication",
     "A standby's connection could not be changed, or did not stream and was taken back.",
     "The detail says why; the standby goes on as before."},
    {Code::server_starting, "server.starting",
     "The server is starting up or in recovery, and accepts no connection yet.",
     "Wait until it does; its log says how far it has come."},
    {Code::server_connections, "server.connections", "The server has no connection left.",
     "End sessions, or raise max_connections; then run the command again."},
    {Code::server_silent, "server.silent", "The server runs, and does not answer.",
     "Look what holds its postmaster up (a signal that stopped it, a disk that does not answer)."},
    {Code::server_library, "server.library",
     "PostgreSQL's client library, libpq, could not be loaded.",
     "Install it (Debian: libpq5); the detail is the loader's own word."},
    {Code::server_connection, "server.connection",
     "The server that --discover or --dsn names could not be reached, or did not let the role in.",
     "Try the same connection string with psql; the detail is libpq's or the server's own word."},
    {Code::server_privilege, "server.privilege",
     "The role of the connection may not see what init --discover asks for.",
     "Grant it pg_monitor, or connect as a role that has it."},
    {Code::server_version, "server.version", "The server is older than PostgreSQL 10.",
     "Upgrade it: an older one takes up TLS settings only at a restart."},
    {Code::refused_mark, "refused.mark",
     "The host belongs to another environment or a newer ledger.",
     "If that is meant, say --take-over."},
    {Code::refused_preflight, "refused.preflight", "A host lacks what apply needs.",
     "Mend what the findings name; they name everything at once."},
    {Code::refused_gate, "refused.gate", "A phase cannot start yet.",
     "Mend what the blockers name."},
    {Code::refused_interrupted, "refused.interrupted", "The command was interrupted.",
     "Run it again: it observes and goes on."},
    {Code::refused_invariant, "refused.invariant",
     "A phase would cut off a client although its gate holds, so it was not started.",
     "Nothing was changed by it. Report it with the detail; pgseal plan shows the phase."},
    {Code::refused_unasked, "refused.unasked",
     "The command asks before it acts, and there was no terminal to ask at.",
     "Say --yes to carry it out without a question."},
    {Code::refused_declined, "refused.declined", "The question was not answered with yes.",
     "Run it again when it may be done; nothing was changed."},
    {Code::refused_declared, "refused.declared",
     "A host that is to be removed is still declared: the next apply would put everything back.",
     "Delete it from the configuration at the places that the detail names, then run it again."},
});

}  // namespace

std::span<const ErrorRow> error_table() { return rows; }

const ErrorRow& error_row(Code code) {
  const auto found = std::find_if(rows.begin(), rows.end(),
                                  [code](const ErrorRow& row) { return row.code == code; });
  return found == rows.end() ? error_row(Code::internal) : *found;
}

int exit_status(Code code) { return static_cast<int>(code) / 100; }

Error Error::with_detail(std::string text) && {
  detail = std::move(text);
  return std::move(*this);
}

Error Error::with_hint(std::string text) && {
  hint = std::move(text);
  return std::move(*this);
}

Error Error::during(std::string_view what) && {
  while_doing = while_doing.empty() ? std::string(what) : std::string(what) + ": " + while_doing;
  return std::move(*this);
}

Error error(Code code, std::string message) {
  Error made;
  made.code = code;
  made.message = std::move(message);
  return made;
}

Error system_error(Code code, std::string message, int errno_value) {
  char buffer[256];
  // The GNU variant: thread-safe, answers the text.
  std::string text = strerror_r(errno_value, buffer, sizeof buffer);
  return error(code, std::move(message)).with_detail(text + ".");
}

}  // namespace base
