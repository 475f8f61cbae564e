// SPDX-License-Identifier: PostgreSQL
#include "operations/remove_host.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "base/text.h"

namespace operations {
namespace {

using base::Result;

/// Where the configuration names the host, one line each; "" where it does not.
std::string places_of(const fleet::Environment& environment, const std::string& host) {
  std::string places;
  if (const fleet::Host* declared = environment.find_host(host))
    places += fmt::format("{}:{}: its [[host]]\n", declared->declared_at.file,
                          declared->declared_at.line);
  for (const fleet::Identity& identity : environment.identities)
    if (std::find(identity.hosts.begin(), identity.hosts.end(), host) != identity.hosts.end())
      places += fmt::format("{}:{}: hosts of identity \"{}\"\n", identity.declared_at.file,
                            identity.declared_at.line, identity.name);
  if (!places.empty()) places.pop_back();
  return places;
}

Result<std::set<std::string>> known_hosts(const ledger::Ledger& ledger,
                                          const std::vector<ledger::SerialRecord>& serials) {
  std::set<std::string> known;
  for (const ledger::SerialRecord& record : serials) known.insert(record.intent.host);
  TRY(ledger.observations([&](const ledger::Observation& seen) { known.insert(seen.host); }));
  for (const ledger::Debt& debt : TRY(ledger.debts())) known.insert(debt.host);
  return known;
}

}  // namespace

Result<RemovedHost> remove_host(ledger::Ledger& ledger, const fleet::Environment& environment,
                                const ledger::AuditEntry& entry, base::Time at) {
  const std::string& host = entry.host;
  if (auto places = places_of(environment, host); !places.empty())
    return base::error(base::Code::refused_declared,
                       fmt::format("host \"{}\" is still declared", base::printable_line(host)))
        .with_detail(std::move(places));
  const auto serials = TRY(ledger.serials());
  const std::set<std::string> known = TRY(known_hosts(ledger, serials));
  if (!known.contains(host)) {
    const std::string near =
        base::nearest(host, std::vector<std::string_view>(known.begin(), known.end()));
    return base::error(base::Code::usage,
                       fmt::format("the ledger knows no host \"{}\"", base::printable_line(host)))
        .with_hint(near.empty() ? "" : fmt::format("The nearest is \"{}\".", near));
  }
  RemovedHost removed{host, {}, {}};
  for (ledger::Debt& debt : TRY(ledger.debts()))
    if (debt.host == host) removed.debts.push_back(std::move(debt));
  for (const ledger::SerialRecord& record : serials)
    if (record.intent.host == host && !record.certificate.empty() && record.intent.not_after > at)
      removed.valid.push_back(record);
  const auto remove = [&]() -> Result<void> {
    TRY(ledger.remove_host(host, "host removed", at));
    TRY(ledger.append_audit(entry, at));
    return {};
  };
  TRY(ledger.unvouched(at, remove));
  return removed;
}

}  // namespace operations
