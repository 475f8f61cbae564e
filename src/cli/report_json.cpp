// SPDX-License-Identifier: PostgreSQL
// The documents of json.h. The one file of this folder that includes the JSON library.
#include <nlohmann/json.hpp>

#include "audit/sources.h"
#include "base/text.h"
#include "cli/json.h"
#include "hba/mask.h"
#include "x509/certificate.h"

namespace cli {
namespace {

using Json = nlohmann::ordered_json;
using base::printable_line;

/// Absent where empty.
void put(Json& object, const char* key, const std::string& text) {
  if (!text.empty()) object[key] = base::printable(text);
}

Json of(const base::Finding& finding) {
  Json json;
  json["severity"] = to_string(finding.severity);
  json["code"] = finding.code;
  json["message"] = printable_line(finding.message);
  put(json, "detail", finding.detail);
  put(json, "hint", finding.hint);
  put(json, "clause", finding.clause);
  put(json, "host", finding.host);
  put(json, "slot", finding.slot);
  put(json, "file", finding.file);
  if (finding.line > 0) json["line"] = finding.line;
  for (const base::Place& place : finding.related) {
    Json related{{"file", printable_line(place.file)}, {"line", place.line}};
    json["related"].push_back(std::move(related));
  }
  return json;
}

Json of(const base::Findings& findings) {
  Json list = Json::array();
  for (const base::Finding& finding : findings) list.push_back(of(finding));
  return list;
}

Json of(const ledger::Debt& debt) {
  return {{"host", debt.host},
          {"since", base::format_time(debt.since)},
          {"steps", debt.steps},
          {"reason", printable_line(debt.reason)}};
}

Json list_of(const std::vector<ledger::Debt>& debts) {
  Json list = Json::array();
  for (const ledger::Debt& debt : debts) list.push_back(of(debt));
  return list;
}

Json of(const planning::Step& step) {
  return {{"id", printable_line(step.id)},         {"host", step.host},
          {"slot", fleet::subject(step.act)},      {"act", fleet::to_string(step.act.kind)},
          {"reason", printable_line(step.reason)}, {"proof", step.proof},
          {"state", to_string(step.state)}};
}

Json of(const planning::PlannedPhase& phase) {
  Json gate{{"name", planning::name(phase.gate.gate)}, {"holds", phase.gate.holds()}};
  gate["blockers"] = Json::array();
  for (const planning::Blocker& blocker : phase.gate.blockers)
    gate["blockers"].push_back(printable_line(blocker.host + ": " + blocker.reason));
  Json json{{"name", planning::name(phase.phase)}, {"gate", std::move(gate)}};
  json["steps"] = Json::array();
  for (const planning::Step& step : phase.steps) json["steps"].push_back(of(step));
  return json;
}

Json or_null(const std::string& text) {
  return text.empty() ? Json(nullptr) : Json(printable_line(text));
}

Json of(const operations::HostStatus& host) {
  Json json{{"name", host.host},
            {"reachable", host.reachable ? Json(*host.reachable) : Json(nullptr)},
            {"role", or_null(host.role)},
            {"version", or_null(host.version)},
            {"tls", or_null(host.tls)},
            {"enforcement", "none"}};
  json["slots"] = Json::array();
  for (const operations::SlotStatus& slot : host.slots) {
    Json one{{"slot", slot.slot},
             {"serial", slot.serial},
             {"not_after", base::format_time(slot.not_after)},
             {"days_left", slot.days_left}};
    one["served"] = slot.served ? Json(*slot.served) : Json(nullptr);
    if (slot.behind) one["behind"] = true;
    json["slots"].push_back(std::move(one));
  }
  return json;
}

Json of(const operations::ConnectionProof& proof) {
  Json json{{"identity", proof.identity},
            {"os_user", proof.os_user},
            {"from", proof.from},
            {"to", proof.to},
            {"path", proof.over_socket ? "socket" : "tcp"},
            {"line", or_null(proof.line)},
            {"level", fleet::to_string(proof.level)},
            {"ok", proof.ok}};
  put(json, "message", proof.message);
  put(json, "libpq", proof.libpq);
  return json;
}

Json of(const operations::SourceProof& proof) {
  Json json{{"host", proof.host},
            {"identity", printable_line(proof.source.identity)},
            {"os_user", printable_line(proof.source.os_user)},
            {"file", printable_line(proof.source.path)}};
  json["connections"] = Json::array();
  for (const auto& one : proof.source.connections)
    json["connections"].push_back({{"where", or_null(printable_line(one.where))},
                                   {"server", or_null(printable_line(one.host))},
                                   {"sslmode", printable_line(audit::sslmode_of(one))}});
  return json;
}

Json of(const operations::SessionProof& proof) {
  const fleet::SessionFact& session = proof.session;
  return {{"host", proof.host},
          {"role", or_null(session.role)},
          {"address", or_null(session.address)},
          {"application", or_null(session.application)},
          {"tls", session.tls},
          {"serial", or_null(session.client_serial)},
          {"known", proof.known}};
}

std::string document(const Json& json) {
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace

std::string json_of(const operations::ApplyReport& report, const std::string& operation) {
  Json json{{"format", 1}, {"operation", operation}};
  json["phases"] = Json::array();
  for (const planning::PlannedPhase& phase : report.plan.phases)
    json["phases"].push_back(of(phase));
  json["findings"] = of(report.plan.findings);
  json["debts"] = list_of(report.debts);
  return document(json);
}

std::string json_of(const operations::VerifyReport& report) {
  Json json{{"format", 1}};
  json["hosts"] = Json::array();
  for (const operations::HostProof& proof : report.hosts) {
    Json host{{"name", proof.host},
              {"branch", proof.branch.word},
              {"sentence", printable_line(proof.branch.sentence)}};
    put(host, "remedy", proof.branch.remedy);
    put(host, "file", proof.branch.place.file);
    if (proof.branch.place.line > 0) host["line"] = proof.branch.place.line;
    host["findings"] = of(proof.findings);
    json["hosts"].push_back(std::move(host));
  }
  json["connections"] = Json::array();
  for (const auto& proof : report.connections) json["connections"].push_back(of(proof));
  json["sessions"] = Json::array();
  for (const auto& proof : report.sessions) json["sessions"].push_back(of(proof));
  json["sources"] = Json::array();
  for (const auto& proof : report.sources) json["sources"].push_back(of(proof));
  json["findings"] = of(report.findings);
  json["ok"] = report.ok();
  return document(json);
}

std::string json_of(const operations::StatusReport& report, const std::string& environment) {
  Json json{{"format", 1}, {"environment", environment}, {"phase", or_null(report.phase)}};
  json["hosts"] = Json::array();
  for (const auto& host : report.hosts) json["hosts"].push_back(of(host));
  json["debts"] = list_of(report.debts);
  json["pending_steps"] = report.pending_steps ? Json(*report.pending_steps) : Json(nullptr);
  json["findings"] = of(report.findings);
  json["good_until"] =
      report.good_until ? Json(base::format_time(*report.good_until)) : Json(nullptr);
  return document(json);
}

std::string json_of(const base::Error& error) {
  const auto& row = base::error_row(error.code);
  Json inner{{"code", static_cast<int>(error.code)},
             {"name", row.name},
             {"message", printable_line(error.message)}};
  put(inner, "detail", error.detail);
  put(inner, "hint", error.hint.empty() ? std::string(row.remedy) : error.hint);
  put(inner, "while_doing", error.while_doing);
  return document(Json{{"format", 1}, {"error", std::move(inner)}});
}

std::string json_of(const base::Findings& findings) {
  return document(Json{{"format", 1}, {"findings", of(findings)}});
}

std::string json_of(const std::vector<ledger::Debt>& debts) {
  return document(Json{{"format", 1}, {"debts", list_of(debts)}});
}

std::string json_of(const operations::RemovedHost& removed) {
  Json json{{"format", 1}, {"host", printable_line(removed.host)}};
  json["debts"] = list_of(removed.debts);
  json["valid"] = Json::array();
  for (const ledger::SerialRecord& record : removed.valid)
    json["valid"].push_back({{"slot", printable_line(record.intent.slot)},
                             {"serial", record.intent.serial},
                             {"not_after", base::format_time(record.intent.not_after)}});
  return document(json);
}

std::string json_of(const std::vector<ledger::AuditRow>& rows) {
  Json json{{"format", 1}};
  json["entries"] = Json::array();
  for (const ledger::AuditRow& row : rows) {
    Json entry{{"seq", row.seq},
               {"at", base::format_time(row.at)},
               {"who", printable_line(row.entry.who)},
               {"what", printable_line(row.entry.what)}};
    put(entry, "host", row.entry.host);
    put(entry, "slot", row.entry.slot);
    put(entry, "reason", row.entry.reason);
    put(entry, "detail", row.entry.detail);
    entry["hash"] = row.hash;
    json["entries"].push_back(std::move(entry));
  }
  return document(json);
}

std::string json_of_users(const fleet::Environment& environment) {
  Json json{{"format", 1}};
  json["users"] = Json::array();
  for (const fleet::Identity& identity : environment.identities) {
    std::vector<std::string> hosts;
    for (const fleet::Host& host : environment.hosts)
      if (fleet::Environment::lives_on(identity, host)) hosts.push_back(host.name);
    json["users"].push_back({{"name", identity.name},
                             {"kind", fleet::to_string(identity.kind)},
                             {"hosts", hosts},
                             {"os_users", identity.os_users},
                             {"databases", identity.databases}});
  }
  return document(json);
}

std::string json_of_hosts(const fleet::Environment& environment) {
  Json json{{"format", 1}};
  json["hosts"] = Json::array();
  for (const fleet::Host& host : environment.hosts)
    json["hosts"].push_back({{"name", host.name},
                             {"link", host.link},
                             {"address", or_null(host.address)},
                             {"database", host.database},
                             {"names", environment.certificate_names(host)}});
  return document(json);
}

std::string json_of_init(const std::string& file, const survey::Draft* draft) {
  Json json{{"format", 1}, {"file", printable_line(file)}};
  if (draft == nullptr) return document(json);
  json["hosts"] = Json::array();
  for (const survey::HostDraft& one : draft->hosts)
    json["hosts"].push_back({{"name", one.host.name},
                             {"link", one.host.link},
                             {"address", or_null(one.host.address)},
                             {"database", one.host.database}});
  json["identities"] = Json::array();
  for (const survey::IdentityDraft& one : draft->identities)
    json["identities"].push_back({{"name", one.identity.name},
                                  {"kind", to_string(one.identity.kind)},
                                  {"hosts", one.identity.hosts},
                                  {"os_users", one.identity.os_users},
                                  {"databases", one.identity.databases}});
  json["left_out"] = Json::array();
  for (const std::string& line : draft->left_out) json["left_out"].push_back(printable_line(line));
  json["findings"] = of(draft->findings);
  return document(json);
}

namespace {

Json list_of(const std::vector<std::string>& texts) {
  Json list = Json::array();
  for (const std::string& text : texts) list.push_back(printable_line(text));
  return list;
}

Json of(const hba::RuleRow& row, const hba::Version& version) {
  Json json;
  if (version.major >= 16) json["rule_number"] = row.number == 0 ? Json() : Json(row.number);
  json["file"] = printable_line(row.file);
  json["line"] = row.line;
  for (const char* column :
       {"type", "database", "user", "address", "netmask", "method", "options", "error"})
    json[column] = nullptr;
  if (row.rule) {
    const hba::ShownRule shown = hba::shown(*row.rule, version);
    json["type"] = shown.type;
    json["database"] = list_of(shown.databases);
    json["user"] = list_of(shown.users);
    if (shown.address) json["address"] = printable_line(*shown.address);
    if (shown.netmask) json["netmask"] = *shown.netmask;
    json["method"] = shown.method;
    if (!shown.options.empty()) json["options"] = list_of(shown.options);
  }
  if (!row.error.empty()) json["error"] = printable_line(row.error);
  return json;
}

Json of(const hba::IdentRow& row) {
  Json json{{"file", printable_line(row.file)},
            {"line", row.line},
            {"map", nullptr},
            {"system_user", nullptr},
            {"role", nullptr},
            {"error", row.error.empty() ? Json() : Json(printable_line(row.error))}};
  if (!row.mapping) return json;
  json["map"] = printable_line(row.mapping->map);
  json["system_user"] = printable_line(row.mapping->system_user.text);
  json["role"] = printable_line(row.mapping->role.text);
  return json;
}

}  // namespace

std::string json_of(const hba::RuleFile& rules, const hba::IdentFile* maps,
                    const hba::Version& version) {
  Json json{{"format", 1}, {"pg", version.major}};
  json["accepted_by_server"] = rules.accepted ? Json(*rules.accepted) : Json();
  json["rules"] = Json::array();
  for (const hba::RuleRow& row : rules.rows) json["rules"].push_back(of(row, version));
  if (maps == nullptr) return document(json);
  json["maps_accepted_by_server"] = maps->accepted ? Json(*maps->accepted) : Json();
  json["maps"] = Json::array();
  for (const hba::IdentRow& row : maps->rows) json["maps"].push_back(of(row));
  return document(json);
}

std::string json_of(const hba_lint::Fixed& fixed, const hba::Version& version) {
  const hba_lint::Report& report = fixed.report;
  Json json{{"format", 1}, {"pg", version.major}};
  json["accepted_by_server"] = report.rules.accepted ? Json(*report.rules.accepted) : Json();
  json["rules"] = std::count_if(report.rules.rows.begin(), report.rules.rows.end(),
                                [](const hba::RuleRow& row) { return row.rule.has_value(); });
  json["findings"] = of(report.findings);
  for (const hba_lint::Correction& each : fixed.corrections)
    json["corrections"].push_back({{"line", each.line},
                                   {"codes", each.codes},
                                   {"before", printable_line(hba::mask_secrets(each.before))},
                                   {"after", printable_line(hba::mask_secrets(each.after))}});
  return document(json);
}

namespace {

Json of_deciding(const hba::RuleRow& row) {
  return {{"file", printable_line(row.file)},
          {"line", row.line},
          {"method", hba::to_string(row.rule->method)},
          {"certificate", admission::demand_of(*row.rule)},
          {"text", printable_line(hba::mask_secrets(row.text))}};
}

}  // namespace

std::string json_of(const admission::Decision& decision) {
  Json json = decision.row != nullptr ? of_deciding(*decision.row)
                                      : Json{{"file", nullptr},
                                             {"line", nullptr},
                                             {"method", nullptr},
                                             {"certificate", nullptr},
                                             {"text", nullptr}};
  json["format"] = 1;
  json["decision"] = to_string(decision.outcome);
  json["candidates"] = Json::array();
  for (const hba::RuleRow* row : decision.candidates)
    json["candidates"].push_back(of_deciding(*row));
  if (decision.outcome == admission::Decision::Outcome::unknown)
    json["perhaps_no_match"] = decision.or_none;
  return document(json);
}

namespace {

Json of(const admission::Connection& connection) {
  const auto flag = [](bool on) { return on ? "on" : "off"; };
  Json json{{"type", connection.transport == admission::Transport::local ? "local" : "host"},
            {"tls", flag(connection.transport == admission::Transport::tls)},
            {"gss", flag(connection.transport == admission::Transport::gss)},
            {"user", printable_line(connection.user)},
            {"database", printable_line(connection.database)},
            {"replication", flag(connection.physical_replication)},
            {"certificate", printable_line(connection.certificate.value_or("none"))}};
  if (connection.address) json["address"] = hba::to_string(*connection.address);
  return json;
}

}  // namespace

std::string json_of(const admission::Proof& proof, const std::string& require) {
  Json json{{"format", 1},
            {"proven", proof.proven},
            {"require", require},
            {"statement", proof.statement}};
  json["witness"] = proof.witness ? of(*proof.witness) : Json();
  json["rule"] = proof.row == nullptr
                     ? Json()
                     : Json{{"file", printable_line(proof.row->file)}, {"line", proof.row->line}};
  json["unknown"] = list_of(proof.unknown);
  return document(json);
}

namespace {

/// Null where it is not told.
Json told(const std::string& some) { return some.empty() ? Json() : Json(printable_line(some)); }

void add_hidden(Json& json, const std::vector<survey::Hidden>& hidden) {
  for (const survey::Hidden& each : hidden)
    json["hidden"].push_back(
        {{"role", told(each.role)}, {"database", told(each.database)}, {"count", each.count}});
}

Json of_roles(const std::set<std::string>& roles) {
  Json json = Json::array();
  for (const std::string& role : roles) json.push_back(printable_line(role));
  return json;
}

Json of(const replay::Group& group) {
  Json old;
  if (group.former)
    old = {{"file", told(group.former->file)},
           {"line", group.former->file.empty() ? Json() : Json(group.former->line)},
           {"method", printable_line(group.former->method)}};
  // Where one rule is sure to decide, it is told though its answer is not.
  const auto& candidates = group.decision.candidates;
  const hba::RuleRow* row =
      candidates.size() == 1 && !group.decision.or_none ? candidates.front() : group.decision.row;
  const bool asked = group.fate != replay::Fate::never_authenticated;
  return {{"outcome", to_string(group.fate)},
          {"role", asked ? Json(printable_line(group.role)) : told(group.role)},
          {"database", asked ? Json(printable_line(group.database)) : told(group.database)},
          {"network", told(group.network)},
          {"application", told(group.application)},
          {"count", group.count},
          {"first_seen", told(group.first_seen)},
          {"last_seen", told(group.last_seen)},
          {"old", old},
          {"new", row == nullptr ? Json() : of_deciding(*row)},
          {"decision", asked ? Json(to_string(group.decision.outcome)) : Json()}};
}

Json of(const std::vector<replay::Group>& groups) {
  Json json{{"format", 1}};
  json["groups"] = Json::array();
  for (const replay::Group& group : groups) json["groups"].push_back(of(group));
  return json;
}

}  // namespace

std::string json_of(const std::vector<replay::Group>& groups,
                    const std::vector<survey::Hidden>& hidden) {
  Json json = of(groups);
  add_hidden(json, hidden);
  return document(json);
}

std::string json_of(const replay::LogReport& report) {
  Json json = of(report.report.groups);
  json["more"] = Json::array();
  for (std::size_t fate = 0; fate < replay::fates; ++fate)
    if (const std::uint64_t count = report.report.more.at(fate))
      json["more"].push_back(
          {{"outcome", to_string(static_cast<replay::Fate>(fate))}, {"count", count}});
  const server_log::Summary& log = report.summary;
  json["log"] = {{"format", to_string(log.format)},
                 {"sessions", log.authorized},
                 {"failed", log.failed},
                 {"failed_at_start", log.failed_at_start},
                 {"abandoned", log.abandoned},
                 {"unreadable", log.unreadable},
                 {"perhaps_physical", log.perhaps_physical},
                 {"without_address", report.without_address},
                 {"without_transport", report.without_transport},
                 {"cut", log.cut},
                 {"shrunk", log.shrunk}};
  return document(json);
}

std::string json_of(const networks::Narrowed& narrowed, const std::vector<survey::Hidden>& hidden) {
  Json json{{"format", 1}};
  json["networks"] = Json::array();
  for (const networks::Suggestion& each : narrowed.networks) {
    Json sources = Json::array();
    for (const networks::Source source : each.sources) sources.push_back(to_string(source));
    json["networks"].push_back({{"network", to_string(each.network)},
                                {"roles", of_roles(each.roles)},
                                {"sources", std::move(sources)},
                                {"gateway", each.gateway},
                                {"replication", each.replication},
                                {"last_seen", told(each.last_seen)},
                                {"reason", printable_line(each.reason)}});
  }
  for (const networks::Admitted& each : narrowed.unseen)
    json["unseen"].push_back({{"network", to_string(each.network)},
                              {"roles", of_roles(each.roles)},
                              {"replication", each.replication},
                              {"file", printable_line(each.file)},
                              {"line", each.line}});
  add_hidden(json, hidden);
  return document(json);
}

std::string json_of(const admission::Comparison& comparison) {
  const auto of_rule = [](const hba::RuleRow* row) {
    return row == nullptr ? Json() : of_deciding(*row);
  };
  Json json{{"format", 1}, {"equivalent", comparison.equivalent}};
  json["changes"] = Json::array();
  for (const admission::Change& change : comparison.changes)
    json["changes"].push_back({{"effect", to_string(change.effect)},
                               {"witness", of(change.witness)},
                               {"old", of_rule(change.before)},
                               {"new", of_rule(change.after)},
                               {"unknown", list_of(change.unknown)}});
  json["unknown"] = list_of(comparison.unknown);
  return document(json);
}

std::string json_of(const std::vector<ledger::Authority>& authorities) {
  Json json{{"format", 1}};
  json["authorities"] = Json::array();
  for (const ledger::Authority& authority : authorities) {
    Json one{{"kind", authority.kind == x509::AuthorityKind::server ? "server" : "client"},
             {"generation", authority.generation},
             {"state", to_string(authority.state)}};
    if (const auto certificate = x509::Certificate::from_pem(authority.certificate)) {
      one["subject"] = certificate->subject;
      one["serial"] = certificate->serial_hex;
      one["not_before"] = base::format_time(certificate->not_before);
      one["not_after"] = base::format_time(certificate->not_after);
      one["key"] = certificate->key_algorithm;
      one["sha256"] = certificate->fingerprint;
    }
    json["authorities"].push_back(std::move(one));
  }
  return document(json);
}

}  // namespace cli
