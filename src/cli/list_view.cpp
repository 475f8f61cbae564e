// SPDX-License-Identifier: PostgreSQL
// Lists as text: debts, the log, authorities, identities, hosts.
#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "cli/views.h"
#include "x509/certificate.h"

namespace cli {

using base::printable_line;

std::string table_of(const std::vector<std::vector<std::string>>& cells) {
  std::vector<std::size_t> widths;
  for (const auto& row : cells)
    for (std::size_t i = 0; i < row.size(); ++i) {
      if (i == widths.size()) widths.push_back(0);
      widths[i] = std::max(widths[i], row[i].size());
    }
  std::string text;
  for (const auto& row : cells) {
    std::string line;
    for (std::size_t i = 0; i < row.size(); ++i) line += fmt::format("{:<{}}  ", row[i], widths[i]);
    text += line.substr(0, line.find_last_not_of(' ') + 1) + "\n";
  }
  return text;
}

std::string text_of(const std::vector<ledger::Debt>& debts) {
  std::string text;
  for (const ledger::Debt& debt : debts) {
    text += fmt::format("owed to {} since {}: {}\n", debt.host, base::format_time(debt.since),
                        printable_line(debt.reason));
    for (const std::string& step : debt.steps) text += fmt::format("  {}\n", printable_line(step));
  }
  return text;
}

std::string text_of(const operations::RemovedHost& removed) {
  std::string text = fmt::format("removed {}\n", printable_line(removed.host));
  for (const ledger::Debt& debt : removed.debts)
    text += fmt::format("  dropped what it was owed since {}: {}\n", base::format_time(debt.since),
                        printable_line(fmt::format("{}", fmt::join(debt.steps, ", "))));
  for (const ledger::SerialRecord& record : removed.valid)
    text += fmt::format("  stays valid until {}: {}, serial {}\n",
                        base::format_date(record.intent.not_after),
                        printable_line(record.intent.slot), record.intent.serial);
  if (!removed.valid.empty())
    text +=
        "  nothing is revoked: whoever has their keys can use them until then. They lie on that\n"
        "  host, servers' in /etc/pgseal, clients' in ~/.postgresql\n";
  return text;
}

std::string text_of(const std::vector<ledger::AuditRow>& rows) {
  std::string text;
  for (const ledger::AuditRow& row : rows) {
    text += fmt::format("{:>6} {} {:<16} {}", row.seq, base::format_time(row.at),
                        printable_line(row.entry.who), printable_line(row.entry.what));
    for (const std::string& part :
         {row.entry.host, row.entry.slot, row.entry.reason, row.entry.detail})
      if (!part.empty()) text += "  " + printable_line(part);
    text += "\n";
  }
  return text;
}

std::string text_of(const std::vector<ledger::Authority>& authorities) {
  if (authorities.empty()) return "no authority yet: the first pgseal apply makes both\n";
  std::string text;
  for (const ledger::Authority& authority : authorities) {
    const auto certificate = x509::Certificate::from_pem(authority.certificate);
    if (!certificate) continue;
    text +=
        fmt::format("{}\n  {}, {}, generation {}\n  valid {} to {}\n  SHA-256 {}\n",
                    certificate->subject, to_string(authority.state), certificate->key_algorithm,
                    authority.generation, base::format_date(certificate->not_before),
                    base::format_date(certificate->not_after), certificate->fingerprint);
  }
  return text;
}

std::string users_of(const fleet::Environment& environment) {
  std::vector<std::vector<std::string>> rows;
  for (const fleet::Identity& identity : environment.identities) {
    std::vector<std::string> hosts;
    for (const fleet::Host& host : environment.hosts)
      if (fleet::Environment::lives_on(identity, host)) hosts.push_back(host.name);
    rows.push_back(
        {identity.name, fleet::to_string(identity.kind),
         fmt::format("{} on {}", fmt::join(identity.os_users, ", "),
                     hosts.empty() ? "no host" : fmt::format("{}", fmt::join(hosts, ", ")))});
  }
  return rows.empty() ? "no identity is declared\n" : table_of(rows);
}

std::string hosts_of(const fleet::Environment& environment) {
  std::vector<std::vector<std::string>> rows;
  for (const fleet::Host& host : environment.hosts)
    rows.push_back({host.name, host.database ? "database" : "", host.link,
                    host.database
                        ? fmt::format("{}", fmt::join(environment.certificate_names(host), ", "))
                        : host.address});
  return table_of(rows);
}

}  // namespace cli
