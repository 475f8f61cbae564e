// SPDX-License-Identifier: PostgreSQL
#include "audit/tls_branch.h"

#include <fmt/format.h>

#include "audit/catalogue.h"
#include "audit/overrides.h"
#include "x509/certificate.h"

namespace audit {
namespace {

using fleet::HostFacts;
using fleet::ServedFacts;
using fleet::ServerFacts;
using fleet::SettingFact;

base::Place place_of(const ServerFacts& server, std::string_view name) {
  const SettingFact* fact = running_setting(server, name);
  return fact == nullptr ? base::Place{} : base::Place{fact->file, fact->line};
}

Branch off(const ServerFacts& server) {
  const base::Place place = place_of(server, "ssl");
  if (!server.ssl_conf.empty() && server.include_in_place)
    return {"configured, not running", "TLS is configured, but the server runs without it",
            "Run pgseal apply: it reloads and proves.", place};
  return {"not configured", "TLS is off (ssl = off)", "Run pgseal apply.", place};
}

Branch on(const HostFacts& facts, const ServedFacts& served) {
  const ServerFacts& server = *facts.server;
  const base::Place place = place_of(server, "ssl_cert_file");
  const std::string file = running_value(server, "ssl_cert_file");
  if (!served.answered)
    return {"not asked", "ssl is on, but the server could not be asked from outside",
            "Look at its address, port and firewall.", place};
  if (!served.tls)
    return {"on, not answering", "ssl is on, but a handshake from outside gets no TLS",
            "Look at the server's log: it keeps running without TLS where its files are wrong.",
            place};
  const bool ours = facts.server_slot && file.starts_with(facts.server_slot->folder + "/");
  if (!ours)
    return {"not ours", fmt::format("it serves \"{}\", which is not pgseal's", file),
            "Run pgseal plan: it says whether apply replaces it or adopt is needed.", place};
  if (!same_certificate(facts.server_slot->certificate, served.certificate))
    return {"not reloaded", "it serves another certificate than the one on disk",
            "Run pgseal apply: it reloads and proves.", place};
  if (running_value(server, "ssl_ca_file").empty())
    return {"clients not verified", "TLS is on and proven; clients are not asked for certificates",
            "Run pgseal apply.", place};
  return {"proven", "TLS is on, and what is served is what lies on disk", "", place, true};
}

/// Where somebody beats ssl.conf an apply changes nothing: the remedy is to undo that first.
Branch with_override(const HostFacts& facts, Branch branch) {
  if (!facts.server_slot) return branch;
  const SettingFact* by = overriding(*facts.server, facts.server_slot->folder, "");
  if (by == nullptr) return branch;
  branch.sentence += "; " + sentence_of(*by);
  branch.remedy = undo(*by) + " Then run pgseal apply.";
  branch.place = {by->file, by->line};
  return branch;
}

base::Finding about(std::string_view code, const HostFacts& facts, std::string message,
                    const Branch& branch) {
  base::Finding found = finding(code, std::move(message));
  found.host = facts.host;
  found.slot = "server:" + facts.host;
  found.hint = branch.remedy;
  found.file = branch.place.file;
  found.line = branch.place.line;
  return found;
}

/// The node's own hint of what keeps the server from being asked.
std::string why_not_asked(const HostFacts& facts) {
  for (const base::Finding& found : facts.findings)
    if (found.code.starts_with("server.") && blocks(found.code)) return found.hint;
  return "";
}

}  // namespace

bool same_certificate(const std::string& one, const std::string& other) {
  const auto a = x509::Certificate::decode_pem(one);
  const auto b = x509::Certificate::decode_pem(other);
  return a && b && a->der == b->der;
}

Branch tls_branch(const HostFacts& facts, const ServedFacts& served) {
  if (!facts.server)
    return {"no server",
            "no PostgreSQL server was found",
            "Install one, or set data_directory in its [[host]].",
            {}};
  if (!facts.server->running)
    return {"server down", "the PostgreSQL server does not run", "Start it.", {}};
  if (!facts.server->problem.empty())
    return {"not asked",
            "the server could not be asked: " + facts.server->problem,
            why_not_asked(facts),
            {}};
  Branch branch =
      running_value(*facts.server, "ssl") == "on" ? on(facts, served) : off(*facts.server);
  return branch.good ? branch : with_override(facts, std::move(branch));
}

base::Findings server_findings(const HostFacts& facts, const ServedFacts& served, std::int64_t at) {
  base::Findings findings;
  const Branch branch = tls_branch(facts, served);
  if (!branch.good && fleet::answering_server(facts) != nullptr) {
    const bool off_now = branch.word == "not configured" || branch.word == "on, not answering" ||
                         branch.word == "configured, not running";
    findings.push_back(about(off_now                                 ? "server.tls-off"
                             : branch.word == "not asked"            ? "server.unproven"
                             : branch.word == "clients not verified" ? "server.clients-unverified"
                                                                     : "server.served-differs",
                             facts, branch.sentence, branch));
  }
  if (facts.server)
    for (const SettingFact& fact : facts.server->running_settings)
      if (fact.pending_restart)
        findings.push_back(
            about("server.restart-needed", facts,
                  fmt::format("setting \"{}\" waits for a restart", fact.name),
                  {"", "", "Restart the server when it suits.", {fact.file, fact.line}}));
  if (served.certificate.empty()) return findings;
  const auto certificate = x509::Certificate::decode_pem(served.certificate);
  const base::Time now{std::chrono::seconds(at)};
  if (certificate && certificate->not_after < now)
    findings.push_back(about(
        "certificate.expired", facts,
        "the served certificate expired " + base::format_date(certificate->not_after), branch));
  return findings;
}

}  // namespace audit
