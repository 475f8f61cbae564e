// SPDX-License-Identifier: PostgreSQL
// What verify proved and status saw, as text.
#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "audit/sources.h"
#include "base/text.h"
#include "cli/speech.h"
#include "cli/views.h"
#include "x509/certificate.h"

namespace cli {
namespace {

using base::printable_line;

std::string host_text(const operations::HostProof& proof, Ink ink) {
  std::string text = fmt::format("{:<10} {:<22} {}\n", printable_line(proof.host),
                                 proof.branch.word, printable_line(proof.branch.sentence));
  if (!proof.branch.place.file.empty())
    text += fmt::format("{:<10}   {}:{}\n", "", printable_line(proof.branch.place.file),
                        proof.branch.place.line);
  if (!proof.branch.remedy.empty())
    text += fmt::format("{:<10}   -> {}\n", "", printable_line(proof.branch.remedy));
  return text + text_of(proof.findings, ink);
}

std::string connection_text(const operations::ConnectionProof& proof, Ink ink) {
  std::string text = fmt::format(
      "{} {} as {} on {} -> {}: {}\n",
      proof.ok ? ink(Tone::good, "ok    ") : ink(Tone::bad, "FAILED"),
      printable_line(proof.identity), printable_line(proof.os_user), proof.from, proof.to,
      proof.over_socket ? "over a socket, which has no TLS" : fleet::to_string(proof.level));
  if (!proof.line.empty()) text += fmt::format("       {}\n", printable_line(proof.line));
  if (!proof.ok && !proof.message.empty())
    for (const std::string_view line : base::split(proof.message, '\n'))
      text += fmt::format("       {}\n", printable_line(base::trim(line)));
  return text;
}

struct Tally {
  int tls = 0;
  int plain = 0;
  int socket = 0;
  int known = 0;
};

std::string sessions_text(const std::vector<operations::SessionProof>& sessions) {
  std::map<std::string, Tally> tallies;
  for (const auto& proof : sessions) {
    Tally& tally = tallies[fmt::format(
        "{:<10} {} {}", proof.host, printable_line(proof.session.role),
        proof.session.address.empty() ? "over the socket"
                                      : "from " + printable_line(proof.session.address))];
    if (proof.session.tls)
      ++tally.tls;
    else if (proof.session.address.empty())
      ++tally.socket;
    else
      ++tally.plain;
    if (proof.known) ++tally.known;
  }
  std::string text;
  for (const auto& [who, tally] : tallies)
    text += fmt::format("{}: {} on TLS ({} with a certificate of ours), {} in plaintext\n", who,
                        tally.tls, tally.known, tally.plain);
  return text;
}

std::string source_text(const operations::SourceProof& proof) {
  std::string text;
  for (const auto& one : proof.source.connections)
    text += fmt::format("{:<10} {}{} {}: host={} sslmode={}\n", proof.host,
                        printable_line(proof.source.path), one.where.empty() ? "" : ",",
                        printable_line(one.where), printable_line(one.host),
                        printable_line(audit::sslmode_of(one)));
  return text;
}

/// fmt's padding, without its search for wide characters where there are none: of ten thousand
/// hosts that is most of the work.
void add_padded(std::string& text, std::string_view word, std::size_t width) {
  if (std::any_of(word.begin(), word.end(), [](char c) { return (c & 0x80) != 0; })) {
    fmt::format_to(std::back_inserter(text), "{:<{}}", word, width);
    return;
  }
  text += word;
  if (word.size() < width) text.append(width - word.size(), ' ');
}

void add_slot(std::string& text, const operations::SlotStatus& slot, Ink ink) {
  text += "             ";
  add_padded(text, slot.slot, 28);
  text += " until ";
  text += base::format_date(slot.not_after);
  text += " (";
  text += std::to_string(slot.days_left);
  text += " days left)";
  if (slot.behind) text += ink(Tone::bad, ", behind: an earlier one lies there");
  if (slot.served) text += *slot.served ? ", served" : ", " + ink(Tone::bad, "NOT served");
  text += '\n';
}

std::string role_text(const operations::HostStatus& host) {
  if (!host.reachable) return "not asked";
  if (!*host.reachable) return "unreachable";
  return host.role.empty() ? "?" : printable_line(host.role);
}

void add_host(std::string& text, const operations::HostStatus& host, Ink ink) {
  text += "  ";
  add_padded(text, host.host, 10);
  text += ' ';
  add_padded(text, role_text(host), 12);
  text += ' ';
  add_padded(text, printable_line(host.version), 8);
  text += " TLS ";
  text += host.tls.empty() ? "-" : printable_line(host.tls);
  text += '\n';
  for (const auto& slot : host.slots) add_slot(text, slot, ink);
}

std::string pending_text(const operations::StatusReport& report) {
  if (!report.pending_steps)
    return "what is still to do is not known: pgseal plan asks the hosts\n";
  if (*report.pending_steps == 0) return "";
  return fmt::format("{} planned: pgseal plan shows {}\n",
                     count(*report.pending_steps, "step is", "steps are"),
                     *report.pending_steps == 1 ? "it" : "them");
}

}  // namespace

std::string text_of(const operations::VerifyReport& report, Ink ink) {
  std::string text = "hosts\n";
  for (const auto& proof : report.hosts) text += host_text(proof, ink);
  if (!report.connections.empty()) text += "\nconnections\n";
  for (const auto& proof : report.connections) text += connection_text(proof, ink);
  if (!report.sessions.empty()) text += "\nlive sessions, as the servers see them\n";
  text += sessions_text(report.sessions);
  if (!report.sources.empty()) text += "\nwhat applications' own settings say\n";
  for (const auto& proof : report.sources) text += source_text(proof);
  if (!report.findings.empty()) text += "\n" + text_of(report.findings, ink);
  return text + "\n" + (report.ok() ? ink(Tone::good, "proven") : ink(Tone::bad, "NOT proven")) +
         "\n";
}

void write_text(const operations::StatusReport& report, const fleet::Environment& environment,
                Ink ink, const std::function<void(const std::string&)>& write) {
  constexpr std::size_t piece = 32768;
  std::string text = fmt::format("environment {}{}\n", environment.name,
                                 report.offline ? " (as last seen; no host was asked)" : "");
  for (const auto& host : report.hosts) {
    add_host(text, host, ink);
    if (text.size() < piece) continue;
    write(text);
    text.clear();
  }
  if (!report.phase.empty()) text += fmt::format("apply stands in phase: {}\n", report.phase);
  text += text_of(report.debts);
  text += text_of(report.findings, ink);
  text += pending_text(report);
  if (report.good_until)
    text += fmt::format("this controller may be dead until {}: then the first certificate ends\n",
                        base::format_date(*report.good_until));
  else
    text += "no certificate was issued yet: pgseal apply begins\n";
  write(text);
}

std::string nagios_of(const operations::StatusReport& report, int& status) {
  const bool error = std::any_of(report.findings.begin(), report.findings.end(),
                                 [](const auto& f) { return f.severity == base::Severity::error; });
  const std::size_t pending = report.pending_steps.value_or(0);
  const bool warning = base::any_problem(report.findings) || !report.debts.empty() || pending > 0;
  status = error ? 2 : warning ? 1 : 0;
  std::string text = error ? "PGSEAL CRITICAL" : warning ? "PGSEAL WARNING" : "PGSEAL OK";
  for (const auto& finding : report.findings)
    if (finding.severity != base::Severity::note)
      return text + " - " + printable_line(finding.message) + "\n";
  if (!report.debts.empty())
    return text + fmt::format(" - {} owed\n", count(report.debts.size(), "host is", "hosts are"));
  if (pending > 0)
    return text + fmt::format(" - {} planned\n", count(pending, "step is", "steps are"));
  if (report.good_until)
    text += fmt::format(" - first certificate ends {}", base::format_date(*report.good_until));
  else
    text += " - no certificate was issued yet";
  return text + (report.offline ? ", no host was asked\n" : "\n");
}

}  // namespace cli
