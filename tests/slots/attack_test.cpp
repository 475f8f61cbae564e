// SPDX-License-Identifier: PostgreSQL
// What a user can do in the own home, before or while pgseal works there. Nothing outside that home
// may change, and the observation of other slots goes on.
#include <sys/stat.h>

#include "slots/house.h"
#include "slots/slots.h"
#include "x509/key_encryption.h"

using base::Code;
using fleet::ActKind;
using fleet::KeyState;
using house::House;
using house::must;
using house::Office;

namespace {

const fleet::Slot client = fleet::client_slot("app", "deploy");

/// All acts, each of which must be refused as unsafe.
void check_all_refused(House& host) {
  auto slots = host.slots();
  const auto facts = must(slots.look(client));
  CHECK_FALSE(facts.unsafe.empty());
  auto trust = house::act(ActKind::install_trust, client);
  trust.trust = Office::open(x509::AuthorityKind::server).pem();
  trust.replace = true;
  Office office = Office::open(x509::AuthorityKind::client);
  const auto key = must(x509::PrivateKey::generate(x509::KeyType::p256));
  auto install = house::install(client, office.sign(must(x509::make_request(key, "app"))));
  install.replace = true;
  const auto made = slots.make_key(house::act(ActKind::make_key, client));
  const auto installed = slots.install_certificate(install);
  const auto trusted = slots.install_trust(trust);
  const auto archived = slots.archive_slot(house::act(ActKind::archive_slot, client));
  for (const auto* answer : {&made, &installed, &trusted, &archived}) {
    REQUIRE_FALSE(*answer);
    CHECK(answer->error().code == Code::file_unsafe);
    CHECK(answer->error().message == facts.unsafe);
  }
}

}  // namespace

TEST_CASE("a link in place of ~/.postgresql is refused by name and not followed") {
  if (house::root_is_missing()) return;
  House host;
  ::mkdir((host.root + "/victim").c_str(), 0755);
  REQUIRE(::symlink((host.root + "/victim").c_str(), (host.home + "/.postgresql").c_str()) == 0);
  const std::string before = house::snapshot(host.root);
  check_all_refused(host);
  CHECK(house::snapshot(host.root) == before);
  CHECK(must(host.slots().look(client)).unsafe ==
        "\"" + host.home + "/.postgresql\" is a symbolic link");
}

TEST_CASE("slots that are looked at together have each their own outcome, in the order asked") {
  if (house::root_is_missing()) return;
  House host;
  auto slots = host.slots();
  must(slots.make_key(house::act(ActKind::make_key, client)));
  const auto elsewhere = fleet::client_slot("app", "deploy", fleet::SlotPlace::environment);
  host.folder(host.home + "/.postgresql/pgseal");
  REQUIRE(::symlink("/tmp", (host.home + "/.postgresql/pgseal/shop").c_str()) == 0);
  auto looked = slots.look(
      {fleet::client_slot("app", "nobody else"), elsewhere, fleet::server_slot("db1"), client});
  REQUIRE(looked.size() == 4);
  for (const auto& slot : looked) REQUIRE(slot);
  CHECK_FALSE(looked[0]->user_exists);
  CHECK(looked[1]->slot == elsewhere);
  CHECK(looked[1]->unsafe.find("is a symbolic link") != std::string::npos);
  CHECK(looked[2]->slot == fleet::server_slot("db1"));
  CHECK(looked[2]->unsafe.empty());
  CHECK(looked[3]->slot == client);
  CHECK(looked[3]->unsafe.empty());
  CHECK(looked[3]->pending);
}

