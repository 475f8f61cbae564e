// SPDX-License-Identifier: PostgreSQL
#include "planning/pairs.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "x509/bundle.h"
#include "x509/names.h"

namespace planning {
namespace {

using fleet::KeyState;
using fleet::SlotKind;
using x509::Certificate;

std::set<std::string> names_of(const Certificate& certificate) {
  std::set<std::string> names(certificate.dns_names.begin(), certificate.dns_names.end());
  names.insert(certificate.ip_addresses.begin(), certificate.ip_addresses.end());
  return names;
}

/// Addresses in the one spelling that certificates are read in.
std::set<std::string> canonical(const std::vector<std::string>& names) {
  std::set<std::string> result;
  for (const std::string& name : names) {
    const auto ip = x509::parse_ip(name);
    result.insert(ip ? x509::format_ip(*ip) : name);
  }
  return result;
}

std::string list(const std::set<std::string>& names) {
  return fmt::format("{}", fmt::join(names, ", "));
}

std::optional<std::string> wrong_names(const WantedPair& wanted, const Certificate& certificate) {
  if (wanted.slot.kind == SlotKind::client) {
    if (certificate.subject_cn() == wanted.common_name) return std::nullopt;
    return fmt::format("its common name is \"{}\", not \"{}\"", certificate.subject_cn(),
                       wanted.common_name);
  }
  const auto have = names_of(certificate);
  const auto want = canonical(wanted.names);
  if (have == want) return std::nullopt;
  return fmt::format("its names are {}, not {}", list(have), list(want));
}

std::optional<std::string> due(const Certificate& certificate, base::Time at) {
  if (at < renewal_due(certificate.not_before, certificate.not_after)) return std::nullopt;
  if (certificate.not_after <= at)
    return fmt::format("expired {}", base::format_date(certificate.not_after));
  return fmt::format("{} of {} days left", base::days_between(at, certificate.not_after),
                     base::days_between(certificate.not_before, certificate.not_after));
}

/// True where `issuer` ("/O=…/CN=…") is named as an authority of this environment.
bool earlier_authority(const std::string& issuer, const std::string& environment) {
  return issuer.starts_with("/O=" + environment + "/CN=pgseal client authority ") ||
         issuer.starts_with("/O=" + environment + "/CN=pgseal server authority ");
}

/// A certificate that no authority in force signed. In a server slot, a folder of our own, nobody
/// else's can lie by right; and what an authority of this environment's name once signed is
/// pgseal's own, from before its ledger was lost.
Judgement foreign(const WantedPair& wanted, const Certificate& certificate,
                  const Desired& desired) {
  const std::string reason = fmt::format("issued by {}", certificate.issuer);
  if (earlier_authority(certificate.issuer, desired.environment->name))
    return {Remedy::new_pair, reason + ", whose ledger this is not"};
  if (wanted.slot.kind == SlotKind::server || desired.replace ||
      wanted.slot.place == fleet::SlotPlace::environment)
    return {Remedy::new_pair, reason + "; archived first"};
  return {Remedy::leave, reason};
}

/// A client's good key serves on until policy.client_key_days; a server's pair is one file, which
/// is replaced whole.
bool keeps_key(const WantedPair& wanted, const fleet::SlotFacts& facts, const Desired& desired,
               base::Time at) {
  if (wanted.slot.kind != SlotKind::client || facts.key != KeyState::good) return false;
  const auto since = desired.keys_since.find(facts.key_spki_sha256);
  if (since == desired.keys_since.end()) return false;
  return base::days_between(since->second, at) < desired.environment->policy.client_key_days;
}

/// Ours, and not the one that belongs here: another host's (a copied machine brings its keys along)
/// or an earlier one (a machine restored from a snapshot). A key that was retired since is not
/// taken up again.
std::optional<Judgement> misplaced(const WantedPair& wanted, const fleet::SlotFacts& facts,
                                   const Certificate& certificate, const Desired& desired,
                                   base::Time at) {
  const std::string here = wanted.host + " " + fleet::to_string(wanted.slot);
  const auto holder = desired.holders.find(certificate.fingerprint);
  if (holder == desired.holders.end()) return std::nullopt;
  if (holder->second != here)
    return Judgement{Remedy::new_pair, "it was issued to " + holder->second};
  if (!is_behind(here, certificate, desired)) return std::nullopt;
  const auto& newest = desired.newest.at(here);
  const bool same_key = newest.spki_sha256 == facts.key_spki_sha256;
  return Judgement{
      same_key && keeps_key(wanted, facts, desired, at) ? Remedy::renew : Remedy::new_pair,
      fmt::format("behind: a newer one was issued on {}", base::format_date(newest.since))};
}

Judgement judge_certificate(const WantedPair& wanted, const fleet::SlotFacts& facts,
                            const Desired& desired, base::Time at) {
  const auto certificate = Certificate::decode_pem(facts.certificate);
  if (!certificate)
    return {desired.replace ? Remedy::new_pair : Remedy::leave, certificate.error().message};
  if (wanted.authority == nullptr || !certificate->signed_by(*wanted.authority))
    return foreign(wanted, *certificate, desired);
  if (!desired.issued.contains(certificate->fingerprint))
    return {Remedy::new_pair, "the ledger does not know its certificate"};
  if (const auto wrong = wrong_names(wanted, *certificate)) return {Remedy::new_pair, *wrong};
  if (auto other = misplaced(wanted, facts, *certificate, desired, at)) return *other;
  if (const auto soon = due(*certificate, at))
    return {keeps_key(wanted, facts, desired, at) ? Remedy::renew : Remedy::new_pair, *soon};
  return {};
}

Judgement judge_key(const fleet::SlotFacts& facts) {
  const std::string detail =
      facts.key_detail.empty() ? fleet::to_string(facts.key) : facts.key_detail;
  switch (facts.key) {
    case KeyState::good:
      return {};
    case KeyState::wrong_mode:
    case KeyState::wrong_owner:
      return {Remedy::reinstall, "private key: " + detail};
    case KeyState::absent:
      return {Remedy::new_pair, "its private key is missing"};
    case KeyState::mismatched:
    case KeyState::unreadable:
      return {Remedy::new_pair, "private key: " + detail};
  }
  return {};
}

}  // namespace

base::Time renewal_due(base::Time not_before, base::Time not_after) {
  return not_after - (not_after - not_before) / 3;
}

bool is_behind(const std::string& place, const Certificate& certificate, const Desired& desired) {
  const auto holder = desired.holders.find(certificate.fingerprint);
  const auto newest = desired.newest.find(place);
  return holder != desired.holders.end() && holder->second == place &&
         newest != desired.newest.end() && newest->second.fingerprint != certificate.fingerprint;
}

int lifetime_days(int configured, const x509::Certificate* authority, base::Time at) {
  if (authority == nullptr) return configured;
  // One day of slack, so that the hour of backdating and the run itself do not matter.
  const int left = base::days_between(at, authority->not_after) - 1;
  return std::max(1, std::min(configured, left));
}

Judgement judge_pair(const WantedPair& wanted, const fleet::SlotFacts& facts,
                     const Desired& desired, base::Time at) {
  if (!facts.unsafe.empty() || !facts.user_exists) return {Remedy::leave, facts.unsafe};
  const bool key_alone = facts.certificate.empty() && facts.key != KeyState::absent;
  if ((key_alone || !facts.chain_problem.empty()) && wanted.slot.kind == SlotKind::client &&
      desired.keys_since.contains(facts.key_spki_sha256))
    return {Remedy::new_pair, key_alone ? "its certificate is missing" : facts.chain_problem, true};
  if (!facts.chain_problem.empty())
    return {
        desired.replace || wanted.slot.kind == SlotKind::server ? Remedy::new_pair : Remedy::leave,
        facts.chain_problem};
  if (key_alone && facts.pending) return {Remedy::new_pair, "a key waits for its certificate"};
  if (key_alone && wanted.slot.kind == SlotKind::client && !desired.replace)
    return {Remedy::leave, "a private key without a certificate lies there"};
  if (facts.certificate.empty()) return {Remedy::new_pair, "no certificate yet"};
  Judgement judged = judge_certificate(wanted, facts, desired, at);
  if (judged.remedy != Remedy::none) return judged;
  return judge_key(facts);
}

namespace {

/// Nodes write bundles in one form, ours first (x509::Bundle), so this is what nearly every host
/// has: nothing to parse, where the host itself could read it all.
bool begins_with(const std::string& trust, const x509::Certificate* authority) {
  return authority != nullptr && trust.starts_with(x509::Bundle({*authority}).to_pem());
}

}  // namespace

bool trusts_another_alone(const fleet::SlotFacts& facts, const x509::Certificate* authority) {
  if (facts.trust.empty() || !facts.trust_problem.empty()) return false;
  if (begins_with(facts.trust, authority)) return false;
  const auto bundle = x509::Bundle::from_pem(facts.trust);
  if (!bundle || bundle->empty()) return false;
  return authority == nullptr || !bundle->contains(*authority);
}

std::optional<std::string> judge_trust(const fleet::SlotFacts& facts,
                                       const x509::Certificate* authority) {
  if (!facts.unsafe.empty() || !facts.user_exists) return std::nullopt;
  if (facts.trust.empty() && facts.trust_problem.empty()) return "no trust bundle yet";
  if (!facts.trust_problem.empty()) return facts.trust_problem;
  if (facts.slot.kind == SlotKind::client && begins_with(facts.trust, authority))
    return std::nullopt;
  const auto bundle = x509::Bundle::from_pem(facts.trust);
  if (!bundle) return bundle.error().message;
  if (authority == nullptr || !bundle->contains(*authority))
    return "the environment's authority is not in it";
  // Servers trust our client authority and nobody else: with a company's root there, any other
  // branch of that company could issue CN=postgres.
  if (facts.slot.kind == SlotKind::server && bundle->certificates().size() != 1)
    return "it holds authorities that are not this environment's";
  return std::nullopt;
}

}  // namespace planning
