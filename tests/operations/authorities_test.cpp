// SPDX-License-Identifier: PostgreSQL
#include "operations/authorities.h"

#include <doctest/doctest.h>
#include <sqlite3.h>
#include <sys/stat.h>

#include <mutex>
#include <set>
#include <thread>

#include "base/fd.h"
#include "ledger/scratch.h"
#include "operations/desired.h"
#include "x509/key_encryption.h"
#include "x509/request.h"

namespace {

/// An environment with both authorities, whose keys have no passphrase.
struct Office {
  scratch::Scratch folder;
  fleet::Environment environment;
  std::optional<ledger::Ledger> book;

  Office() {
    environment.name = "shop";
    environment.state = folder.state();
    environment.authority.unencrypted = true;
    book.emplace(scratch::made(folder.state()));
    operations::IssuingDesk founder(environment, *book, {}, [] { return scratch::at(0); });
    REQUIRE(founder.found(1));
  }

  static operations::IssueOrder order() {
    const auto key = x509::PrivateKey::generate(x509::KeyType::p256).value();
    operations::IssueOrder made;
    made.slot = {fleet::SlotKind::client, "deploy", "deploy", fleet::SlotPlace::home};
    made.host = "app1";
    made.common_name = "deploy";
    made.days = 30;
    made.request = x509::make_request(key, "deploy").value();
    return made;
  }

  void note_act(base::Time at) {
    ledger::ActOutcome outcome;
    outcome.key = {"apply", "client pairs", "app2", "client:deploy@deploy", "make key"};
    outcome.at = at;
    CHECK(book->record_act(outcome));
  }
};

/// A ledger that refuses `deed` on the table of serial numbers.
void forbid(const Office& office, const std::string& deed) {
  sqlite3* database = nullptr;
  REQUIRE(sqlite3_open(office.folder.file().c_str(), &database) == SQLITE_OK);
  const std::string sql = "CREATE TRIGGER forbidden BEFORE " + deed +
                          " ON serial BEGIN SELECT raise(ABORT, 'the disk says no'); END";
  CHECK(sqlite3_exec(database, sql.c_str(), nullptr, nullptr, nullptr) == SQLITE_OK);
  sqlite3_close(database);
}

}  // namespace

TEST_CASE("many orders at once: each certificate that is given is the one that the ledger holds") {
  Office office;
  operations::IssuingDesk desk(office.environment, *office.book, {}, [] { return scratch::at(1); });
  std::mutex mutex;
  std::set<std::string> given;
  {
    std::vector<std::jthread> threads;
    for (int number = 0; number < 8; ++number)
      threads.emplace_back([&] {
        for (int round = 0; round < 5; ++round) {
          auto made = desk.issue(Office::order());
          if (!made) return;
          // Durable before it is given: another process would see it already.
          const auto beside = scratch::opened(office.folder.state(), ledger::Access::read);
          const auto serial = x509::Certificate::from_pem(*made)->serial_hex;
          const std::lock_guard lock(mutex);
          if (beside.find_serial(serial).value()->certificate == *made) given.insert(serial);
        }
      });
  }
  CHECK(given.size() == 40);
  CHECK(office.book->serials().value().size() == 40);
}

TEST_CASE("a plan knows each certificate's fingerprint and its key's age as if it were decoded") {
  Office office;
  int day = 1;
  operations::IssuingDesk desk(office.environment, *office.book, {},
                               [&] { return scratch::at(day); });
  operations::IssueOrder order = Office::order();
  const auto first = x509::Certificate::from_pem(*desk.issue(order)).value();
  day = 5;
  const auto again = x509::Certificate::from_pem(*desk.issue(order)).value();
  const auto desired = operations::desired_of(office.environment, &*office.book, false).value();
  CHECK(desired.issued == std::set<std::string>{first.fingerprint, again.fingerprint});
  REQUIRE(desired.keys_since.size() == 1);
  CHECK(desired.keys_since.at(first.spki_sha256) == first.not_before);
}

TEST_CASE("nothing is signed whose serial number is not durable") {
  Office office;
  operations::IssuingDesk desk(office.environment, *office.book, {}, [] { return scratch::at(1); });
  forbid(office, "INSERT");
  const auto refused = desk.issue(Office::order());
  REQUIRE(!refused);
  CHECK(refused.error().code == base::Code::ledger_open);
  CHECK(office.book->serials().value().empty());
}

TEST_CASE("a certificate that cannot be made durable is not given, and its number stays known") {
  Office office;
  operations::IssuingDesk desk(office.environment, *office.book, {}, [] { return scratch::at(1); });
  forbid(office, "UPDATE");
  CHECK(!desk.issue(Office::order()));
  const auto known = office.book->serials().value();
  REQUIRE(known.size() == 1);
  CHECK(known[0].certificate.empty());
  CHECK(known[0].intent.names == std::vector<std::string>{"deploy"});
}

