// SPDX-License-Identifier: PostgreSQL
#include "simulation/checks.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <set>

#include "base/fd.h"
#include "fakes/replication.h"
#include "operations/desired.h"
#include "planning/wanted.h"
#include "settings/synchronous.h"
#include "x509/bundle.h"
#include "x509/names.h"

namespace simulation {

using fakes::Service;
using fleet::ActKind;
using x509::Certificate;

Checks::Checks(fakes::World& world) : world_(world) {
  world_.on_text = [this](const std::string& text) { said_ += text; };
  world_.before_act = [this](const fleet::Host& host, const fleet::Act& act) {
    check_gates(host, act);
  };
  world_.after_message = [this] { after_message(); };
  world_.on_let_go = [this](const std::string& standby) { check_quorum(standby); };
  for (auto& [name, host] : world_.hosts) {
    host.disk.on_loss = [this, &name = name](const auto& loss) { check_loss(name, loss); };
    host.disk.on_change = [this, &name = name] { check_files_of(name); };
    if (!host.postgres) continue;
    starts_[name] = host.postgres->why_no_start(host.disk).empty();
    ran_[name] = host.postgres->running;
  }
  check_service();
  check_standbys();
}

Checks::~Checks() {
  world_.on_text = nullptr;
  world_.before_act = nullptr;
  world_.after_message = nullptr;
  world_.on_let_go = nullptr;
  for (auto& [name, host] : world_.hosts) host.disk.on_loss = nullptr;
  for (auto& [name, host] : world_.hosts) host.disk.on_change = nullptr;
}

void Checks::fail(const std::string& invariant, const std::string& what) {
  broken_.push_back(fmt::format("{} (message {}): {}", invariant, world_.messages.size(), what));
}

std::vector<Checks::Client> Checks::clients() const {
  std::vector<Client> found;
  for (const fleet::Host& host : world_.environment.hosts) {
    std::set<std::pair<std::string, std::string>> seen;
    for (const fleet::Slot& slot : planning::client_slots(world_.environment, host))
      if (seen.insert({slot.name, slot.os_user}).second) found.push_back({host.name, slot});
  }
  return found;
}

void Checks::after_message() {
  ++moment_;
  if (!world_.messages.empty() && world_.messages.back().kind == fakes::MessageKind::observe)
    looked_at_[world_.messages.back().host] = moment_;
  std::erase_if(stopped_at_, [&](const auto& one) { return !world_.stopped.contains(one.first); });
  for (const std::string& name : world_.stopped) stopped_at_.emplace(name, moment_);
  check_pairs();
  check_service();
  check_standbys();
  check_servers_run();
}

// ---- 1: whoever could verify before can after ---------------------------------------------------

void Checks::check_service() {
  const auto stopped = started();
  for (const Client& client : clients()) {
    const auto files =
        fakes::client_files_of(world_.hosts.at(client.host), world_.environment.name, client.slot);
    if (windows_.contains(client.name()) && files.has_certificate &&
        !fakes::is_pair(files.certificate, files.key))
      continue;
    for (const fleet::Host& host : world_.environment.hosts) {
      const auto& postgres = world_.hosts.at(host.name).postgres;
      const auto down = stopped.find(host.name);
      if (down != stopped.end())
        check_service_of(client, files, host, down->second);
      else if (postgres && postgres->running)
        check_service_of(client, files, host, *postgres);
    }
  }
}

/// Servers that were stopped, as they would be if they started now with what lies on their disks.
std::map<std::string, fakes::Postgres> Checks::started() const {
  std::map<std::string, fakes::Postgres> servers;
  for (const std::string& name : world_.stopped) {
    const fakes::Host& host = world_.hosts.at(name);
    if (host.postgres->running) continue;
    fakes::Postgres copy = *host.postgres;
    if (copy.start(host.disk, world_.clock)) servers.emplace(name, std::move(copy));
  }
  return servers;
}

void Checks::check_service_of(const Client& client, const fakes::ClientFiles& files,
                              const fleet::Host& host, const fakes::Postgres& postgres) {
  for (const fakes::SslMode mode : fakes::all_modes) {
    const auto tried = fakes::connect(files, mode, postgres, host.address, world_.clock);
    const std::string who =
        fmt::format("{} by {} to {}", client.name(), fakes::to_string(mode), host.name);
    const auto [best, first] = best_.emplace(who, tried.service);
    if (first) continue;
    if (tried.service < best->second)
      fail("1 cut off",
           fmt::format("{}: {} before, {} now: {}", who, fakes::to_string(best->second),
                       fakes::to_string(tried.service), tried.why));
    best->second = tried.service;
  }
}

/// A standby whose connection breaks at this moment makes another, and no worse one.
void Checks::check_standbys() {
  for (const auto& [name, host] : world_.hosts) {
    if (!host.postgres || !host.postgres->running || !host.postgres->in_recovery) continue;
    const std::string conninfo = host.postgres->setting("primary_conninfo");
    if (conninfo.empty()) continue;
    const auto dialed = fakes::dial(world_.environment, world_.hosts, host, conninfo, world_.clock);
    if (dialed.primary == nullptr || !world_.hosts.at(dialed.primary->name).postgres->running)
      continue;
    const std::string who = fmt::format("standby {} of {}", name, dialed.primary->name);
    const Service now = dialed.attempt.service;
    // A standby's pair is a client's: the same window, as check_pairs allows it.
    const bool window = std::any_of(
        windows_.begin(), windows_.end(),
        [&, host = name](const auto& cut) { return cut.first.ends_with(" on " + host); });
    if (window && dialed.attempt.why == "private key does not match its certificate") continue;
    const auto [best, first] = best_.emplace(who, now);
    if (now < best->second)
      fail("1 cut off",
           fmt::format("{}: {} before, {} now: {}", who, fakes::to_string(best->second),
                       fakes::to_string(now), dialed.attempt.why));
    best->second = now;
  }
}

// ---- 6: no commit waits for a standby that pgseal let go of ------------------------------------

void Checks::check_quorum(const std::string& standby) {
  const fakes::Receiver& receiver = world_.hosts.at(standby).postgres->receiver;
  if (!receiver.streaming) return;
  const auto& primary = *world_.hosts.at(receiver.primary).postgres;
  const auto needed = settings::confirming_standbys(primary.setting("synchronous_standby_names"));
  int others = 0;
  for (const auto& [name, host] : world_.hosts) {
    if (name == standby || !host.postgres) continue;
    const bool streams =
        host.postgres->receiver.streaming && host.postgres->receiver.primary == receiver.primary;
    // What stopped after the primary was looked at nobody can know of.
    const auto stopped = stopped_at_.find(name);
    const bool since = stopped != stopped_at_.end() && name != receiver.primary &&
                       stopped->second > looked_at_[receiver.primary];
    if (streams || since) ++others;
  }
  if (!needed || others < *needed)
    fail("6 commits wait",
         fmt::format("{} is let go of, and {} sees {} others", standby, receiver.primary, others));
}

// ---- 3: whole pairs, and a server that can start at any moment ----------------------------------

void Checks::check_servers_run() {
  for (const auto& [name, host] : world_.hosts) {
    if (!host.postgres || host.postgres->running || world_.stopped.contains(name)) continue;
    if (!ran_[name]) continue;
    ran_[name] = false;
    fail("3 whole files", fmt::format("the server on {} does not start: {}", name,
                                      host.postgres->why_no_start(host.disk)));
  }
}

void Checks::check_files_of(const std::string& name) {
  const fakes::Host& host = world_.hosts.at(name);
  if (!host.postgres || !starts_[name]) return;
  std::string content;
  for (const std::string& path :
       {host.postgres->config_file, "/etc/pgseal/server/" + name + "/server.pem",
        "/etc/pgseal/server/" + name + "/clients.crt",
        "/etc/pgseal/server/" + name + "/ssl.conf"}) {
    const host::FileState state = host.disk.look(path);
    const std::string* bytes = host.disk.read(path);
    content += fmt::format("{:o} {} {}|", state.mode, state.uid, bytes == nullptr ? "-" : *bytes);
  }
  const auto [known, first] = known_start_.emplace(content, "");
  if (first) known->second = host.postgres->why_no_start(host.disk);
  if (!known->second.empty())
    fail("3 whole files", fmt::format("a start of {} would fail: {}", name, known->second));
}

/// A client's key and certificate cannot be replaced in one act: a crash between the two renames
/// shows both halves. That window is counted; any other mismatch is a defect.
void Checks::check_pairs() {
  for (const Client& client : clients()) {
    const auto files =
        fakes::client_files_of(world_.hosts.at(client.host), world_.environment.name, client.slot);
    const bool whole = !files.has_certificate || fakes::is_pair(files.certificate, files.key);
    if (whole) continue;
    const auto open = windows_.find(client.name());
    if (open != windows_.end() && open->second == files.certificate)
      continue;  // until it is mended
    const bool cut =
        !world_.faults.empty() &&
        std::any_of(world_.faults.begin(), world_.faults.end(), [](const auto& one) {
          return one.way == fakes::Way::killed_within || one.way == fakes::Way::power_within;
        });
    if (!cut || world_.hosts.at(client.host).disk.look("/etc").kind == host::FileKind::absent)
      fail("3 whole files", client.name() + ": its key and certificate are of two pairs");
    windows_[client.name()] = files.certificate;
  }
  for (const fleet::Host& host : world_.environment.hosts) {
    const std::string* pem =
        world_.hosts.at(host.name).disk.read("/etc/pgseal/server/" + host.name + "/server.pem");
    if (pem != nullptr && !fakes::is_pair(*pem, *pem))
      fail("3 whole files", host.name + ": server.pem is half a pair");
  }
}

// ---- 4: what is replaced was archived first -----------------------------------------------------

bool Checks::archived(const fakes::Host& host, const std::string& bytes) const {
  for (const std::string& path : host.disk.all_paths()) {
    if (path.find("/archive/") == std::string::npos) continue;
    const std::string* kept = host.disk.read_durable(path);
    if (kept != nullptr && *kept == bytes) return true;
  }
  return false;
}

void Checks::check_loss(const std::string& name, const fakes::Disk::Loss& loss) {
  const std::string file = fakes::name_of(loss.path);
  if (fakes::is_temporary(file) || loss.path.find(".pgseal-tmp.") != std::string::npos) return;
  if (file == "index" || file == ".pg_service.conf") return;  // only ever added to
  if (loss.next != nullptr && *loss.next == loss.bytes) return;
  const fakes::Host& host = world_.hosts.at(name);
  if (archived(host, loss.bytes)) return;
  const bool mark = loss.path.find("/pgseal/mark/") != std::string::npos;
  if (mark && loss.next != nullptr) {  // a newer generation of one ledger replaces nothing
    const auto line = [](const std::string& text) {
      return text.substr(0, text.find("generation"));
    };
    if (line(loss.bytes) == line(*loss.next)) return;
  }
  if (file.ends_with(".pending") && loss.next == nullptr) {
    const std::string end = "-----END PRIVATE KEY-----\n";
    const std::string key = loss.bytes.substr(0, loss.bytes.find(end) + end.size());
    const std::string* pair = host.disk.read_durable(
        loss.path.substr(0, loss.path.size() - std::string(".pending").size()));
    if (pair != nullptr && pair->find(key) != std::string::npos) return;
  }
  fail("4 archived first",
       fmt::format("{} on {} is lost: the archive does not hold it", loss.path, name));
}

// ---- 5: no gate on the strength of a silent host ------------------------------------------------

void Checks::check_gates(const fleet::Host& host, const fleet::Act& act) {
  if (world_.failing.contains(host.name))
    fail("10 stops where it failed",
         fmt::format("{} is told to {} {} after an act of this phase "
                     "failed there",
                     host.name, fleet::to_string(act.kind), fleet::subject(act)));
  const bool to_client = act.slot.kind == fleet::SlotKind::client;
  if (act.kind == ActKind::install_trust && to_client) check_trust_to_client(host, act);
  if (act.kind == ActKind::reload && act.settings.client_trust) check_trust_on_server(host);
}

/// From the first root.crt on, `require` verifies: so every server must be seen to serve what it
/// vouches for.
void Checks::check_trust_to_client(const fleet::Host& host, const fleet::Act& act) {
  const auto files =
      fakes::client_files_of(world_.hosts.at(host.name), world_.environment.name, act.slot);
  if (files.has_trust) return;
  for (const fleet::Host& database : world_.environment.hosts) {
    if (!database.database) continue;
    const auto probed = world_.probed.find(database.name);
    const bool seen = probed != world_.probed.end() && probed->second.tls;
    if (!seen) {
      fail("5 silent host",
           fmt::format("{} gets its first root.crt though {} was not seen to serve TLS", host.name,
                       database.name));
      continue;
    }
    const auto& served = fakes::certificates_in(probed->second.certificate);
    if (served.empty() || !fakes::vouched_for(served.front(), act.trust, world_.clock))
      fail("5 silent host", fmt::format("{} gets its first root.crt though {} serves another's",
                                        host.name, database.name));
  }
}

/// From the first ssl_ca_file on, foreign certificates are refused: a host that says nothing may
/// hold one. What counts is the look that the phase was decided on: whoever answered all that this
/// look asked is known as well as anybody can be, whatever befalls it afterwards; whether somebody
/// is hurt then is asked of the world itself (check_service).
void Checks::check_trust_on_server(const fleet::Host& host) {
  if (!world_.hosts.at(host.name).postgres->loaded.trust.empty()) return;
  for (const fleet::Host& other : world_.environment.hosts) {
    if (planning::client_slots(world_.environment, other).empty() ||
        world_.heard_at_phase[other.name])
      continue;
    fail("5 silent host", fmt::format("{} begins to ask for certificates though {} fell silent in "
                                      "the look before",
                                      host.name, other.name));
  }
}

// ---- 2 and 8: at the end ------------------------------------------------------------------------

void Checks::at_end() {
  check_secrets();
  for (const std::string& late : world_.asked_too_late)
    fail("11 lost conversations", "asked in one that was over: " + late);
  world_.asked_too_late.clear();
  const auto exists = ledger::exists(world_.environment.state);
  if (!exists || !*exists) return;
  const auto book = ledger::Ledger::open(world_.environment.state, world_.environment.name,
                                         ledger::Access::read, {}, world_.clock);
  if (!book) return fail("7 goes on", "the ledger does not open: " + book.error().message);
  check_ledger(*book);
}

void Checks::check_secrets() {
  std::string all = std::move(said_);
  said_.clear();
  for (const char* name : {"/ledger.sqlite", "/ledger.sqlite-wal"}) {
    const auto text = base::read_file(world_.environment.state + name, 256UL << 20);
    if (text) all += *text;
  }
  if (all.find("PRIVATE KEY") != std::string::npos)
    fail("2 secrets", "a private key's first line is in a message or in the ledger");
  for (const auto& [name, host] : world_.hosts)
    for (const std::string& path : host.disk.all_paths()) {
      const std::string* text = host.disk.read(path);
      const auto begin = text->find("PRIVATE KEY-----\n");
      if (begin == std::string::npos) continue;
      const std::string line = text->substr(begin + 17, 64);
      if (all.find(line) != std::string::npos)
        fail("2 secrets",
             fmt::format("the key in {} of {} is in a message or in the ledger", path, name));
    }
}

void Checks::check_ledger(const ledger::Ledger& book) {
  const auto records = book.serials();
  if (!records) return fail("7 goes on", "the ledger's serials cannot be read");
  for (const ledger::SerialRecord& record : *records) {
    if (record.intent.serial.size() != 34 || record.intent.serial.front() > '7')
      fail("8 authority", "serial " + record.intent.serial + " is not 17 octets");
    if (!record.certificate.empty()) check_certificate(record, book);
  }
  const auto chain = book.verify_audit();
  if (!chain || *chain) fail("7 goes on", "the audit log's chain is broken");
  check_known(book);
}

void Checks::check_certificate(const ledger::SerialRecord& record, const ledger::Ledger& book) {
  const auto& read = fakes::certificates_in(record.certificate);
  if (read.empty()) return fail("8 authority", "a certificate of the ledger cannot be read");
  const Certificate& leaf = read.front();
  const auto authorities = book.authorities();
  bool signed_by_one = false;
  for (const ledger::Authority& authority : *authorities) {
    const auto& signer = fakes::certificates_in(authority.certificate);
    if (signer.empty() || signer.front().subject_name != leaf.issuer_name) continue;
    signed_by_one = true;
    if (leaf.not_after > signer.front().not_after)
      fail("8 authority", leaf.subject + " outlives its authority");
  }
  if (!signed_by_one) fail("8 authority", leaf.subject + " has no authority of the ledger's");
  const fleet::Host* host = world_.environment.find_host(record.intent.host);
  if (host == nullptr) return fail("8 authority", "signed for " + record.intent.host);
  std::set<std::string> wanted;
  std::set<std::string> have(leaf.dns_names.begin(), leaf.dns_names.end());
  have.insert(leaf.ip_addresses.begin(), leaf.ip_addresses.end());
  if (record.intent.slot.starts_with("server:")) {
    for (const std::string& name : world_.environment.certificate_names(*host)) wanted.insert(name);
    if (leaf.subject_cn() != host->name) fail("8 authority", "server named " + leaf.subject_cn());
  } else {
    bool declared = false;
    for (const fleet::Identity& identity : world_.environment.identities)
      declared = declared || (fleet::Environment::lives_on(identity, *host) &&
                              leaf.subject_cn() == identity.name &&
                              record.intent.slot.starts_with("client:" + identity.name + "@"));
    if (!declared)
      fail("8 authority", fmt::format("{} on {} was signed as \"{}\"", record.intent.slot,
                                      host->name, leaf.subject_cn()));
  }
  if (have != wanted) fail("8 authority", leaf.subject + " has names that nobody configured");
}

/// A certificate is durable before it is sent: what a host holds of ours, the ledger knows.
void Checks::check_known(const ledger::Ledger& book) {
  std::string ours;
  const auto authorities = book.authorities();
  for (const ledger::Authority& authority : *authorities) ours += authority.certificate;
  const auto check = [&](const std::string& where, const std::string* pem) {
    if (pem == nullptr) return;
    const auto& read =
        fakes::certificates_in(pem->find("-----BEGIN CERTIFICATE") == std::string::npos
                                   ? std::string()
                                   : pem->substr(pem->find("-----BEGIN CERTIFICATE")));
    if (read.empty() ||
        !fakes::vouched_for(read.front(), ours, read.front().not_before + std::chrono::hours(2)))
      return;
    const auto known = book.find_serial(read.front().serial_hex);
    if (!known || !*known || (*known)->certificate.empty())
      fail("8 authority", where + " holds a certificate that the ledger does not know");
  };
  for (const fleet::Host& host : world_.environment.hosts)
    check(host.name,
          world_.hosts.at(host.name).disk.read("/etc/pgseal/server/" + host.name + "/server.pem"));
  for (const Client& client : clients()) {
    const auto files =
        fakes::client_files_of(world_.hosts.at(client.host), world_.environment.name, client.slot);
    if (files.has_certificate) check(client.name(), &files.certificate);
  }
}

/// What a server has loaded is what lies on its disk: another start changes nothing.
void Checks::check_loaded(const std::string& name) {
  const fakes::Host& host = world_.hosts.at(name);
  fakes::Postgres again = *host.postgres;
  if (!again.start(host.disk, world_.clock))
    return fail("3 whole files", fmt::format("a start of {} would fail", name));
  bool same = again.loaded.certificate == host.postgres->loaded.certificate &&
              again.loaded.trust == host.postgres->loaded.trust;
  for (const auto& [setting, fact] : again.loaded.settings)
    same = same && host.postgres->setting(setting) == again.setting(setting);
  if (!same) fail("7 converges", name + " has not loaded what lies on its disk");
}

void Checks::all_proven() {
  for (const auto& [name, host] : world_.hosts)
    if (host.postgres) check_loaded(name);
  for (const auto& [name, host] : world_.hosts)
    if (host.postgres && host.postgres->in_recovery &&
        (!host.postgres->receiver.streaming || host.postgres->receiver.certificate.empty()))
      fail("7 converges", name + " does not stream with its certificate");
  for (const Client& client : clients()) {
    const auto files =
        fakes::client_files_of(world_.hosts.at(client.host), world_.environment.name, client.slot);
    for (const fleet::Host& host : world_.environment.hosts) {
      const auto& postgres = world_.hosts.at(host.name).postgres;
      if (!postgres) continue;
      const auto tried =
          fakes::connect(files, fakes::SslMode::verify_full, *postgres, host.address, world_.clock);
      if (tried.service != Service::verified || !tried.certificate_taken)
        fail("7 converges", fmt::format("{} to {} is {}: {}", client.name(), host.name,
                                        fakes::to_string(tried.service), tried.why));
    }
  }
}

}  // namespace simulation
