// SPDX-License-Identifier: PostgreSQL
#include "ledger/ledger.h"

#include <doctest/doctest.h>
#include <sys/stat.h>

#include <thread>

#include "ledger/scratch.h"

using base::Code;
using ledger::Access;
using ledger::Ledger;
using scratch::at;
using scratch::made;
using scratch::opened;
using scratch::Scratch;

namespace {

unsigned mode_of(const std::string& path) {
  struct stat status {};
  return ::lstat(path.c_str(), &status) == 0 ? status.st_mode & 07777U : 0;
}

void with_authority(Ledger& book) {
  ledger::Authority authority;
  authority.certificate = "PEM";
  authority.made_at = at(0);
  REQUIRE(book.add_authority(authority));
}

ledger::SerialIntent intent(const std::string& serial, const std::string& slot = "server:db1") {
  ledger::SerialIntent made;
  made.serial = serial;
  made.host = "db1";
  made.slot = slot;
  made.profile = "server";
  made.names = {"db1", "10.7.0.11", "odd\\name\nwith lines"};
  made.not_after = at(90);
  made.spki_sha256 = "ab";
  return made;
}

std::vector<ledger::SlotSerial> newest_issued(const Ledger& book) {
  std::vector<ledger::SlotSerial> all;
  REQUIRE(book.newest_issued([&](ledger::SlotSerial each) { all.push_back(std::move(each)); }));
  return all;
}

}  // namespace

TEST_CASE("a new ledger lies in a folder of 0700, with files of 0600") {
  const Scratch folder;
  ::umask(0);
  Ledger book = made(folder.state());
  CHECK(mode_of(folder.state()) == 0700);
  CHECK(mode_of(folder.file()) == 0600);
  CHECK(mode_of(folder.file() + "-wal") == 0600);
  CHECK(mode_of(folder.state() + "/lock") == 0600);
  CHECK(mode_of(folder.file() + ".new") == 0);
  CHECK(book.environment() == "shop");
  CHECK(book.environment_id().size() == 32);
  CHECK(book.ledger_id().size() == 32);
  CHECK(book.ledger_id() != book.environment_id());
  CHECK(book.generation() == 0);
}

TEST_CASE("a generation is begun on purpose, not by opening") {
  const Scratch folder;
  std::string id;
  { id = made(folder.state()).ledger_id(); }
  {
    Ledger book = opened(folder.state(), Access::write);
    CHECK(book.generation() == 0);
    CHECK_FALSE(book.raised());
    CHECK(book.raise_generation(0));
    CHECK(book.generation() == 1);
    CHECK(book.raised());
  }
  { CHECK(opened(folder.state(), Access::read).generation() == 1); }
  Ledger book = opened(folder.state(), Access::write);
  CHECK(book.generation() == 1);
  CHECK_FALSE(book.raised());
  CHECK(book.raise_generation(7));
  CHECK(book.generation() == 8);
  CHECK(book.ledger_id() == id);
}

TEST_CASE("to open a ledger with a clock that is ahead dates no entry") {
  const Scratch folder;
  { const Ledger book = made(folder.state()); }
  const Ledger book = opened(folder.state(), Access::write);
  CHECK(*book.last_entry_at() == at(0));
}

TEST_CASE("the time of the last entry never goes back") {
  const Scratch folder;
  Ledger book = made(folder.state());
  CHECK(*book.last_entry_at() == at(0));
  REQUIRE(book.append_audit({"root", "apply", "", "", "", ""}, at(5)));
  REQUIRE(book.append_audit({"root", "apply", "", "", "", ""}, at(3)));
  CHECK(*book.last_entry_at() == at(5));
}

TEST_CASE(
    "a deed that asks no host dates nothing ahead, and is refused by a clock that is behind") {
  const Scratch folder;
  Ledger book = made(folder.state());
  REQUIRE(book.add_debt({"app7", at(3), "apply", {"install trust"}, "unreachable"}));
  const auto forgive = [&](base::Time when) {
    return book.unvouched(when, [&]() -> base::Result<void> {
      TRY(book.forgive_debt("app7", "scrapped", when));
      TRY(book.append_audit({"root", "debt forgiven", "app7", "", "scrapped", ""}, when));
      return {};
    });
  };
  const auto refused = forgive(at(2));
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == Code::authority_clock);
  CHECK(book.debts()->size() == 1);
  CHECK(book.audit_log(0)->empty());
  REQUIRE(forgive(at(4000)));
  CHECK(book.debts()->empty());
  CHECK(book.audit_log(0)->size() == 1);
  CHECK(*book.last_entry_at() == at(3));
  const Ledger again = opened(folder.state(), Access::read);
  CHECK(*again.last_entry_at() == at(3));
}

