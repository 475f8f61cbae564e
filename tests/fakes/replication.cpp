// SPDX-License-Identifier: PostgreSQL
#include "fakes/replication.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "fakes/slot_store.h"
#include "server/replication.h"
#include "settings/conninfo.h"
#include "settings/synchronous.h"
#include "x509/digest.h"

namespace fakes {

using base::Code;
using base::Result;
using fleet::Answer;

namespace {

std::string value_of(const settings::Conninfo& conninfo, std::string_view keyword,
                     const std::string& otherwise) {
  const settings::ConninfoItem* item = conninfo.find(keyword);
  return item == nullptr || item->value.empty() ? otherwise : item->value;
}

const fleet::Host* host_named(const fleet::Environment& environment, const std::string& name) {
  for (const fleet::Host& host : environment.hosts) {
    const bool also = std::find(host.names.begin(), host.names.end(), name) != host.names.end();
    if (host.name == name || host.address == name || also) return &host;
  }
  return nullptr;
}

SslMode mode_of(const std::string& word) {
  for (const SslMode mode : all_modes)
    if (word == to_string(mode)) return mode;
  return SslMode::prefer;
}

}  // namespace

Dialed dial(const fleet::Environment& environment, const std::map<std::string, Host>& hosts,
            const Host& standby, const std::string& conninfo, base::Time at) {
  Dialed dialed;
  const auto parsed = settings::parse_conninfo(conninfo);
  const Postgres& own = *standby.postgres;
  if (!parsed) {
    dialed.attempt.why = "invalid connection string";
    return dialed;
  }
  const std::string host = value_of(*parsed, "host", value_of(*parsed, "hostaddr", ""));
  dialed.role = value_of(*parsed, "user", own.os_user);
  dialed.primary = host_named(environment, host);
  const bool there = dialed.primary != nullptr && hosts.at(dialed.primary->name).postgres;
  if (!there) {
    dialed.primary = nullptr;
    dialed.attempt.why = fmt::format("could not translate host name \"{}\"", host);
    return dialed;
  }
  const Postgres& primary = *hosts.at(dialed.primary->name).postgres;
  const std::string folder = Postgres::home() + "/.postgresql/";
  const ClientFiles files =
      client_files_at(standby.disk, own.uid, value_of(*parsed, "sslrootcert", folder + "root.crt"),
                      value_of(*parsed, "sslcert", folder + "postgresql.crt"),
                      value_of(*parsed, "sslkey", folder + "postgresql.key"));
  dialed.attempt =
      connect(files, mode_of(value_of(*parsed, "sslmode", "prefer")), primary, host, at);
  if (dialed.attempt.certificate_taken) dialed.certificate = files.certificate;
  return dialed;
}

std::string sync_state(const std::string& names, std::size_t index) {
  const auto needed = settings::confirming_standbys(names);
  if (!needed || *needed == 0) return "async";
  if (names.starts_with("ANY")) return "quorum";
  return index < static_cast<std::size_t>(*needed) ? "sync" : "potential";
}

// ---- the node's two acts ------------------------------------------------------------------------

namespace {

std::string in_words(const server::ServerView& view, const std::string& conninfo) {
  const server::ReceiverView& receiver = view.replication.receiver;
  return fmt::format("{}, {}", receiver.status.empty() ? "no receiver" : receiver.status,
                     server::streams_with(receiver, conninfo) ? "verified" : "not verified");
}

Answer no_standby() {
  Answer answer;
  answer.before = answer.after = "no standby any more";
  return answer;
}

base::Error did_not_stream(std::string detail) {
  return base::error(Code::server_replication, "the standby did not stream again within 30 s")
      .with_detail(std::move(detail))
      .with_hint("The server's log says what its receiver met.");
}

}  // namespace

server::ServerView Host::view_server() const {
  server::ServerView view = postgres->view(disk);
  if (network == nullptr) return view;
  network->show_replicas(name_, view);
  return view;
}

Result<Answer> Host::write_replication(const fleet::Brief& brief, const fleet::Act& act,
                                       base::Time at) {
  const server::ServerView view = view_server();
  if (!view.in_recovery) return no_standby();
  const slots::SlotFiles pair = TRY(files_of(brief.environment, act.slot));
  const slots::SlotFiles ours = TRY(files_of(brief.environment, fleet::server_slot(brief.host)));
  const std::string before = TRY(server::written_conninfo(view));
  const std::string wanted = TRY(server::verifying_conninfo(before, pair));
  const server::ViewedFile& file = view.replication.file;
  Answer answer;
  answer.before = in_words(view, wanted);
  answer.after = "streaming, verified";
  const bool written = before == wanted;
  if (written && server::streams_with(view.replication.receiver, wanted)) return answer;
  if (x509::sha256_hex(file.text) != act.expected_sha256)
    return base::error(Code::file_changed,
                       fmt::format("\"{}\" is not the file that was observed", file.path))
        .with_hint("Run the command again: it observes anew.");
  if (const std::string why = network->try_stream(*this, wanted); !why.empty())
    return base::error(Code::server_replication,
                       "the standby could not connect to its primary by the verified string")
        .with_detail(why)
        .with_hint(
            "Nothing was changed. The primary must be named as its certificate names it, and "
            "pg_hba.conf must admit the replication role over TLS (host or hostssl).");
  server::IncludeEdit edit;
  edit.folder = folder_of(file.path);
  edit.name = fakes::name_of(file.path);
  edit.before = file.text;
  edit.after = TRY(server::with_conninfo(view, wanted));
  if (!written) apply_edit(disk, ours, edit);
  answer.changed = true;
  network->lets_go(name_);
  postgres->reload(disk, at);
  network->settle();
  if (server::streams_with(view_server().replication.receiver, wanted)) return answer;
  if (written) return did_not_stream("no receiver runs.");
  std::swap(edit.before, edit.after);
  apply_edit(disk, ours, edit);
  postgres->reload(disk, at);
  network->settle();
  return did_not_stream(fmt::format(
      "no receiver runs. The former string was put back{}.",
      postgres->receiver.streaming ? ", and it streams again" : ", but no receiver runs"));
}

Result<Answer> Host::reconnect_walreceiver() {
  if (!view_server().in_recovery) return no_standby();
  Answer answer;
  answer.before = fmt::format("receiver {}", postgres->receiver.pid);
  network->lets_go(name_);
  postgres->receiver = {};
  network->settle();
  if (!postgres->receiver.streaming) return did_not_stream("no receiver runs.");
  answer.changed = true;
  answer.after = "a new receiver streams";
  return answer;
}

}  // namespace fakes
