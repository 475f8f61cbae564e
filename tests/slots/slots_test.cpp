// SPDX-License-Identifier: PostgreSQL
#include "slots/slots.h"

#include <sys/stat.h>

#include <thread>

#include "slots/house.h"
#include "x509/bundle.h"
#include "x509/pair.h"

using base::Code;
using fleet::ActKind;
using fleet::KeyState;
using house::House;
using house::must;
using house::Office;

namespace {

const fleet::Slot client = fleet::client_slot("app", "deploy");
const fleet::Slot server = fleet::server_slot("db1");

fleet::Act trust(const fleet::Slot& slot, const std::string& ours,
                 const std::string& retired = "") {
  fleet::Act act = house::act(ActKind::install_trust, slot);
  act.trust = ours;
  act.retired_trust = retired;
  return act;
}

std::string all_archived(const std::string& folder) {
  std::string all;
  if (!std::filesystem::exists(folder)) return all;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder))
    if (entry.is_regular_file()) all += house::content(entry.path());
  return all;
}

}  // namespace

TEST_CASE("a client's pair is installed with the owner and modes that libpq asks for") {
  if (house::root_is_missing()) return;
  House host;
  auto slots = host.slots();
  Office office = Office::open(x509::AuthorityKind::client);
  const std::string certificate = house::issue(slots, client, office);
  const auto facts = must(slots.look(client));
  CHECK(facts.key == KeyState::good);
  CHECK(facts.certificate == certificate);
  CHECK_FALSE(facts.pending);
  CHECK(facts.unsafe.empty());
  CHECK(house::seen(host.home + "/.postgresql").st_mode == (S_IFDIR | 0700));
  CHECK(house::seen(host.pair("postgresql.key")).st_mode == (S_IFREG | 0600));
  CHECK(house::seen(host.pair("postgresql.crt")).st_mode == (S_IFREG | 0644));
  CHECK(house::seen(host.pair("postgresql.key")).st_uid == host.user.uid);
  CHECK(house::seen(host.pair("postgresql.crt")).st_uid == host.user.uid);
}

TEST_CASE("a server's pair is one file that its user alone can read, in folders of root") {
  if (house::root_is_missing()) return;
  House host;
  auto slots = host.slots();
  Office office = Office::open(x509::AuthorityKind::server);
  house::issue(slots, server, office);
  const auto file = house::seen(host.server_file("server.pem"));
  CHECK(file.st_mode == (S_IFREG | 0600));
  CHECK(file.st_uid == host.server.uid);
  CHECK(house::seen(host.etc + "/server/db1").st_uid == 0);
  CHECK(house::seen(host.etc + "/server/db1").st_mode == (S_IFDIR | 0755));
  const auto pair = must(x509::parse_pair(house::content(host.server_file("server.pem"))));
  CHECK(pair.key_matches);
  CHECK(must(slots.look(server)).key == KeyState::good);
  CHECK_FALSE(std::filesystem::exists(host.server_file("server.pem.pending")));
}

TEST_CASE("make key repeated answers with the same request byte for byte") {
  if (house::root_is_missing()) return;
  House host;
  auto slots = host.slots();
  for (const fleet::Slot& slot : {client, server}) {
    const auto first = must(slots.make_key(house::act(ActKind::make_key, slot)));
    const auto again = must(host.slots().make_key(house::act(ActKind::make_key, slot)));
    CHECK(first.changed);
    CHECK_FALSE(again.changed);
    CHECK_FALSE(first.request.empty());
    CHECK(first.request == again.request);
    CHECK(must(slots.look(slot)).pending);
  }
  CHECK(house::seen(host.pair("postgresql.key.pending")).st_mode == (S_IFREG | 0600));
  CHECK(house::seen(host.server_file("server.pem.pending")).st_mode == (S_IFREG | 0600));
  CHECK(house::seen(host.server_file("server.pem.pending")).st_uid == 0);
}

TEST_CASE("a pending key of another type than asked for makes place for a new one") {
  if (house::root_is_missing()) return;
  House host;
  auto slots = host.slots();
  const auto first = must(slots.make_key(house::act(ActKind::make_key, client)));
  auto other = house::act(ActKind::make_key, client);
  other.key_type = x509::KeyType::p384;
  const auto second = must(slots.make_key(other));
  CHECK(must(x509::Request::parse(second.request)).key_name() == "P-384");
  CHECK(first.request != second.request);
}