TEST_CASE("a link, a FIFO or a folder in place of a file is refused and nothing changes") {
  if (house::root_is_missing()) return;
  for (const char* name :
       {"postgresql.key", "postgresql.crt", "root.crt", "postgresql.key.pending"}) {
    for (const int kind : {0, 1, 2}) {
      House host;
      CAPTURE(name);
      CAPTURE(kind);
      host.folder(host.home + "/.postgresql");
      const std::string path = host.pair(name);
      if (kind == 0) REQUIRE(::symlink("/etc/shadow", path.c_str()) == 0);
      if (kind == 1) REQUIRE(::mkfifo(path.c_str(), 0666) == 0);
      if (kind == 2) host.folder(path);
      const std::string before = house::snapshot(host.root);
      const auto shadow = house::seen("/etc/shadow");
      check_all_refused(host);
      CHECK(house::snapshot(host.root) == before);
      CHECK(house::seen("/etc/shadow").st_ctim.tv_nsec == shadow.st_ctim.tv_nsec);
    }
  }
}

TEST_CASE("a link in place of the archive keeps anything from being replaced") {
  if (house::root_is_missing()) return;
  House host;
  auto slots = host.slots();
  Office office = Office::open(x509::AuthorityKind::client);
  const std::string first = house::issue(slots, client, office);
  ::mkdir((host.root + "/victim").c_str(), 0777);
  host.folder(host.home + "/.postgresql/pgseal");
  REQUIRE(::symlink((host.root + "/victim").c_str(),
                    (host.home + "/.postgresql/pgseal/archive").c_str()) == 0);
  const auto made = must(slots.make_key(house::act(ActKind::make_key, client)));
  const auto refused = slots.install_certificate(
      house::install(client, office.sign(made.request), house::fingerprint(first)));
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == Code::file_unsafe);
  CHECK(must(slots.look(client)).certificate == first);
  CHECK(std::filesystem::is_empty(host.root + "/victim"));
}

TEST_CASE("a hard link to another file of the user's is replaced, not written through") {
  if (house::root_is_missing()) return;
  House host;
  auto slots = host.slots();
  Office office = Office::open(x509::AuthorityKind::client);
  const std::string certificate = house::issue(slots, client, office);
  REQUIRE(::chmod(host.pair("postgresql.key").c_str(), 0644) == 0);
  REQUIRE(::link(host.pair("postgresql.key").c_str(), (host.home + "/other").c_str()) == 0);
  CHECK(must(slots.look(client)).key_detail == "mode 0644, 2 names (hard links)");
  must(slots.install_certificate(house::install(client, certificate)));
  CHECK(house::seen(host.home + "/other").st_mode == (S_IFREG | 0644));
  CHECK(house::seen(host.pair("postgresql.key")).st_mode == (S_IFREG | 0600));
}

TEST_CASE("a key that its own user cannot read is seen, and moved to the archive when replaced") {
  if (house::root_is_missing()) return;
  House host;
  auto slots = host.slots();
  Office office = Office::open(x509::AuthorityKind::client);
  const std::string first = house::issue(slots, client, office);
  const std::string old_key = house::content(host.pair("postgresql.key"));
  REQUIRE(::chown(host.pair("postgresql.key").c_str(), 9, 9) == 0);
  CHECK(must(slots.look(client)).key == KeyState::wrong_owner);
  house::issue(slots, client, office, house::fingerprint(first));
  CHECK(must(slots.look(client)).key == KeyState::good);
  bool held = false;
  for (const auto& entry :
       std::filesystem::recursive_directory_iterator(host.home + "/.postgresql/pgseal/archive"))
    held = held ||
           (entry.path().filename() == "postgresql.key" && house::content(entry.path()) == old_key);
  CHECK(held);
}

