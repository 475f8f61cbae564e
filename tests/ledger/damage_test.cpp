// SPDX-License-Identifier: PostgreSQL
// What can befall a ledger: it is absent, foreign, newer, damaged, locked, read-only, tampered
// with, or its writer is killed.
#include <doctest/doctest.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>

#include "base/pack.h"
#include "ledger/ledger.h"
#include "ledger/scratch.h"
#include "x509/digest.h"

using base::Code;
using ledger::Access;
using ledger::Ledger;
using scratch::at;
using scratch::holder;
using scratch::made;
using scratch::opened;
using scratch::Scratch;

namespace {

Code why_not(const std::string& folder, Access access, const std::string& environment = "shop") {
  auto book = Ledger::open(folder, environment, access, holder(), at(1));
  REQUIRE(!book);
  return book.error().code;
}

// As somebody with a SQL shell would.
void tamper(const std::string& file, const std::string& sql) {
  sqlite3* database = nullptr;
  REQUIRE(sqlite3_open(file.c_str(), &database) == SQLITE_OK);
  char* words = nullptr;
  const int status = sqlite3_exec(database, sql.c_str(), nullptr, nullptr, &words);
  if (words != nullptr) INFO(words);
  CHECK(status == SQLITE_OK);
  sqlite3_free(words);
  sqlite3_close(database);
}

void overwrite(const std::string& file, std::streamoff from, const std::string& bytes) {
  std::fstream stream(file, std::ios::in | std::ios::out | std::ios::binary);
  REQUIRE(stream);
  stream.seekp(from);
  stream << bytes;
}

void with_rows(const Scratch& folder, int count) {
  Ledger book = made(folder.state());
  for (int row = 1; row <= count; ++row)
    REQUIRE(book.append_audit({"root", "apply", "db" + std::to_string(row), "", "", ""}, at(row)));
}

// What `body` does in another process; it ends by _exit, as a kill would end it.
template <class Body>
int in_child(Body body) {
  const pid_t child = ::fork();
  if (child == 0) ::_exit(body());
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

}  // namespace

TEST_CASE("a path with a typo makes no new ledger") {
  const Scratch folder;
  for (const Access access : {Access::read, Access::write})
    CHECK(why_not(folder.state(), access) == Code::ledger_missing);
  CHECK(!std::filesystem::exists(folder.state()));
  std::filesystem::create_directory(folder.state());
  std::filesystem::permissions(folder.state(), std::filesystem::perms::owner_all);
  for (const Access access : {Access::read, Access::write})
    CHECK(why_not(folder.state(), access) == Code::ledger_missing);
  CHECK(std::filesystem::is_empty(folder.state()));
  const auto there = ledger::exists(folder.state());
  REQUIRE(there);
  CHECK(!*there);
}

TEST_CASE("a folder that may not be looked into is not one without a ledger") {
  const Scratch folder;
  made(folder.state());
  std::filesystem::permissions(folder.state(), std::filesystem::perms::none);
  const int seen = in_child([&] {
    if (::geteuid() == 0 && ::setuid(65534) != 0) return 1;  // root may look everywhere
    const auto there = ledger::exists(folder.state());
    if (there || there.error().code != Code::ledger_open) return 2;
    return why_not(folder.state(), Access::read) == Code::ledger_open ? 0 : 3;
  });
  std::filesystem::permissions(folder.state(), std::filesystem::perms::owner_all);
  CHECK(seen == 0);
}

TEST_CASE("a ledger is not made over another, nor where the parent is missing") {
  const Scratch folder;
  const std::string id = made(folder.state()).ledger_id();
  const auto again = Ledger::create(folder.state(), "shop", holder(), at(1));
  REQUIRE(!again);
  CHECK(again.error().code == Code::ledger_open);
  CHECK(opened(folder.state(), Access::read).ledger_id() == id);
  CHECK(Ledger::create(folder.path() + "/a/b", "shop", holder(), at(1)).error().code ==
        Code::ledger_open);
}

TEST_CASE("what a killed creation left behind does not stand in the way") {
  const Scratch folder;
  std::filesystem::create_directory(folder.state());
  std::ofstream(folder.file() + ".new") << "half";
  std::ofstream(folder.file() + ".new-journal") << "half";
  CHECK(made(folder.state()).environment() == "shop");
}

TEST_CASE("another environment's ledger is refused, and told whose it is") {
  const Scratch folder;
  { const Ledger book = made(folder.state()); }
  const auto foreign = Ledger::open(folder.state(), "bank", Access::read, holder(), at(1));
  REQUIRE(!foreign);
  CHECK(foreign.error().code == Code::ledger_foreign);
  CHECK(foreign.error().detail == "It is of \"shop\", the configuration of \"bank\".");
}

TEST_CASE("a second writer is told who the first is, and a reader reads beside it") {
  const Scratch folder;
  Ledger book = made(folder.state());
  REQUIRE(book.append_audit({"root", "apply", "", "", "", ""}, at(2)));
  const auto second = Ledger::open(folder.state(), "shop", Access::write, holder("renew"), at(3));
  REQUIRE(!second);
  CHECK(second.error().code == Code::locked);
  CHECK(second.error().detail == "pid 123 on admin1 by root since 2027-01-01 00:00:00Z: apply");
  CHECK(opened(folder.state(), Access::read).audit_log(0)->size() == 1);
  CHECK(in_child([&] {
          const auto third = Ledger::open(folder.state(), "shop", Access::write, holder(), at(3));
          return third || third.error().code != Code::locked ? 1 : 0;
        }) == 0);
}

TEST_CASE("the lock falls with its holder, however that ends") {
  const Scratch folder;
  { const Ledger book = made(folder.state()); }
  REQUIRE(in_child([&] {
            const auto book = Ledger::open(folder.state(), "shop", Access::write, holder(), at(1));
            return book ? 0 : 1;  // _exit without closing
          }) == 0);
  CHECK(opened(folder.state(), Access::write).environment() == "shop");
}

TEST_CASE("a ledger opened for reading writes nothing") {
  const Scratch folder;
  with_rows(folder, 1);
  Ledger book = opened(folder.state(), Access::read);
  CHECK(book.append_audit({}, at(2)).error().code == Code::ledger_read_only);
  CHECK(book.transaction([] { return base::Result<void>(); }).error().code ==
        Code::ledger_read_only);
  CHECK(book.audit_log(0)->size() == 1);
}

TEST_CASE("a writer killed within a transaction leaves a whole ledger without it") {
  const Scratch folder;
  with_rows(folder, 3);
  for (int round = 0; round < 5; ++round) {
    const int status = in_child([&] {
      auto book = Ledger::open(folder.state(), "shop", Access::write, holder(), at(4));
      if (!book) return 1;
      const auto done = book->transaction([&]() -> base::Result<void> {
        for (int row = 0; row < 200; ++row)
          if (!book->append_audit({"root", std::string(2000, 'x'), "", "", "", ""}, at(5)))
            ::_exit(2);
        ::_exit(42);
      });
      return done ? 3 : 4;
    });
    REQUIRE(status == 42);
    const Ledger book = opened(folder.state(), Access::write);
    CHECK(book.audit_log(0)->size() == 3);
    CHECK(!book.verify_audit()->has_value());
  }
}

TEST_CASE("an entry that was acknowledged is there after the writer was killed") {
  const Scratch folder;
  with_rows(folder, 1);
  REQUIRE(in_child([&] {
            auto book = Ledger::open(folder.state(), "shop", Access::write, holder(), at(2));
            return book && book->append_audit({"root", "renew", "", "", "", ""}, at(2)) ? 0 : 1;
          }) == 0);
  const auto rows = opened(folder.state(), Access::read).audit_log(1);
  REQUIRE(rows->size() == 1);
  CHECK((*rows)[0].entry.what == "renew");
}

TEST_CASE("a newer schema is refused, and a file that is no ledger of ours is damage") {
  const Scratch folder;
  { const Ledger book = made(folder.state()); }
  SUBCASE("newer") {
    tamper(folder.file(), "PRAGMA user_version = 2");
    CHECK(why_not(folder.state(), Access::write) == Code::ledger_newer);
    CHECK(why_not(folder.state(), Access::read) == Code::ledger_newer);
  }
  SUBCASE("another program's") {
    tamper(folder.file(), "PRAGMA application_id = 7");
    CHECK(why_not(folder.state(), Access::read) == Code::ledger_corrupt);
  }
  SUBCASE("no database") {
    std::ofstream(folder.file()) << std::string(8192, 'x');
    CHECK(why_not(folder.state(), Access::read) == Code::ledger_corrupt);
  }
  SUBCASE("empty") {
    std::ofstream(folder.file()).flush();
    CHECK(why_not(folder.state(), Access::write) == Code::ledger_corrupt);
  }
  SUBCASE("cut off") {
    std::filesystem::resize_file(folder.file(), 5000);
    CHECK(why_not(folder.state(), Access::write) == Code::ledger_corrupt);
  }
}

TEST_CASE(
    "damage in any page's beginning is found before anything is written, and by who reads it") {
  const Scratch folder;
  with_rows(folder, 200);
  const auto pages = std::filesystem::file_size(folder.file()) / 4096;
  REQUIRE(pages > 10);
  const std::string whole = [&] {
    std::ifstream stream(folder.file(), std::ios::binary);
    return std::string(std::istreambuf_iterator<char>(stream), {});
  }();
  for (unsigned page = 1; page < pages; ++page) {
    overwrite(folder.file(), static_cast<std::streamoff>(page) * 4096, std::string(64, '\xff'));
    CAPTURE(page);
    CHECK(why_not(folder.state(), Access::write) == Code::ledger_corrupt);
    // A reader that needs nothing of it is served; the whole log goes through every page.
    if (const auto book = Ledger::open(folder.state(), "shop", Access::read, holder(), at(1))) {
      const auto rows = book->audit_log(0);
      CHECK((rows ? rows->size() == 200 : rows.error().code == Code::ledger_corrupt));
      CHECK(book->verify_audit().error().code == Code::ledger_corrupt);
    }
    overwrite(folder.file(), 0, whole);
  }
  CHECK(!opened(folder.state(), Access::read).verify_audit()->has_value());
}

TEST_CASE("an audit row that was changed, taken out, put in or cut off is found where it was") {
  const Scratch folder;
  with_rows(folder, 6);
  const std::string free = "DROP TRIGGER audit_stays; DROP TRIGGER audit_remains;";
  const auto broken_at = [&](const std::string& sql) -> std::int64_t {
    tamper(folder.file(), free + sql);
    const auto found = opened(folder.state(), Access::read).verify_audit();
    REQUIRE(found);
    REQUIRE(found->has_value());
    CHECK((*found)->what.ends_with('.'));
    return (*found)->seq;
  };
  CHECK(!opened(folder.state(), Access::read).verify_audit()->has_value());
  SUBCASE("a word") { CHECK(broken_at("UPDATE audit SET host = 'db9' WHERE seq = 3") == 3); }
  SUBCASE("the time") { CHECK(broken_at("UPDATE audit SET at = at + 1 WHERE seq = 1") == 1); }
  SUBCASE("from one field into the next") {
    CHECK(broken_at("UPDATE audit SET who = 'roota', what = 'pply' WHERE seq = 4") == 4);
  }
  SUBCASE("a hash") { CHECK(broken_at("UPDATE audit SET hash = prev WHERE seq = 5") == 5); }
  SUBCASE("taken out of the middle") { CHECK(broken_at("DELETE FROM audit WHERE seq = 4") == 4); }
  SUBCASE("taken out and closed up") {
    CHECK(broken_at("DELETE FROM audit WHERE seq = 4;"
                    "UPDATE audit SET seq = seq - 1 WHERE seq > 4") == 4);
  }
  SUBCASE("the first") { CHECK(broken_at("DELETE FROM audit WHERE seq = 1") == 1); }
  SUBCASE("the last") { CHECK(broken_at("DELETE FROM audit WHERE seq = 6") == 6); }
  SUBCASE("all") { CHECK(broken_at("DELETE FROM audit") == 1); }
  SUBCASE("put in at the end") {
    CHECK(broken_at("INSERT INTO audit SELECT 7, at, who, what, host, slot, reason, detail, hash,"
                    " hash FROM audit WHERE seq = 6") == 7);
  }
}

TEST_CASE("a row that was changed together with its hash is betrayed by the row after it") {
  const Scratch folder;
  with_rows(folder, 4);
  const auto rows = opened(folder.state(), Access::read).audit_log(0);
  REQUIRE(rows);
  const ledger::AuditRow& row = (*rows)[1];
  const std::string at_seconds = std::to_string(row.at.time_since_epoch().count());
  const auto hash_as = [&](const std::string& host) {
    return x509::sha256_hex(base::pack({row.prev, "2", at_seconds, row.entry.who, row.entry.what,
                                        host, row.entry.slot, row.entry.reason, row.entry.detail}));
  };
  REQUIRE(hash_as(row.entry.host) == row.hash);  // the formula, told once more
  tamper(folder.file(), "DROP TRIGGER audit_stays; UPDATE audit SET host = 'db9', hash = '" +
                            hash_as("db9") + "' WHERE seq = 2");
  const auto found = opened(folder.state(), Access::read).verify_audit();
  REQUIRE(found);
  REQUIRE(found->has_value());
  CHECK((*found)->seq == 3);
  CHECK((*found)->what == "Row 3 does not follow on the row before it.");
}

TEST_CASE("a slip of the hand in a SQL shell changes no audit row") {
  const Scratch folder;
  with_rows(folder, 2);
  sqlite3* database = nullptr;
  REQUIRE(sqlite3_open(folder.file().c_str(), &database) == SQLITE_OK);
  CHECK(sqlite3_exec(database, "DELETE FROM audit", nullptr, nullptr, nullptr) != SQLITE_OK);
  CHECK(sqlite3_exec(database, "UPDATE audit SET who = ''", nullptr, nullptr, nullptr) !=
        SQLITE_OK);
  sqlite3_close(database);
}

TEST_CASE("the newest rows of the log come oldest first") {
  const Scratch folder;
  with_rows(folder, 5);
  const auto rows = opened(folder.state(), Access::read).audit_log(2);
  REQUIRE(rows->size() == 2);
  CHECK((*rows)[0].seq == 4);
  CHECK((*rows)[1].entry.host == "db5");
  CHECK((*rows)[1].prev == (*rows)[0].hash);
}

TEST_CASE("a folder that others may write into is refused") {
  const Scratch folder;
  { const Ledger book = made(folder.state()); }
  REQUIRE(::chmod(folder.state().c_str(), 0770) == 0);
  CHECK(why_not(folder.state(), Access::write) == Code::ledger_open);
}

TEST_CASE("a ledger that is a link is refused") {
  const Scratch folder;
  { const Ledger book = made(folder.state()); }
  std::filesystem::rename(folder.file(), folder.path() + "/elsewhere");
  std::filesystem::create_symlink(folder.path() + "/elsewhere", folder.file());
  CHECK(why_not(folder.state(), Access::read) == Code::ledger_open);
}

TEST_CASE("in a folder that cannot be written, reading works and writing is refused") {
  if (::geteuid() != 0) {
    MESSAGE("skipped: only root can become somebody who may not write");
    return;
  }
  const Scratch folder;
  with_rows(folder, 2);
  // Another user reads what root keeps: stands for a mount that is read-only.
  REQUIRE(::chmod(folder.path().c_str(), 0755) == 0);
  REQUIRE(::chmod(folder.state().c_str(), 0755) == 0);
  REQUIRE(::chmod(folder.file().c_str(), 0644) == 0);
  const auto as_nobody = [&](Access access) {
    return in_child([&] {
      if (::setgid(65534) != 0 || ::setuid(65534) != 0) return 100;
      auto book = Ledger::open(folder.state(), "shop", access, holder(), at(3));
      if (!book) return book.error().code == Code::ledger_read_only ? 2 : 3;
      const auto rows = book->audit_log(0);
      return rows && rows->size() == 2 ? 0 : 1;
    });
  };
  CHECK(as_nobody(Access::read) == 0);
  CHECK(as_nobody(Access::write) == 2);
}