TEST_CASE("every act repeated touches neither inode nor time of any file") {
  if (house::root_is_missing()) return;
  House host;
  auto slots = host.slots();
  for (const fleet::Slot& slot : {client, server}) {
    Office office =
        Office::open(slot == client ? x509::AuthorityKind::client : x509::AuthorityKind::server);
    const std::string certificate = house::issue(slots, slot, office);
    CHECK(must(slots.install_trust(trust(slot, office.pem()))).changed);
    CHECK(must(slots.archive_slot(house::act(ActKind::archive_slot, slot))).changed);
    const std::string before = house::snapshot(host.root);
    CHECK_FALSE(must(slots.install_certificate(house::install(slot, certificate))).changed);
    CHECK_FALSE(must(slots.install_trust(trust(slot, office.pem()))).changed);
    CHECK_FALSE(must(slots.archive_slot(house::act(ActKind::archive_slot, slot))).changed);
    CHECK(house::snapshot(host.root) == before);
  }
}

TEST_CASE("the key in place is asked for another certificate, and stays where it is") {
  if (house::root_is_missing()) return;
  House host;
  auto slots = host.slots();
  Office office = Office::open(x509::AuthorityKind::client);
  const std::string first = house::issue(slots, client, office);
  const auto key = house::seen(host.pair("postgresql.key"));
  auto renew = house::act(ActKind::make_key, client);
  renew.keep_key = true;
  const std::string before = house::snapshot(host.root);
  const auto asked = must(slots.make_key(renew));
  CHECK_FALSE(asked.changed);
  CHECK(house::snapshot(host.root) == before);
  CHECK(must(x509::Request::parse(asked.request)).spki() ==
        must(x509::Certificate::from_pem(first)).spki);
  must(slots.install_certificate(
      house::install(client, office.sign(asked.request), house::fingerprint(first))));
  CHECK(house::seen(host.pair("postgresql.key")).st_ino == key.st_ino);
  // A key of another type than the policy asks for is not kept.
  renew.key_type = x509::KeyType::p384;
  CHECK(must(x509::Request::parse(must(slots.make_key(renew)).request)).key_name() == "P-384");
}

TEST_CASE("a renewal on the same key replaces the certificate's file and no other") {
  if (house::root_is_missing()) return;
  House host;
  auto slots = host.slots();
  Office office = Office::open(x509::AuthorityKind::client);
  const auto made = must(slots.make_key(house::act(ActKind::make_key, client)));
  const std::string first = office.sign(made.request);
  const std::string second = office.sign(made.request);
  must(slots.install_certificate(house::install(client, first)));
  const auto key = house::seen(host.pair("postgresql.key"));
  const auto renewed =
      must(slots.install_certificate(house::install(client, second, house::fingerprint(first))));
  CHECK(renewed.changed);
  CHECK(house::seen(host.pair("postgresql.key")).st_ino == key.st_ino);
  CHECK(must(slots.look(client)).certificate == second);
  CHECK(must(slots.look(client)).key == KeyState::good);
}

TEST_CASE("a certificate of another key is refused before anything is written") {
  if (house::root_is_missing()) return;
  House host;
  auto slots = host.slots();
  for (const fleet::Slot& slot : {client, server}) {
    Office office =
        Office::open(slot == client ? x509::AuthorityKind::client : x509::AuthorityKind::server);
    const auto foreign = must(x509::PrivateKey::generate(x509::KeyType::p256));
    must(slots.make_key(house::act(ActKind::make_key, slot)));
    const std::string before = house::snapshot(host.root);
    const auto refused = slots.install_certificate(
        house::install(slot, office.sign(must(x509::make_request(foreign, "app")))));
    REQUIRE_FALSE(refused);
    CHECK(refused.error().code == Code::key);
    CHECK(house::snapshot(host.root) == before);
  }
}

TEST_CASE("a certificate that was not observed stays unless it may be replaced") {
  if (house::root_is_missing()) return;
  House host;
  auto slots = host.slots();
  for (const fleet::Slot& slot : {client, server}) {
    Office office =
        Office::open(slot == client ? x509::AuthorityKind::client : x509::AuthorityKind::server);
    const std::string theirs = house::issue(slots, slot, office);
    const auto made = must(slots.make_key(house::act(ActKind::make_key, slot)));
    auto act = house::install(slot, office.sign(made.request));
    const std::string before = house::snapshot(host.root);
    const auto refused = slots.install_certificate(act);
    REQUIRE_FALSE(refused);
    CHECK(refused.error().code == Code::file_changed);
    CHECK(house::snapshot(host.root) == before);
    act.replace = true;
    CHECK(must(slots.install_certificate(act)).changed);
    const std::string archive =
        slot == client ? host.home + "/.postgresql/pgseal/archive" : host.etc + "/archive";
    CHECK(all_archived(archive).find(theirs) != std::string::npos);
  }
}