TEST_CASE("broken contents are facts of a slot") {
  if (house::root_is_missing()) return;
  House host;
  auto slots = host.slots();
  Office office = Office::open(x509::AuthorityKind::client);
  house::issue(slots, client, office);
  const auto passphrase = base::Secret("correct horse");
  const std::string encrypted =
      must(must(x509::KeyEncryption::derive(passphrase))
               .encrypt(must(x509::PrivateKey::generate(x509::KeyType::p256))));
  host.put(host.pair("postgresql.key"), encrypted, 0600);
  CHECK(must(slots.look(client)).key == KeyState::unreadable);
  CHECK(must(slots.look(client)).key_detail == "mode 0600, has a passphrase");
  host.put(host.pair("postgresql.key"), "", 0600);
  CHECK(must(slots.look(client)).key_detail == "mode 0600, holds no private key");
  const std::string other(
      must(x509::PrivateKey::generate(x509::KeyType::p256)).to_pem().expose_secret());
  host.put(host.pair("postgresql.key"), other, 0600);
  CHECK(must(slots.look(client)).key == KeyState::mismatched);
  host.put(host.pair("postgresql.crt"), "-----BEGIN CERTIFICATE-----\nAAAA\n");
  CHECK(must(slots.look(client)).certificate.empty());
  CHECK_FALSE(must(slots.look(client)).chain_problem.empty());
}

TEST_CASE("no word of a private key is in the facts of its slot") {
  if (house::root_is_missing()) return;
  House host;
  auto slots = host.slots();
  Office office = Office::open(x509::AuthorityKind::client);
  house::issue(slots, client, office);
  must(slots.make_key(house::act(ActKind::make_key, client)));
  const auto facts = must(slots.look(client));
  for (const std::string& text : {facts.certificate, facts.trust, facts.chain_problem,
                                  facts.key_detail, facts.unsafe, facts.trust_problem})
    CHECK(text.find("PRIVATE") == std::string::npos);
}

TEST_CASE("a home that is missing, or root's, is a fact") {
  if (house::root_is_missing()) return;
  House host;
  host.user.home = "/nonexistent";
  CHECK_FALSE(must(host.slots().look(client)).user_exists);
  CHECK(must(host.slots().look(client)).unsafe.find("home \"/nonexistent\"") != std::string::npos);
  host.user.home = "";
  CHECK_FALSE(must(host.slots().look(client)).user_exists);
  host.user.home = "/usr/sbin";
  CHECK(must(host.slots().look(client)).unsafe ==
        "\"/usr/sbin\" belongs to user id 0, not to \"deploy\"");
  CHECK_FALSE(must(host.slots().look(fleet::client_slot("app", "nobody-here"))).user_exists);
  CHECK(must(host.slots().look(fleet::client_slot("app", "nobody-here"))).unsafe.empty());
}

TEST_CASE("a home that its user cannot write in is a fact while something is missing there") {
  if (house::root_is_missing()) return;
  House host;
  auto slots = host.slots();
  Office office = Office::open(x509::AuthorityKind::client);
  REQUIRE(::chmod(host.home.c_str(), 0500) == 0);
  CHECK(must(slots.look(client)).unsafe ==
        fmt::format("user \"deploy\" cannot write in \"{}\": Permission denied", host.home));
  REQUIRE(::chmod(host.home.c_str(), 0700) == 0);
  CHECK(must(slots.look(client)).unsafe.empty());
  house::issue(slots, client, office);
  const std::string folder = host.home + "/.postgresql";
  REQUIRE(::chmod(folder.c_str(), 0500) == 0);
  CHECK(must(slots.look(client)).unsafe.find(folder) != std::string::npos);
  host.put(host.pair("root.crt"), office.pem());
  CHECK(must(slots.look(client)).unsafe.empty());
}

TEST_CASE("names that would lead elsewhere are refused before they are paths") {
  if (house::root_is_missing()) return;
  House host;
  auto slots = host.slots();
  for (const char* name : {"..", ".", "", "a/b", "../../etc", "a\nb"}) {
    CAPTURE(name);
    CHECK_FALSE(must(slots.look(fleet::server_slot(name))).unsafe.empty());
    const auto inner = fleet::client_slot(name, "deploy", fleet::SlotPlace::environment);
    CHECK_FALSE(must(slots.look(inner)).unsafe.empty());
    const auto refused = slots.make_key(house::act(ActKind::make_key, inner));
    REQUIRE_FALSE(refused);
    CHECK(refused.error().code == Code::file_unsafe);
  }
  CHECK(std::filesystem::is_empty(host.home));
}
