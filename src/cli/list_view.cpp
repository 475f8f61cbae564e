// SPDX-License-Identifier: PostgreSQL
// Lists as text: debts, the log, authorities, identities, hosts.
#include <fmt/format.h>

#include "base/text.h"
#include "cli/views.h"
#include "x509/certificate.h"

namespace cli {

using base::printable_line;

std::string text_of(const std::vector<ledger::Debt>& debts) {
  std::string text;
  for (const ledger::Debt& debt : debts) {
    text += fmt::format("owed to {} since {}: {}\n", debt.host, base::format_time(debt.since),
                        printable_line(debt.reason));
    for (const std::string& step : debt.steps) text += fmt::format("  {}\n", printable_line(step));
  }
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
  std::string text;
  for (const fleet::Identity& identity : environment.identities) {
    std::vector<std::string> hosts;
    for (const fleet::Host& host : environment.hosts)
      if (fleet::Environment::lives_on(identity, host)) hosts.push_back(host.name);
    text += fmt::format("{:<16} {:<12} {} on {}\n", identity.name, fleet::to_string(identity.kind),
                        fmt::join(identity.os_users, ", "), fmt::join(hosts, ", "));
  }
  return text;
}

std::string hosts_of(const fleet::Environment& environment) {
  std::string text;
  for (const fleet::Host& host : environment.hosts) {
    text += fmt::format("{:<12} {:<10} {:<28} {}\n", host.name, host.database ? "database" : "",
                        host.link, host.address);
    if (host.database)
      text += fmt::format("{:<12} {}\n", "", fmt::join(environment.certificate_names(host), ", "));
  }
  return text;
}

}  // namespace cli