TEST_CASE("a private key without a certificate is foreign and stays") {
  if (house::root_is_missing()) return;
  House host;
  auto slots = host.slots();
  Office office = Office::open(x509::AuthorityKind::client);
  const auto made = must(slots.make_key(house::act(ActKind::make_key, client)));
  const std::string theirs(
      must(x509::PrivateKey::generate(x509::KeyType::p256)).to_pem().expose_secret());
  host.put(host.pair("postgresql.key"), theirs, 0600);
  auto act = house::install(client, office.sign(made.request));
  CHECK_FALSE(slots.install_certificate(act));
  CHECK(house::content(host.pair("postgresql.key")) == theirs);
  act.replace = true;
  must(slots.install_certificate(act));
  CHECK(all_archived(host.home + "/.postgresql/pgseal/archive").find(theirs) != std::string::npos);
}

TEST_CASE("wrong mode or owner of our own key is seen, and the certificate's act repairs it") {
  if (house::root_is_missing()) return;
  House host;
  auto slots = host.slots();
  Office office = Office::open(x509::AuthorityKind::client);
  const std::string certificate = house::issue(slots, client, office);
  REQUIRE(::chmod(host.pair("postgresql.key").c_str(), 0644) == 0);
  CHECK(must(slots.look(client)).key == KeyState::wrong_mode);
  CHECK(must(slots.look(client)).key_detail == "mode 0644");
  CHECK(must(slots.install_certificate(house::install(client, certificate))).changed);
  CHECK(must(slots.look(client)).key == KeyState::good);

  Office servers = Office::open(x509::AuthorityKind::server);
  const std::string served = house::issue(slots, server, servers);
  REQUIRE(::chown(host.server_file("server.pem").c_str(), 9, 9) == 0);
  CHECK(must(slots.look(server)).key == KeyState::wrong_owner);
  CHECK(must(slots.install_certificate(house::install(server, served))).changed);
  CHECK(must(slots.look(server)).key == KeyState::good);
}

TEST_CASE("foreign authorities stay in root.crt, ours come, retired ones of ours go") {
  if (house::root_is_missing()) return;
  House host;
  auto slots = host.slots();
  const std::string first = Office::open(x509::AuthorityKind::server, 1).pem();
  const std::string second = Office::open(x509::AuthorityKind::server, 2).pem();
  const std::string foreign = Office::open(x509::AuthorityKind::server, 9).pem();
  host.folder(host.home + "/.postgresql");
  host.put(host.pair("root.crt"), "a comment\n" + foreign + foreign);
  must(slots.install_trust(trust(client, first)));
  must(slots.install_trust(trust(client, second, first)));
  const auto bundle = must(x509::Bundle::from_pem(house::content(host.pair("root.crt"))));
  CHECK(bundle.certificates().size() == 2);
  CHECK(bundle.contains(must(x509::Certificate::from_pem(foreign))));
  CHECK(bundle.contains(must(x509::Certificate::from_pem(second))));
  CHECK(all_archived(host.home + "/.postgresql/pgseal/archive").find("a comment") !=
        std::string::npos);
}

TEST_CASE("a server's trust holds ours alone") {
  if (house::root_is_missing()) return;
  House host;
  auto slots = host.slots();
  const std::string first = Office::open(x509::AuthorityKind::client, 1).pem();
  const std::string second = Office::open(x509::AuthorityKind::client, 2).pem();
  must(slots.install_trust(trust(server, first + second)));
  CHECK(must(slots.install_trust(trust(server, second))).changed);
  CHECK(must(x509::Bundle::from_pem(house::content(host.server_file("clients.crt"))))
            .certificates()
            .size() == 1);
  CHECK(house::seen(host.server_file("clients.crt")).st_mode == (S_IFREG | 0644));
  CHECK(house::seen(host.server_file("clients.crt")).st_uid == 0);
}

