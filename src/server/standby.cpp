// SPDX-License-Identifier: PostgreSQL
// A standby changes over to a verified connection. What is to be written is tried first, as the
// receiver itself will connect (libpqwalreceiver.c of the server's source): a string that leads
// nowhere is never put in place. Then it is loaded, watched, and taken back where nothing streams.
#include <fmt/format.h>
#include <libpq-fe.h>
#include <stdlib.h>

#include <array>
#include <memory>

#include "base/fd.h"
#include "base/pack.h"
#include "base/text.h"
#include "server/edit_place.h"
#include "server/receiver_watch.h"
#include "server/replication.h"
#include "server/server.h"
#include "server/trial.h"
#include "x509/digest.h"

namespace server {
namespace {

using base::Code;
using base::Result;

constexpr std::chrono::seconds trial_limit{15};
constexpr std::chrono::seconds streaming_limit{30};  ///< the standby's time to stream again
constexpr std::chrono::seconds back_limit{10};       ///< the same by its former string
constexpr std::size_t surroundings_bytes = 1024UL * 1024;

// ---- the trial ----------------------------------------------------------------------------------

/// HOME and libpq's variables of the postmaster, which its receiver inherits.
std::vector<std::pair<std::string, std::string>> surroundings_of(const FoundServer& server,
                                                                 const std::string& processes) {
  std::vector<std::pair<std::string, std::string>> found;
  const auto text = base::read_file(fmt::format("{}/{}/environ", processes, server.postmaster),
                                    surroundings_bytes);
  if (!text) return found;
  for (const std::string_view one : base::split(*text, '\0')) {
    const std::size_t equals = one.find('=');
    if (equals == one.npos || !(one.starts_with("HOME=") || one.starts_with("PG"))) continue;
    found.emplace_back(one.substr(0, equals), one.substr(equals + 1));
  }
  return found;
}

base::Error trial_failed(const std::string& message) {
  return base::error(Code::server_replication,
                     "the standby could not connect to its primary by the verified string")
      .with_detail(message)
      .with_hint(
          "Nothing was changed. The primary must be named as its certificate names it, and "
          "pg_hba.conf must admit the replication role over TLS (host or hostssl).");
}

/// Connects as the receiver does and asks whose cluster it is. The answer: its identifier.
Result<std::string> try_within(
    const std::string& conninfo,
    const std::vector<std::pair<std::string, std::string>>& surroundings) {
  for (const auto& [name, value] : surroundings) setenv(name.c_str(), value.c_str(), 1);
  const std::array<const char*, 6> keywords = {
      "dbname", "replication", "dbname", "fallback_application_name", "connect_timeout", nullptr};
  const std::array<const char*, 6> values = {conninfo.c_str(), "true", "replication",
                                             "pgseal",         "10",   nullptr};
  const std::unique_ptr<PGconn, decltype(&PQfinish)> connection(
      PQconnectdbParams(keywords.data(), values.data(), 1), &PQfinish);
  if (connection == nullptr) return base::error(Code::internal, "out of memory in libpq");
  if (PQstatus(connection.get()) != CONNECTION_OK)
    return trial_failed(PQerrorMessage(connection.get()));
  const std::unique_ptr<PGresult, decltype(&PQclear)> answer(
      PQexec(connection.get(), "IDENTIFY_SYSTEM"), &PQclear);
  if (PQresultStatus(answer.get()) != PGRES_TUPLES_OK || PQntuples(answer.get()) != 1)
    return trial_failed(PQerrorMessage(connection.get()));
  return std::string(PQgetvalue(answer.get(), 0, 0));
}

Result<void> try_conninfo(const std::string& conninfo, const FoundServer& server,
                          const ServerView& view, const std::string& processes) {
  const host::OsUser user = TRY(host::find_user(server.os_user));
  const auto surroundings = surroundings_of(server, processes);
  const std::string identifier =
      TRY(host::as_user(user, trial_limit, [&] { return try_within(conninfo, surroundings); }));
  if (identifier == view.system_identifier) return {};
  return base::error(Code::server_replication,
                     fmt::format("primary_conninfo leads to another cluster, {}", identifier))
      .with_detail(fmt::format("The standby is of cluster {}.", view.system_identifier));
}

// ---- watching -----------------------------------------------------------------------------------

Watch watch_of(const FoundServer& server, const ServerView& view) {
  Watch watch;
  watch.limit = streaming_limit;
  watch.other_than = view.replication.receiver.pid;
  watch.postmaster = server.postmaster;
  return watch;
}

std::string in_words(const ServerView& view, const std::string& conninfo) {
  const ReceiverView& receiver = view.replication.receiver;
  return fmt::format("{}, {}", receiver.status.empty() ? "no receiver" : receiver.status,
                     streams_with(receiver, conninfo) ? "verified" : "not verified");
}

base::Finding restart_needed(const std::string& host) {
  base::Finding finding;
  finding.severity = base::Severity::warning;
  finding.code = "replication.restart";
  finding.message = "the standby connects as before until it is restarted";
  finding.hint =
      "Restart it when it suits: before PostgreSQL 13 primary_conninfo is read at start.";
  finding.clause = "postgresql runtime-config-replication";
  finding.host = host;
  return finding;
}

base::Error did_not_stream(std::string detail) {
  return base::error(
             Code::server_replication,
             fmt::format("the standby did not stream again within {} s", streaming_limit.count()))
      .with_detail(std::move(detail))
      .with_hint("The server's log says what its receiver met.");
}

/// A receiver that ends now would not be followed by another.
Result<void> check_not_held(const ServerView& view) {
  if (view.replication.held.empty()) return {};
  return base::error(Code::server_replication,
                     "the standby would not connect anew: " + view.replication.held)
      .with_hint("Let replay go on, then run pgseal apply again.");
}

fleet::Answer no_standby() {
  fleet::Answer answer;
  answer.before = answer.after = "no standby any more";
  return answer;
}

// ---- the change-over ----------------------------------------------------------------------------

/// One standby between two strings.
struct ChangeOver {
  ServerChild& child;
  const FoundServer& server;
  const ServerView& view;  ///< as it was seen before anything was written
  const slots::SlotFiles& ours;
  std::string former;   ///< what to go back to
  std::string written;  ///< what stands in the file by now
};

Result<void> write_string(ChangeOver& change, const std::string& conninfo) {
  const ViewedFile& file = change.view.replication.file;
  const std::string seen = TRY(written_conninfo(change.view));
  const auto text_with = [&](const std::string& string) -> Result<std::string> {
    return string == seen ? Result<std::string>(file.text) : with_conninfo(change.view, string);
  };
  const std::size_t slash = file.path.rfind('/');
  IncludeEdit edit;
  edit.folder = file.path.substr(0, slash);
  edit.name = file.path.substr(slash + 1);
  edit.before = TRY(text_with(change.written));
  edit.after = TRY(text_with(conninfo));
  TRY(apply_edit(edit, change.ours, change.child));
  change.written = conninfo;
  return {};
}

std::string in_words(const base::Error& error) {
  return error.detail.empty() ? error.message : error.message + ": " + error.detail;
}

/// Puts the former string back, whatever comes of it: a sentence for the error that says why.
std::string put_back(ChangeOver& change) {
  if (change.written != change.former) {
    const auto done = write_string(change, change.former);
    if (!done) return "The former string could not be put back: " + in_words(done.error()) + ".";
  }
  Watch back = watch_of(change.server, change.view);
  back.load = true;
  back.other_than = 0;
  back.limit = back_limit;
  const auto after = change.child.watch(change.server, back);
  const auto ended = after ? end_trial(change.ours) : Result<void>();
  std::string sentence = "The former string was put back, ";
  if (!after)
    sentence += "but could not be loaded: " + in_words(after.error());
  else
    sentence += after->empty() ? "and it streams again" : "but " + *after;
  if (!ended) sentence += "; its note could not be removed: " + in_words(ended.error());
  return sentence + ".";
}

/// Loads what is written and watches; "" where it streams by it, else what was seen.
std::string load_and_watch(const ChangeOver& change) {
  Watch task = watch_of(change.server, change.view);
  task.load = true;
  task.conninfo = change.written;
  // A reload that changes nothing for the server ends no receiver.
  if (change.view.replication.running == change.written) task.other_than = 0;
  const auto problem = change.child.watch(change.server, task);
  return problem ? *problem : in_words(problem.error());
}

/// A node was killed while it watched this string: nobody knows whether it streams by it.
base::Error left_untried(const std::string& why, const std::string& back) {
  return base::error(Code::server_replication,
                     "the standby does not stream by the string that an interrupted apply wrote")
      .with_detail(fmt::format("{}. {}", why, back))
      .with_hint("The server's log says what its receiver met.");
}

/// `untried`: the string is there already, of a node that was killed before it could judge it.
Result<void> change_over(ChangeOver& change, const std::string& wanted, bool untried,
                         const std::string& processes) {
  const bool written = change.written == wanted;
  if (auto tried = try_conninfo(wanted, change.server, change.view, processes); !tried) {
    if (!untried) return tried;
    return left_untried(in_words(tried.error()), put_back(change));
  }
  const bool by_restart = change.view.major() < 13;
  if (!written) {
    if (!by_restart) TRY(note_trial(change.ours, trial_of(change.former, wanted)));
    TRY(write_string(change, wanted));
  }
  if (by_restart) return {};
  const std::string seen = load_and_watch(change);
  if (seen.empty()) return end_trial(change.ours);
  if (written && !untried) return did_not_stream(seen + ".");
  const std::string back = put_back(change);
  if (untried) return left_untried(seen, back);
  return did_not_stream(fmt::format("{}. {}", seen, back));
}

}  // namespace

Result<fleet::Answer> Server::write_replication(const fleet::Act& act) {
  const FoundServer server = TRY(running_server());
  const ServerView view = TRY(child_.view(server, {{}, false, false, true}));
  if (!view.in_recovery) return no_standby();
  const host::OsUser user = TRY(host::find_user(act.slot.os_user));
  const slots::SlotFiles pair = TRY(slots::client_files(brief_.environment, act.slot, user));
  const slots::SlotFiles ours =
      TRY(slots::server_files(places_.pgseal, fleet::server_slot(brief_.host), user));
  const std::string before = TRY(written_conninfo(view));
  const std::string wanted = TRY(verifying_conninfo(before, pair));
  const ViewedFile& file = view.replication.file;
  const std::optional<Trial> trial = TRY(noted_trial(ours));
  const bool untried = trial && on_trial(*trial, before, view.replication.running);
  fleet::Answer answer;
  answer.before = in_words(view, wanted);
  answer.after = "streaming, verified";
  if (before == wanted && streams_with(view.replication.receiver, wanted)) {
    answer.changed = untried;
    if (trial) TRY(end_trial(ours));
    return answer;
  }
  if (x509::sha256_hex(file.text) != act.expected_sha256)
    return base::error(Code::file_changed,
                       fmt::format("\"{}\" is not the file that was observed", file.path))
        .with_hint("Run the command again: it observes anew.");
  if (view.major() >= 13) TRY(check_not_held(view));
  const bool in_file = untried && on_trial(*trial, before, before);
  ChangeOver change{child_, server, view, ours, in_file ? trial->former : before, before};
  TRY(change_over(change, wanted, untried, places_.search.processes));
  answer.changed = true;
  if (view.major() < 13) {
    answer.after = "written, waits for a restart";
    answer.findings.push_back(restart_needed(brief_.host));
  }
  return answer;
}

/// Of any version: a reload changes no receiver before 13, but its end ends it.
Result<fleet::Answer> Server::reconnect_walreceiver(const fleet::Act&) {
  const FoundServer server = TRY(running_server());
  const ServerView view = TRY(child_.view(server, {{}, false, false, true}));
  if (!view.in_recovery) return no_standby();
  TRY(check_not_held(view));
  fleet::Answer answer;
  Watch task = watch_of(server, view);
  task.end = task.other_than != 0;
  answer.before = fmt::format("receiver {}", task.other_than);
  const std::string problem = TRY(child_.watch(server, task));
  if (!problem.empty()) return did_not_stream(problem + ".");
  answer.changed = true;
  answer.after = "a new receiver streams";
  return answer;
}

}  // namespace server
