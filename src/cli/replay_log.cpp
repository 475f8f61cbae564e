// SPDX-License-Identifier: PostgreSQL
// `hba replay --log`: who of those in a server's log the rules would refuse, and what the log does
// not tell.
#include <fmt/format.h>

#include "cli/commands.h"
#include "cli/hba_ground.h"
#include "cli/json.h"
#include "cli/views.h"

namespace cli {
namespace {

bool any(const replay::Report& report, replay::Fate fate) {
  return std::any_of(report.groups.begin(), report.groups.end(),
                     [&](const replay::Group& group) { return group.fate == fate; });
}

bool certificate_decides(const replay::Report& report) {
  return std::any_of(report.groups.begin(), report.groups.end(), [](const replay::Group& group) {
    return group.fate == replay::Fate::unknown && group.decision.candidates.size() == 1 &&
           std::string_view(admission::demand_of(*group.decision.candidates.front()->rule)) !=
               "none";
  });
}

void say_summary(Speech& speech, const server_log::Summary& log) {
  speech.say(fmt::format("read as {}; sessions: {}, failed attempts: {}, no more heard of: {}",
                         to_string(log.format), log.authorized, log.failed + log.failed_at_start,
                         log.abandoned));
  if (log.failed_at_start > 0)
    speech.say(
        fmt::format("of the failed attempts, ended at their start by no rule, say for want of the "
                    "database or because the server started: {}",
                    log.failed_at_start));
  say_unreadable(speech, log);
  if (log.unreadable > log.authorized && log.format == server_log::Format::standard_error)
    speech.say("these are many: --log-line-prefix tells what stands before each message");
  if (log.authorized == 0)
    speech.say(
        "no connection of this log was let in; the server says so with log_connections = on, from "
        "PostgreSQL 18 on with receipt, authentication and authorization among its values");
  if (log.perhaps_physical > 0)
    speech.say(fmt::format(
        "connections for replication, physical or not, which this log does not tell: {}; they are "
        "judged as physical ones, and %d in log_line_prefix would tell",
        log.perhaps_physical));
}

/// What a reader must know to judge by the groups.
void say_limits(Speech& speech, const replay::LogReport& made) {
  if (made.without_address > 0)
    speech.say(
        fmt::format("of {} the address is not told: it is with log_hostname = off and "
                    "log_connections = on",
                    count(made.without_address, "connection", "connections")));
  if (made.without_transport > 0)
    speech.say(
        fmt::format("of {} it is not told whether they came by TLS: their application names look "
                    "like what the server says of it",
                    count(made.without_transport, "connection", "connections")));
  if (certificate_decides(made.report))
    speech.say(
        "a log does not tell whether a client shows a certificate, but for the method cert; "
        "docs/sessions.sql asks the server for those who are connected");
  if (any(made.report, replay::Fate::never_authenticated))
    speech.say(
        "those that never authenticated are probes of load balancers and monitors, scans, clients "
        "that are refused today, by a rule, for their password or by the user map, or that left "
        "before they gave one; a health check in plain "
        "text that is answered with an error takes a backend out of service");
}

}  // namespace

base::Result<int> replay_log_command(Shell& shell, const admission::Rules& rules) {
  const std::string& path = shell.options.log_file;
  const replay::LogReport made =
      TRY(replay::replay_log(path, log_settings(shell.options, "replay FILE"), rules));
  show(shell, text_of(made.report), json_of(made));
  say_summary(shell.speech, made.summary);
  say_limits(shell.speech, made);
  return replay::all_let_in(made.report.groups) ? 0 : 1;
}

}  // namespace cli