TEST_CASE("a root.crt that cannot be read stays unless it may be replaced") {
  if (house::root_is_missing()) return;
  House host;
  auto slots = host.slots();
  host.folder(host.home + "/.postgresql");
  const std::string broken = "-----BEGIN CERTIFICATE-----\n!!!\n-----END CERTIFICATE-----\n";
  host.put(host.pair("root.crt"), broken);
  CHECK_FALSE(must(slots.look(client)).trust_problem.empty());
  auto act = trust(client, Office::open(x509::AuthorityKind::server).pem());
  const auto refused = slots.install_trust(act);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == Code::certificate);
  CHECK(house::content(host.pair("root.crt")) == broken);
  act.replace = true;
  must(slots.install_trust(act));
  CHECK(all_archived(host.home + "/.postgresql/pgseal/archive").find(broken) != std::string::npos);
}

TEST_CASE("an act without an authority never empties the trust") {
  if (house::root_is_missing()) return;
  House host;
  CHECK_FALSE(host.slots().install_trust(trust(server, "")));
  CHECK_FALSE(host.slots().install_trust(trust(client, "")));
}

TEST_CASE("the archive has an index line for each folder in it") {
  if (house::root_is_missing()) return;
  House host;
  auto slots = host.slots();
  Office office = Office::open(x509::AuthorityKind::client);
  const std::string first = house::issue(slots, client, office);
  house::issue(slots, client, office, house::fingerprint(first));
  const std::string archive = host.home + "/.postgresql/pgseal/archive";
  const std::string index = house::content(archive + "/index");
  int folders = 0;
  for (const auto& entry : std::filesystem::directory_iterator(archive)) {
    if (!entry.is_directory()) continue;
    ++folders;
    CHECK(index.find(entry.path().filename().string() + "\tclient:app@deploy\tpair\n") !=
          std::string::npos);
    CHECK(house::seen(entry.path()).st_mode == (S_IFDIR | 0700));
    CHECK(house::seen(entry.path() / "postgresql.key").st_mode == (S_IFREG | 0600));
  }
  CHECK(folders == 1);
}

TEST_CASE("a slot of an environment has files of its own and a service that names them") {
  if (house::root_is_missing()) return;
  House host;
  auto slots = host.slots();
  host.put(host.home + "/.pg_service.conf", "[theirs]\nhost=db9");
  const auto slot = fleet::client_slot("app", "deploy", fleet::SlotPlace::environment);
  Office office = Office::open(x509::AuthorityKind::client);
  house::issue(slots, slot, office);
  const std::string folder = host.home + "/.postgresql/pgseal/shop/app";
  CHECK(must(slots.look(slot)).folder == folder);
  CHECK(must(slots.look(slot)).key == KeyState::good);
  CHECK(must(slots.look(client)).key == KeyState::absent);
  const std::string services = house::content(host.home + "/.pg_service.conf");
  CHECK(services.starts_with("[theirs]\nhost=db9\n"));
  CHECK(services.find("[pgseal-shop-app]\nuser=app\nsslmode=verify-full\nsslcert=" + folder +
                      "/postgresql.crt\nsslkey=" + folder + "/postgresql.key\n") !=
        std::string::npos);
}

TEST_CASE("a service file that is a link is left, and the pair is installed all the same") {
  if (house::root_is_missing()) return;
  House host;
  auto slots = host.slots();
  host.put(host.root + "/elsewhere", "untouched");
  REQUIRE(::symlink((host.root + "/elsewhere").c_str(),
                    (host.home + "/.pg_service.conf").c_str()) == 0);
  const auto slot = fleet::client_slot("app", "deploy", fleet::SlotPlace::environment);
  Office office = Office::open(x509::AuthorityKind::client);
  const auto made = must(slots.make_key(house::act(ActKind::make_key, slot)));
  const auto installed =
      must(slots.install_certificate(house::install(slot, office.sign(made.request))));
  REQUIRE(installed.findings.size() == 1);
  CHECK(installed.findings[0].code == "client.service-entry");
  CHECK(house::content(host.root + "/elsewhere") == "untouched");
}

TEST_CASE("a reader of the server's file that races renewals always sees a matching pair") {
  if (house::root_is_missing()) return;
  House host;
  auto slots = host.slots();
  Office office = Office::open(x509::AuthorityKind::server);
  std::string current = house::issue(slots, server, office);
  std::atomic<bool> over{false};
  std::atomic<int> torn{0};
  std::thread reader([&] {
    while (!over) {
      const auto pair = x509::parse_pair(house::content(host.server_file("server.pem")));
      if (!pair || !pair->key_matches) ++torn;
    }
  });
  for (int i = 0; i < 20; ++i)
    current = house::issue(slots, server, office, house::fingerprint(current));
  over = true;
  reader.join();
  CHECK(torn == 0);
}
