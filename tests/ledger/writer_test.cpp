// SPDX-License-Identifier: PostgreSQL
// Entries of several threads in one commit: what they share, and what of one is not another's.
#include "ledger/writer.h"

#include <doctest/doctest.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>

#include "ledger/ledger.h"
#include "ledger/scratch.h"

using base::Code;
using base::Result;
using ledger::Access;
using ledger::Ledger;
using ledger::Writer;
using scratch::at;
using scratch::made;
using scratch::opened;
using scratch::Scratch;

namespace {

void await(const std::function<bool()>& condition) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  while (!condition() && std::chrono::steady_clock::now() < deadline) std::this_thread::yield();
  CHECK(condition());
}

Result<void> note(Ledger& book, const std::string& what) {
  TRY(book.append_audit({"root", what, "", "", "", ""}, at(1)));
  return {};
}

bool holds(const Ledger& book) {
  const auto broken = book.verify_audit();
  return broken && !broken->has_value();
}

/// Whatever one process may write to a file from now on ends here, as on a full disk.
void fill_disk(rlim_t bytes) {
  rlimit limit{};
  ::getrlimit(RLIMIT_FSIZE, &limit);
  limit.rlim_cur = bytes;
  ::signal(SIGXFSZ, SIG_IGN);
  ::setrlimit(RLIMIT_FSIZE, &limit);
}

}  // namespace

TEST_CASE("what waits while the writer is at work shares the next commit") {
  std::atomic<bool> begun = false;
  std::atomic<bool> go = false;
  std::vector<std::size_t> groups;
  Writer writer([&](const Writer::Entries& entries) {
    groups.push_back(entries.size());
    for (const auto& entry : entries) entry->outcome = entry->body();
  });
  std::vector<std::jthread> threads;
  threads.emplace_back([&] {
    CHECK(writer.write([&]() -> Result<void> {
      begun = true;
      await([&] { return go.load(); });
      return {};
    }));
  });
  await([&] { return begun.load(); });
  std::atomic<int> written = 0;
  for (int number = 0; number < 8; ++number)
    threads.emplace_back([&] {
      CHECK(writer.write([&]() -> Result<void> {
        CHECK(writer.is_this_thread());
        ++written;
        return {};
      }));
    });
  await([&] { return writer.waiting() >= 8; });
  go = true;
  threads.clear();
  CHECK(written == 8);
  CHECK(groups == std::vector<std::size_t>{1, 8});
}

TEST_CASE("an entry that fails or throws leaves nothing, and those that share its commit stay") {
  const Scratch folder;
  Ledger book = made(folder.state());
  std::atomic<int> right = 0;
  {
    std::vector<std::jthread> threads;
    for (int number = 0; number < 12; ++number)
      threads.emplace_back([&book, &right, number] {
        for (int round = 0; round < 20; ++round) try {
            const auto done = book.transaction([&]() -> Result<void> {
              TRY(note(book, number % 3 == 0 ? "kept" : "lost"));
              if (number % 3 == 1) return base::error(Code::link_lost, "gone");
              if (number % 3 == 2) throw number;
              return {};
            });
            if (number % 3 == 0 ? static_cast<bool>(done)
                                : !done && done.error().code == Code::link_lost)
              ++right;
          } catch (int thrown) {
            if (thrown == number) ++right;
          }
      });
  }
  CHECK(right == 240);
  const auto rows = book.audit_log(0).value();
  REQUIRE(rows.size() == 80);
  for (const auto& row : rows) CHECK(row.entry.what == "kept");
  CHECK(holds(book));
}

TEST_CASE("within a transaction the time of its own entries counts, outside only what is durable") {
  const Scratch folder;
  Ledger book = made(folder.state());
  CHECK(!book.transaction([&]() -> Result<void> {
    TRY(book.append_audit({"root", "apply", "", "", "", ""}, at(9)));
    CHECK(*book.last_entry_at() == at(9));
    return base::error(Code::link_lost, "gone");
  }));
  CHECK(*book.last_entry_at() == at(0));
  CHECK(note(book, "apply"));
  CHECK(*book.last_entry_at() == at(1));
}

TEST_CASE("on a full disk everyone who shares the commit is told, and what was durable stays") {
  const Scratch folder;
  {
    Ledger book = made(folder.state());
    CHECK(note(book, "before"));
  }
  const pid_t child = ::fork();
  if (child == 0) {
    auto book = Ledger::open(folder.state(), "shop", Access::write, scratch::holder(), at(2));
    if (!book || !note(*book, "within")) ::_exit(1);
    fill_disk(std::filesystem::file_size(folder.file() + "-wal") + 2000);
    std::atomic<int> told = 0;
    {
      std::vector<std::jthread> threads;
      for (int number = 0; number < 8; ++number)
        threads.emplace_back([&] {
          const auto done = note(*book, "beyond");
          if (!done && done.error().code == Code::ledger_open) ++told;
        });
    }
    if (told != 8) ::_exit(2);
    if (*book->last_entry_at() != at(1) || !holds(*book)) ::_exit(3);
    fill_disk(RLIM_INFINITY);
    if (!note(*book, "after")) ::_exit(4);
    ::_exit(0);
  }
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  CHECK(WIFEXITED(status));
  CHECK(WEXITSTATUS(status) == 0);
  const Ledger book = opened(folder.state(), Access::read);
  std::vector<std::string> words;
  const auto rows = book.audit_log(0).value();
  for (const auto& row : rows) words.push_back(row.entry.what);
  CHECK(words == std::vector<std::string>{"before", "within", "after"});
  CHECK(holds(book));
}