TEST_CASE("an authority is kept with its generation, and the newest active one is found") {
  const Scratch folder;
  Ledger book = made(folder.state());
  CHECK(!book.active_authority(x509::AuthorityKind::client)->has_value());
  for (int generation = 1; generation <= 3; ++generation)
    REQUIRE(book.add_authority({x509::AuthorityKind::client, generation,
                                "PEM" + std::to_string(generation), ledger::AuthorityState::active,
                                at(generation)}));
  with_authority(book);
  REQUIRE(book.set_authority_state(x509::AuthorityKind::client, 3, ledger::AuthorityState::retired,
                                   at(4)));
  const auto active = book.active_authority(x509::AuthorityKind::client);
  REQUIRE(active->has_value());
  CHECK((*active)->certificate == "PEM2");
  const auto all = book.authorities();
  REQUIRE(all->size() == 4);
  CHECK((*all)[2].state == ledger::AuthorityState::retired);
  CHECK((*all)[2].made_at == at(3));
  CHECK((*all)[3].kind == x509::AuthorityKind::server);
  CHECK(!book.add_authority((*all)[0]));
  CHECK(!book.set_authority_state(x509::AuthorityKind::server, 9, ledger::AuthorityState::retired,
                                  at(4)));
}

TEST_CASE("what will be signed is known before there is a certificate") {
  const Scratch folder;
  Ledger book = made(folder.state());
  with_authority(book);
  REQUIRE(book.will_sign(intent("aa01"), at(1)));
  CHECK(*book.is_known("aa01"));
  CHECK(!*book.is_known("aa02"));
  const auto record = book.find_serial("aa01");
  REQUIRE(record->has_value());
  CHECK((*record)->intent == intent("aa01"));
  CHECK((*record)->intended_at == at(1));
  CHECK(!(*record)->issued_at);
  CHECK((*record)->certificate.empty());
  CHECK(newest_issued(book).empty());
}

TEST_CASE("a serial number is never used twice, nor signed by an authority that is not there") {
  const Scratch folder;
  Ledger book = made(folder.state());
  with_authority(book);
  REQUIRE(book.will_sign(intent("aa01"), at(1)));
  CHECK(book.will_sign(intent("aa01", "client:a@b"), at(2)).error().code == Code::ledger_open);
  auto foreign = intent("aa02");
  foreign.authority = x509::AuthorityKind::client;
  CHECK(book.will_sign(foreign, at(2)).error().code == Code::ledger_open);
  CHECK(book.serials()->size() == 1);
}

TEST_CASE("a certificate is noted once for the number that was intended") {
  const Scratch folder;
  Ledger book = made(folder.state());
  with_authority(book);
  REQUIRE(book.will_sign(intent("aa01"), at(1)));
  REQUIRE(book.issued("aa01", "PEM-1", at(2)));
  REQUIRE(book.issued("aa01", "PEM-1", at(7)));
  CHECK(*(*book.find_serial("aa01"))->issued_at == at(2));
  CHECK(book.issued("aa01", "PEM-2", at(3)).error().code == Code::ledger_open);
  CHECK(book.issued("ffff", "PEM-3", at(3)).error().code == Code::ledger_open);
  CHECK((*book.find_serial("aa01"))->certificate == "PEM-1");
}

TEST_CASE("the newest certificate of a slot is found, whatever was intended after it") {
  const Scratch folder;
  Ledger book = made(folder.state());
  with_authority(book);
  for (const char* serial : {"01", "02", "03"}) REQUIRE(book.will_sign(intent(serial), at(1)));
  REQUIRE(book.will_sign(intent("04", "client:a@b"), at(1)));
  for (const char* serial : {"01", "02", "04"})
    REQUIRE(book.issued(serial, std::string("PEM-") + serial, at(2)));
  const auto newest = newest_issued(book);
  REQUIRE(newest.size() == 2);
  CHECK(newest[0] == ledger::SlotSerial{"db1", "client:a@b", "04", at(1), intent("04").not_after});
  CHECK(newest[1].slot == "server:db1");
  CHECK(newest[1].serial == "02");
  CHECK(book.serials()->size() == 4);
}

TEST_CASE("the newest outcome of each act is kept, and stands last") {
  const Scratch folder;
  Ledger book = made(folder.state());
  const ledger::ActKey first{"apply", "server pairs", "db1", "server:db1", "make key"};
  const ledger::ActKey second{"apply", "server pairs", "db2", "server:db2", "make key"};
  REQUIRE(book.record_act({first, ledger::ActState::started, "", at(1)}));
  REQUIRE(book.record_act({second, ledger::ActState::failed, "no space", at(2)}));
  REQUIRE(book.record_act({first, ledger::ActState::finished, "made", at(3)}));
  const auto acts = book.acts("apply");
  REQUIRE(acts->size() == 2);
  CHECK((*acts)[0].key == second);
  CHECK((*acts)[0].text == "no space");
  CHECK((*acts)[1] == ledger::ActOutcome{first, ledger::ActState::finished, "made", at(3)});
  CHECK(book.acts("rotate")->empty());
}

