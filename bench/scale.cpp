// SPDX-License-Identifier: PostgreSQL
// Environments of many hosts: `plan N` observes N hosts in memory (three of them databases, nothing
// on any of them yet) and prints the CPU seconds of one plan, the most resident memory in MB, and
// the number of steps. `ledger FOLDER N TIMES` writes the ledger and the configuration of N hosts
// that have been given TIMES certificates each, one every 60 days.
#include <sys/resource.h>
#include <time.h>

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <memory>
#include <string_view>

#include "ledger/ledger.h"
#include "planning/environment.h"
#include "x509/digest.h"

namespace {

constexpr int databases = 3;
/// What `apply` notes of an application host, with its words (counted on a real one): all of these
/// the first time, all but the last at each renewal.
struct Deed {
  const char* phase;
  const char* act;
  const char* reason;
  const char* text;
};
constexpr Deed deeds[] = {
    {"mark hosts", "mark host", "a newer generation of the ledger acts here",
     "host app1234, ledger 8efff954cadf28b6bc27590dd28b30b1, generation 2"},
    {"client pairs", "make key", "29 of 90 days left", "no certificate, a key is pending"},
    {"client pairs", "install certificate", "90 days, signed by the environment's client authority",
     "serial 43213e987d6b60ee034eaefd76df6012a4, key good"},
    {"trust to clients", "install trust", "no trust bundle yet", "no certificate"},
};
constexpr int days_between_renewals = 60;

[[noreturn]] void give_up(const char* what) {
  std::fprintf(stderr, "bench_scale: %s\n", what);
  std::exit(1);
}

double cpu_seconds() {
  timespec at{};
  ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &at);
  return static_cast<double>(at.tv_sec) + static_cast<double>(at.tv_nsec) / 1e9;
}

std::string name_of(int number) {
  return number < databases ? "db" + std::to_string(number + 1)
                            : "app" + std::to_string(number - databases + 1);
}

std::string address_of(int number) {
  return "10." + std::to_string(number >> 16) + "." + std::to_string((number >> 8) & 255) + "." +
         std::to_string(number & 255);
}

void fill(planning_test::World& world, int hosts) {
  const fleet::HostFacts database = world.database();
  const fleet::HostFacts application = world.application();
  world.environment.hosts.clear();
  world.environment.identities[0].hosts.clear();
  world.observed.hosts.clear();
  for (int number = 0; number < hosts; ++number) {
    fleet::Host host;
    host.name = name_of(number);
    host.database = number < databases;
    if (host.database) host.address = address_of(number);
    world.environment.hosts.push_back(host);
    if (!host.database) world.environment.identities[0].hosts.push_back(host.name);
    fleet::HostFacts facts = host.database ? database : application;
    facts.host = facts.mark->host = host.name;
    if (facts.server) facts.server->in_recovery = number > 0;
    world.observed.hosts[host.name].facts = std::move(facts);
  }
}

int print_plan(int hosts) {
  planning_test::World world;
  fill(world, hosts);
  const double before = cpu_seconds();
  const planning::Plan plan = planning::make_plan(world.desired, world.observed);
  const double took = cpu_seconds() - before;
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  if (plan.pending() < static_cast<std::size_t>(hosts)) give_up("hosts without a step");
  std::printf("%f %f %zu\n", took, static_cast<double>(usage.ru_maxrss) / 1e3, plan.pending());
  return 0;
}

base::Result<void> note_deed(ledger::Ledger& book, const std::string& host, const std::string& slot,
                             const Deed& deed, base::Time at) {
  const std::string of = deed.act == std::string_view("mark host") ? "host" : slot;
  TRY(book.record_act(
      {{"apply", deed.phase, host, of, deed.act}, ledger::ActState::finished, deed.text, at}));
  TRY(book.append_audit(
      {"root", std::string(deed.act) + " finished", host, of, deed.reason, deed.text}, at));
  return {};
}

base::Result<void> note_host(ledger::Ledger& book, int number, int time, const std::string& pem) {
  const base::Time at = planning_test::now + base::Days(time * days_between_renewals);
  const std::string host = name_of(number);
  const bool database = number < databases;
  ledger::SerialIntent intent;
  char serial[48];
  std::snprintf(serial, sizeof serial, "01%08x%04x00000000000000000000",
                static_cast<unsigned>(number), static_cast<unsigned>(time) & 0xffffU);
  intent.serial = serial;
  intent.authority = database ? x509::AuthorityKind::server : x509::AuthorityKind::client;
  intent.host = host;
  intent.slot = database ? "server:" + host : "client:deploy@deploy";
  intent.profile = database ? "server" : "client";
  intent.names = {database ? host : "deploy"};
  intent.not_after = at + base::Days(90);
  intent.spki_sha256 = x509::sha256_hex(serial);
  TRY(book.will_sign(intent, at));
  TRY(book.issued(intent.serial, pem, at));
  for (const Deed& deed : deeds)
    if (time == 0 || &deed != std::end(deeds) - 1)
      TRY(note_deed(book, host, intent.slot, deed, at));
  TRY(book.record_observation({host, at, true, database ? "standby" : "application",
                               database ? "15.20" : "", database ? "on" : "",
                               database ? intent.serial : ""}));
  return {};
}

int write_ledger(const std::string& folder, int hosts, int times) {
  planning_test::World world;
  auto book = ledger::Ledger::create(folder + "/state", "shop", {1, "bench", "root", "bench"},
                                     planning_test::now);
  if (!book) give_up(book.error().message.c_str());
  const std::string pem = world.sign(true, "db1", 90);
  const auto written = book->transaction([&]() -> base::Result<void> {
    for (const auto kind : {x509::AuthorityKind::server, x509::AuthorityKind::client})
      TRY(book->add_authority({kind, 1, world.server_issuer.certificate().to_pem(),
                               ledger::AuthorityState::active, planning_test::now}));
    for (int time = 0; time < times; ++time)
      for (int number = 0; number < hosts; ++number) TRY(note_host(*book, number, time, pem));
    return {};
  });
  if (!written) give_up(written.error().detail.c_str());
  std::ofstream toml(folder + "/pgseal.toml");
  toml << "[environment]\nname = \"shop\"\n[authority]\npassphrase = \"none\"\n";
  for (int number = 0; number < hosts; ++number) {
    toml << "[[host]]\nname = \"" << name_of(number) << "\"\nlink = \"ssh:root@"
         << address_of(number) << "\"\n";
    if (number < databases) toml << "address = \"" << address_of(number) << "\"\ndatabase = true\n";
  }
  toml << "[[identity]]\nname = \"deploy\"\nkind = \"application\"\nos_users = [\"deploy\"]\nhosts "
          "= [";
  for (int number = databases; number < hosts; ++number) toml << '"' << name_of(number) << "\",";
  toml << "]\n";
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  const std::string_view word = argc > 1 ? argv[1] : "";
  if (word == "plan" && argc == 3) return print_plan(std::atoi(argv[2]));
  if (word == "ledger" && argc == 5)
    return write_ledger(argv[2], std::atoi(argv[3]), std::atoi(argv[4]));
  give_up("usage: bench_scale plan N | ledger FOLDER N TIMES");
}
