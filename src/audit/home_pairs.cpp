// SPDX-License-Identifier: PostgreSQL
#include "audit/home_pairs.h"

#include <fmt/format.h>

#include <algorithm>

#include "audit/catalogue.h"
#include "base/text.h"
#include "x509/certificate.h"

namespace audit {
namespace {

using fleet::Environment;
using fleet::SlotFacts;

/// Whose client authority signed it, "" where that is none of pgseal's.
std::string pgseal_issuer(const SlotFacts& slot) {
  if (slot.certificate.empty()) return "";
  const auto held = x509::Certificate::decode_pem(slot.certificate);
  const bool of_pgseal =
      held && held->issuer.find("/CN=pgseal client authority ") != std::string::npos;
  return of_pgseal ? held->issuer : "";
}

/// The identities of that OS user on `host` whose programs may leave the choice to libpq.
std::vector<std::string> left_to_libpq(const Environment& environment, const fleet::Host& host,
                                       const std::string& os_user) {
  std::vector<std::string> names;
  for (const fleet::Identity& identity : environment.identities) {
    const auto& users = identity.os_users;
    if (!identity.explicit_sslcert && Environment::lives_on(identity, host) &&
        std::find(users.begin(), users.end(), os_user) != users.end())
      names.push_back("\"" + base::printable_line(identity.name) + "\"");
  }
  return names;
}

}  // namespace

bool of_other_environment(const SlotFacts& slot, const std::string& environment) {
  const std::string issuer = pgseal_issuer(slot);
  return !issuer.empty() && !issuer.starts_with("/O=" + environment + "/");
}

std::vector<const SlotFacts*> shown_of_others(const Environment& environment,
                                              const fleet::Host& host,
                                              const fleet::HostFacts& facts) {
  std::vector<const SlotFacts*> shown;
  for (const SlotFacts& slot : facts.client_slots)
    if (slot.slot.place == fleet::SlotPlace::home && of_other_environment(slot, environment.name) &&
        !left_to_libpq(environment, host, slot.slot.os_user).empty())
      shown.push_back(&slot);
  return shown;
}

std::string certificate_path(const SlotFacts& slot) {
  return slot.folder + "/" + std::string(fleet::client_certificate_file);
}

base::Findings home_pair_findings(const Environment& environment, const fleet::Host& host,
                                  const fleet::HostFacts& facts) {
  base::Findings findings;
  for (const SlotFacts* slot : shown_of_others(environment, host, facts)) {
    const std::string& user = slot->slot.os_user;
    base::Finding found =
        finding("slot.other-environment",
                fmt::format("OS user \"{}\" on \"{}\" would show another environment's certificate",
                            base::printable_line(user), host.name));
    found.detail = fmt::format(
        "\"{}\" is issued by {}. libpq shows it to each server that asks for one, and the servers "
        "of this environment would refuse it; they ask for none before this is settled.",
        certificate_path(*slot), base::printable_line(pgseal_issuer(*slot)));
    found.hint = fmt::format(
        "Let the programs of that user name the certificate when they connect here (sslcert and "
        "sslkey, or service), then say explicit_sslcert = true in each [[identity]] of that user: "
        "{}.",
        fmt::join(left_to_libpq(environment, host, user), ", "));
    found.file = certificate_path(*slot);
    found.slot = fleet::to_string(slot->slot);
    findings.push_back(std::move(found));
  }
  return findings;
}

}  // namespace audit