TEST_CASE("a debt is owed since it was first owed, until it is paid or forgiven") {
  const Scratch folder;
  Ledger book = made(folder.state());
  REQUIRE(book.add_debt({"app7", at(3), "apply", {"install trust"}, "unreachable"}));
  REQUIRE(book.add_debt({"app1", at(2), "apply", {}, "unreachable"}));
  REQUIRE(book.add_debt({"app7", at(5), "renew", {"a", "b"}, "still"}));
  const auto debts = book.debts();
  REQUIRE(debts->size() == 2);
  CHECK((*debts)[0].host == "app1");
  CHECK((*debts)[1] == ledger::Debt{"app7", at(3), "renew", {"a", "b"}, "still"});
  CHECK(*book.pay_debt("app7", at(6)));
  CHECK(!*book.pay_debt("app7", at(6)));
  CHECK(*book.forgive_debt("app1", "scrapped", at(6)));
  CHECK(book.debts()->empty());
  REQUIRE(book.add_debt({"app7", at(8), "apply", {}, "again"}));
  CHECK((*book.debts())[0].since == at(8));
}

TEST_CASE("of a host that waits the last is kept, and nothing of one that was removed") {
  const Scratch folder;
  Ledger book = made(folder.state());
  CHECK(book.waiting()->empty());
  REQUIRE(book.set_waiting("db2", {"reload server:db2", "install trust server:db2"}, at(1)));
  REQUIRE(book.set_waiting("db3", {"reload server:db3"}, at(1)));
  REQUIRE(book.set_waiting("db2", {"install trust server:db2"}, at(2)));
  CHECK(*book.waiting() ==
        std::map<std::string, std::vector<std::string>>{{"db2", {"install trust server:db2"}},
                                                        {"db3", {"reload server:db3"}}});
  CHECK(book.acts("apply")->empty());
  REQUIRE(book.set_waiting("db2", {}, at(3)));
  REQUIRE(book.remove_host("db3", "scrapped", at(3)));
  CHECK(book.waiting()->empty());
}

TEST_CASE("pins, phase and observations come back as they were written") {
  const Scratch folder;
  Ledger book = made(folder.state());
  const ledger::Pin pin{"db1", "7300000000000000001", "machine", at(1)};
  REQUIRE(book.set_pin(pin));
  CHECK(*book.find_pin("db1") == pin);
  CHECK(!book.find_pin("db2")->has_value());
  CHECK(book.pins()->size() == 1);
  CHECK(*book.remove_pin("db1", at(2)));
  CHECK(!*book.remove_pin("db1", at(2)));

  CHECK(!book.phase()->has_value());
  REQUIRE(book.set_phase({"rotate", "trust both", at(3)}));
  REQUIRE(book.set_phase({"rotate", "trust both", at(4)}));
  CHECK(*book.phase() == ledger::Phase{"rotate", "trust both", at(3)});
  REQUIRE(book.set_phase({"rotate", "prove", at(5)}));
  CHECK((*book.phase())->since == at(5));
  REQUIRE(book.clear_phase(at(6)));
  CHECK(!book.phase()->has_value());

  const ledger::Observation seen{"db1", at(7), true, "primary", "15.20", "on", "aa01"};
  REQUIRE(book.record_observation({"db1", at(6), false, "", "", "", ""}));
  REQUIRE(book.record_observation(seen));
  std::vector<ledger::Observation> kept;
  REQUIRE(book.observations([&](const ledger::Observation& each) { kept.push_back(each); }));
  CHECK(kept == std::vector{seen});
}

TEST_CASE("a transaction is written whole or not at all") {
  const Scratch folder;
  Ledger book = made(folder.state());
  with_authority(book);
  const auto failed = book.transaction([&]() -> base::Result<void> {
    TRY(book.will_sign(intent("aa01"), at(1)));
    return base::error(Code::link_lost, "gone");
  });
  CHECK(failed.error().code == Code::link_lost);
  CHECK(!*book.is_known("aa01"));
  CHECK_THROWS(static_cast<void>(book.transaction([&]() -> base::Result<void> {
    TRY(book.will_sign(intent("aa02"), at(1)));
    throw 1;
  })));
  CHECK(!*book.is_known("aa02"));
  REQUIRE(book.transaction([&]() -> base::Result<void> {
    TRY(book.will_sign(intent("aa03"), at(1)));
    // What fails inside leaves nothing of itself and does not spoil the rest.
    CHECK(!book.will_sign(intent("aa03"), at(1)));
    TRY(book.issued("aa03", "PEM", at(1)));
    return {};
  }));
  CHECK((*book.find_serial("aa03"))->certificate == "PEM");
}

TEST_CASE("several threads may write: every entry arrives and the chain holds") {
  const Scratch folder;
  Ledger book = made(folder.state());
  {
    std::vector<std::jthread> threads;
    for (int number = 0; number < 4; ++number)
      threads.emplace_back([&book] {
        for (int round = 0; round < 25; ++round)
          if (!book.append_audit({"root", "test", "", "", "", ""}, at(1))) return;
      });
  }
  CHECK(book.audit_log(0)->size() == 100);
  CHECK(!book.verify_audit()->has_value());
}