TEST_CASE("an entry that another host makes in the meantime does not make the clock seem slow") {
  Office office;
  int day = 1;
  const auto now = [&] {
    const base::Time read = scratch::at(day);
    office.note_act(scratch::at(++day));  // its second begins while ours is still being read
    return read;
  };
  operations::IssuingDesk desk(office.environment, *office.book, {}, now);
  CHECK(desk.issue(Office::order()));
  day += 1;
  CHECK(desk.issue(Office::order()));
}

TEST_CASE("a clock before the ledger's last entry signs nothing") {
  Office office;
  office.note_act(scratch::at(2));
  operations::IssuingDesk desk(office.environment, *office.book, {}, [] { return scratch::at(1); });
  const auto refused = desk.issue(Office::order());
  REQUIRE(!refused);
  CHECK(refused.error().code == base::Code::authority_clock);
  CHECK(office.book->serials().value().empty());
}

TEST_CASE("authorities are founded with one question, and their keys open with its answer alone") {
  Office office;
  office.environment.state = office.folder.path() + "/another";
  office.environment.authority.unencrypted = false;
  office.book.reset();
  office.book.emplace(scratch::made(office.environment.state));
  const auto now = [] { return scratch::at(1); };
  int asked = 0;
  const auto answer = [&asked](const char* text) {
    return [&asked, text](bool) -> base::Result<base::Secret> {
      ++asked;
      return base::Secret(text);
    };
  };
  operations::IssuingDesk founder(office.environment, *office.book, answer("right"), now);
  REQUIRE(founder.found(1));
  CHECK(founder.issue(Office::order()));
  CHECK(asked == 1);
  operations::IssuingDesk next(office.environment, *office.book, answer("right"), now);
  REQUIRE(next.found(1));
  REQUIRE(next.open_all());
  CHECK(next.issue(Office::order()));
  CHECK(asked == 2);
  CHECK(office.book->authorities().value().size() == 2);
  operations::IssuingDesk stranger(office.environment, *office.book, answer("wrong"), now);
  const auto refused = stranger.open_all();
  REQUIRE(!refused);
  CHECK(refused.error().code == base::Code::authority_passphrase);
}

TEST_CASE(
    "a key that has a passphrase, where the configuration says none, is the authority's fault") {
  Office office;
  const auto key = x509::PrivateKey::generate(x509::KeyType::p256).value();
  const std::string path = office.folder.state() + "/authorities/server-1.key";
  const auto encrypted =
      x509::KeyEncryption::derive(base::Secret("a word")).value().encrypt(key).value();
  REQUIRE(base::write_file_durably(path, encrypted, 0600));
  operations::IssuingDesk desk(office.environment, *office.book, {}, [] { return scratch::at(1); });
  const auto refused = desk.open_all();
  REQUIRE(!refused);
  CHECK(refused.error().code == base::Code::authority_passphrase);
  REQUIRE(base::write_file_durably(path, "no key at all", 0600));
  const auto broken = desk.open_all();
  REQUIRE(!broken);
  CHECK(broken.error().code == base::Code::authority_key_lost);
}

TEST_CASE("an authority's key that others may read or write is not used until its mode is right") {
  Office office;
  const std::string path = office.folder.state() + "/authorities/client-1.key";
  operations::IssuingDesk desk(office.environment, *office.book, {}, [] { return scratch::at(1); });
  for (const unsigned mode : {0644U, 0640U, 0602U}) {
    REQUIRE(::chmod(path.c_str(), mode) == 0);
    const auto refused = desk.open_all();
    REQUIRE(!refused);
    CHECK(refused.error().code == base::Code::authority_key_exposed);
    CHECK(refused.error().hint.find("chmod 600 " + path) != std::string::npos);
  }
  REQUIRE(::chmod(path.c_str(), 0400) == 0);
  CHECK(desk.open_all());
}

TEST_CASE("an authority is founded beyond every generation that a host shows of its environment") {
  using x509::AuthorityKind;
  const auto pem = [](AuthorityKind kind, const char* environment, int generation) {
    const x509::AuthorityOrder order{kind, environment, generation, base::Days(30),
                                     x509::KeyType::p256};
    return x509::create_authority(order, scratch::at(0)).value().certificate.to_pem();
  };
  planning::Observed observed;
  CHECK(operations::unused_generation("shop", observed) == 1);
  observed.hosts["app1"].silence = base::error(base::Code::link_lost, "gone");
  fleet::HostFacts facts;
  facts.client_slots.emplace_back().trust =
      pem(AuthorityKind::server, "shop", 1) + pem(AuthorityKind::server, "shopping", 8);
  facts.client_slots.emplace_back().trust = "no certificate";
  observed.hosts["app2"].facts = facts;
  CHECK(operations::unused_generation("shop", observed) == 2);
  facts.server_slot.emplace().trust = pem(AuthorityKind::client, "shop", 3);
  observed.hosts["db1"].facts = facts;
  CHECK(operations::unused_generation("shop", observed) == 4);
}
