// SPDX-License-Identifier: PostgreSQL
#include "operations/authorities.h"

#include <errno.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <utility>

#include "base/fd.h"
#include "operations/parallel.h"
#include "x509/authority.h"
#include "x509/bundle.h"
#include "x509/names.h"
#include "x509/request.h"

namespace operations {
namespace {

using base::Code;
using base::Result;
using x509::AuthorityKind;

constexpr std::size_t key_bytes = 64 * 1024;
constexpr auto npos = std::string_view::npos;
constexpr std::array<AuthorityKind, 2> both = {AuthorityKind::server, AuthorityKind::client};

const char* word(AuthorityKind kind) { return kind == AuthorityKind::server ? "server" : "client"; }

std::string key_path(const fleet::Environment& environment, AuthorityKind kind, int generation) {
  return fmt::format("{}/authorities/{}-{}.key", environment.state, word(kind), generation);
}

Result<void> make_folder(const std::string& path) {
  if (::mkdir(path.c_str(), 0700) == 0 || errno == EEXIST) return {};
  return base::system_error(Code::file_io, fmt::format("could not create \"{}\"", path), errno);
}

Result<std::string> key_text(const x509::PrivateKey& key, const x509::KeyEncryption* encryption) {
  if (encryption != nullptr) return encryption->encrypt(key);
  return std::string(key.to_pem().expose_secret());
}

/// A new authority whose key lies on the disk.
Result<x509::Authority> make_authority(const fleet::Environment& environment, AuthorityKind kind,
                                       int generation, const x509::KeyEncryption* encryption,
                                       base::Time at) {
  x509::AuthorityOrder order;
  order.kind = kind;
  order.environment = environment.name;
  order.generation = generation;
  order.lifetime = base::Days(environment.policy.authority_days);
  order.key_type = environment.policy.key_type;
  x509::Authority made = TRY(x509::create_authority(order, at));
  const std::string path = key_path(environment, kind, order.generation);
  const auto key = TRY(key_text(made.key, encryption));
  TRY(base::write_file_durably(path, key, 0600));
  return made;
}

/// As OpenSSH does with its keys: what others may read or write is no secret, and is not used.
Result<void> refuse_exposed(const std::string& path) {
  struct stat seen {};
  if (::stat(path.c_str(), &seen) != 0 || (seen.st_mode & 077) == 0) return {};  // reading says why
  return base::error(Code::authority_key_exposed,
                     fmt::format("authority's key \"{}\" is open to others", path))
      .with_detail(fmt::format("Its mode is {:04o}.", seen.st_mode & 07777U))
      .with_hint(fmt::format(
          "If nobody else can have read it: chmod 600 {}; else it signs for whoever did.", path));
}

/// A key that does not open is the authority's trouble, whatever the parser calls it.
base::Error unopened(base::Error why, AuthorityKind kind, bool encrypted) {
  if (why.code != Code::key) return why;
  if (encrypted)
    return base::error(Code::authority_passphrase,
                       fmt::format("{} authority's key has a passphrase", word(kind)))
        .with_detail("The configuration says passphrase = \"none\".")
        .with_hint("Say in [authority] where its passphrase comes from.");
  why.code = Code::authority_key_lost;
  return std::move(why).with_hint("Restore the state folder from its backup, as one whole.");
}

/// The authority of a row of the ledger, with its key from the disk.
Result<x509::Authority> read_authority(const fleet::Environment& environment,
                                       const ledger::Authority& row,
                                       const base::Secret* passphrase) {
  const std::string path = key_path(environment, row.kind, row.generation);
  TRY(refuse_exposed(path));
  auto text = base::read_file(path, key_bytes);
  if (!text)
    return base::error(
               Code::authority_key_lost,
               fmt::format("could not read the {} authority's key \"{}\"", word(row.kind), path))
        .with_detail(text.error().detail)
        .with_hint("Restore the state folder from its backup, as one whole.");
  const base::Secret pem(std::move(*text));
  auto key = x509::PrivateKey::from_pem(pem.expose_secret(), passphrase);
  if (!key)
    return unopened(std::move(key).error(), row.kind,
                    passphrase == nullptr && pem.expose_secret().find("ENCRYPTED") != npos)
        .during(fmt::format("opening \"{}\"", path));
  return x509::Authority {
    std::move(key).value(), TRY(x509::Certificate::from_pem(row.certificate))
  };
}

/// As many at once as there are: opening a key derives another from the passphrase.
Result<std::vector<x509::Authority>> all_at_once(
    std::size_t count, const std::function<Result<x509::Authority>(std::size_t)>& work) {
  std::vector<std::optional<Result<x509::Authority>>> done(count);
  in_parallel(
      count, count, [&](std::size_t i) { done[i].emplace(work(i)); },
      [&](std::size_t i, const char* text) { done[i].emplace(base::error(Code::internal, text)); });
  std::vector<x509::Authority> authorities;
  authorities.reserve(count);
  for (auto& one : done) authorities.push_back(TRY(std::move(*one)));
  return authorities;
}

/// Of the certificates in a PEM text, by their own names and by whose signature they bear.
int newest_in(const std::string& pem, const std::string& environment) {
  int newest = 0;
  const auto bundle = x509::Bundle::from_pem(pem);
  if (!bundle) return newest;  // what cannot be read is a finding elsewhere, and names nobody
  for (const x509::Certificate& certificate : bundle->certificates())
    for (const std::string& name : {certificate.subject, certificate.issuer})
      newest = std::max(newest, x509::authority_generation(name, environment));
  return newest;
}

}  // namespace

int unused_generation(const std::string& environment, const planning::Observed& observed) {
  int newest = 0;
  const auto note = [&](const std::string& pem) {
    newest = std::max(newest, newest_in(pem, environment));
  };
  for (const auto& [name, view] : observed.hosts) {
    note(view.served.certificate);
    if (!view.answered()) continue;
    std::vector<fleet::SlotFacts> slots = view.facts->client_slots;
    if (view.facts->server_slot) slots.push_back(*view.facts->server_slot);
    for (const fleet::SlotFacts& slot : slots) {
      note(slot.certificate);
      note(slot.trust);
    }
  }
  return newest + 1;
}

Result<planning::Authorities> active_authorities(const ledger::Ledger& ledger) {
  planning::Authorities active;
  for (const AuthorityKind kind : both) {
    const auto row = TRY(ledger.active_authority(kind));
    if (!row) continue;
    auto certificate = x509::Certificate::from_pem(row->certificate);
    if (!certificate)
      return base::error(Code::authority_mismatch,
                         fmt::format("could not read the {} authority's certificate", word(kind)))
          .with_detail(certificate.error().message);
    (kind == AuthorityKind::server ? active.server : active.client) =
        std::move(certificate).value();
  }
  return active;
}

IssuingDesk::IssuingDesk(const fleet::Environment& environment, ledger::Ledger& ledger,
                         PassphraseSource passphrase, std::function<base::Time()> now)
    : environment_(environment),
      ledger_(ledger),
      source_(std::move(passphrase)),
      now_(std::move(now)) {}

Result<const base::Secret*> IssuingDesk::passphrase() {
  if (environment_.authority.unencrypted) return nullptr;
  if (!passphrase_) passphrase_ = TRY(source_(false));
  return &*passphrase_;
}

Result<void> IssuingDesk::found(int generation, std::optional<x509::KeyEncryption> encryption) {
  const std::lock_guard lock(opening_);
  std::vector<AuthorityKind> absent;
  for (const AuthorityKind kind : both)
    if (!TRY(ledger_.active_authority(kind))) absent.push_back(kind);
  if (absent.empty()) return {};
  if (!environment_.authority.unencrypted) {
    passphrase_ = TRY(source_(true));
    if (!encryption) encryption = TRY(x509::KeyEncryption::derive(*passphrase_));
  }
  TRY(make_folder(environment_.state + "/authorities"));
  const base::Time at = now_();
  auto made = TRY(all_at_once(absent.size(), [&](std::size_t i) {
    return make_authority(environment_, absent[i], generation, encryption ? &*encryption : nullptr,
                          at);
  }));
  for (std::size_t i = 0; i < absent.size(); ++i) {
    ledger::Authority row;
    row.kind = absent[i];
    row.generation = generation;
    row.certificate = made[i].certificate.to_pem();
    row.made_at = at;
    TRY(ledger_.add_authority(row));
    TRY(keep(row, std::move(made[i])));
  }
  return {};
}

Result<void> IssuingDesk::keep(const ledger::Authority& row, x509::Authority authority) {
  auto opened =
      TRY(x509::Issuer::open(row.kind, std::move(authority.certificate), std::move(authority.key)));
  signers_.emplace(row.kind, Signer{std::move(opened), row.generation});
  return {};
}

Result<void> IssuingDesk::open(const std::vector<AuthorityKind>& kinds) {
  std::vector<ledger::Authority> rows;
  for (const AuthorityKind kind : kinds) {
    if (signers_.contains(kind)) continue;
    auto row = TRY(ledger_.active_authority(kind));
    if (!row)
      return base::error(Code::authority_key_lost,
                         fmt::format("the ledger has no {} authority", word(kind)));
    rows.push_back(std::move(*row));
  }
  if (rows.empty()) return {};
  const base::Secret* secret = TRY(passphrase());
  auto read = TRY(all_at_once(
      rows.size(), [&](std::size_t i) { return read_authority(environment_, rows[i], secret); }));
  for (std::size_t i = 0; i < rows.size(); ++i) TRY(keep(rows[i], std::move(read[i])));
  return {};
}

Result<void> IssuingDesk::open_all() {
  const std::lock_guard lock(opening_);
  return open({both.begin(), both.end()});
}

Result<const IssuingDesk::Signer*> IssuingDesk::signer(AuthorityKind kind) {
  const std::lock_guard lock(opening_);
  TRY(open({kind}));
  return &signers_.at(kind);
}

Result<x509::Draft> IssuingDesk::draft(const IssueOrder& order, base::Time at) const {
  const base::Days lifetime(order.days);
  if (order.slot.kind == fleet::SlotKind::client)
    return x509::draft_client({environment_.name, order.common_name}, at, lifetime);
  x509::ServerNames names;
  for (const std::string& name : order.names)
    (x509::parse_ip(name) ? names.ip_addresses : names.dns_names).push_back(name);
  return x509::draft_server(environment_.name, names, at, lifetime);
}

/// Whether the clock may date a certificate: none is signed before the ledger's last entry.
Result<base::Time> IssuingDesk::date() const {
  const base::Time newest = TRY(ledger_.last_entry_at());
  const base::Time at = now_();  // after it, or an entry made meanwhile would be of the future
  TRY(ledger::check_date(newest, at));
  return at;
}

Result<x509::Approval> IssuingDesk::approve(const IssueOrder& order, const Signer& signer,
                                            base::Time at, ledger::SerialIntent& intent) const {
  const x509::Request request = TRY(x509::Request::parse(order.request));
  const x509::Draft drafted = TRY(draft(order, at));
  x509::Approval approval = TRY(signer.issuer.approve(drafted, request));
  const x509::Certificate& preview = approval.preview();
  intent.serial = preview.serial_hex;
  intent.authority = signer.issuer.kind();
  intent.authority_generation = signer.generation;
  intent.host = order.host;
  intent.slot = fleet::to_string(order.slot);
  intent.profile = word(intent.authority);
  intent.names = intent.authority == AuthorityKind::server
                     ? order.names
                     : std::vector<std::string>{order.common_name};
  intent.not_after = preview.not_after;
  intent.spki_sha256 = preview.spki_sha256;
  return approval;
}

Result<std::string> IssuingDesk::issue(const IssueOrder& order) {
  const base::Time at = TRY(date());
  const bool server = order.slot.kind == fleet::SlotKind::server;
  const Signer* const signing = TRY(signer(server ? AuthorityKind::server : AuthorityKind::client));
  ledger::SerialIntent intent;
  x509::Approval approval = TRY(approve(order, *signing, at, intent));
  TRY(ledger_.will_sign(intent, at));
  const x509::Certificate certificate = TRY(signing->issuer.sign(std::move(approval)));
  std::string pem = certificate.to_pem();
  TRY(ledger_.issued(intent.serial, pem, at));
  return pem;
}

}  // namespace operations
