// SPDX-License-Identifier: PostgreSQL
#include "operations/authorities.h"

#include <doctest/doctest.h>

#include "ledger/scratch.h"
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
    REQUIRE(founder.found());
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

}  // namespace

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
  REQUIRE(founder.found());
  CHECK(founder.issue(Office::order()));
  CHECK(asked == 1);
  operations::IssuingDesk next(office.environment, *office.book, answer("right"), now);
  REQUIRE(next.found());
  REQUIRE(next.open_all());
  CHECK(next.issue(Office::order()));
  CHECK(asked == 2);
  CHECK(office.book->authorities().value().size() == 2);
  operations::IssuingDesk stranger(office.environment, *office.book, answer("wrong"), now);
  const auto refused = stranger.open_all();
  REQUIRE(!refused);
  CHECK(refused.error().code == base::Code::authority_passphrase);
}
