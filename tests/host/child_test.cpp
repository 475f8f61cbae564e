// SPDX-License-Identifier: PostgreSQL
#include "host/child.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <stdexcept>
#include <thread>

#include "slots/house.h"

using namespace std::chrono_literals;
using base::Result;

namespace {
const host::OsUser somebody{"daemon", 1, 1, "/usr/sbin"};
}

TEST_CASE("a child has become the user in every id and cannot become root again") {
  if (house::root_is_missing()) return;
  const auto ids = house::must(host::as_user(somebody, 10s, []() -> Result<std::string> {
    uid_t r = 0, e = 0, s = 0;
    gid_t gr = 0, ge = 0, gs = 0;
    ::getresuid(&r, &e, &s);
    ::getresgid(&gr, &ge, &gs);
    const bool back = ::setuid(0) == 0 || ::seteuid(0) == 0 || ::setgid(0) == 0;
    gid_t groups[64];
    const int count = ::getgroups(64, groups);
    bool roots_group = false;
    for (int i = 0; i < count; ++i) roots_group = roots_group || groups[i] == 0;
    return fmt::format("{} {} {} {} {} {} {} {} dumpable {}", r, e, s, gr, ge, gs, back,
                       roots_group, ::prctl(PR_GET_DUMPABLE));
  }));
  CHECK(ids == "1 1 1 1 1 1 false false dumpable 0");
}

TEST_CASE("a child of root's own stays root") {
  if (house::root_is_missing()) return;
  CHECK(house::must(host::as_user(host::root_user(), 10s, []() -> Result<std::string> {
          return std::to_string(::geteuid());
        })) == "0");
}

TEST_CASE("an error comes home from the child with all its parts") {
  if (house::root_is_missing()) return;
  const auto failed = host::as_user(somebody, 10s, []() -> Result<std::string> {
    return base::error(base::Code::file_unsafe, "a\nb").with_detail("c").with_hint("d").during("e");
  });
  REQUIRE_FALSE(failed);
  CHECK(failed.error().code == base::Code::file_unsafe);
  CHECK(failed.error().message == "a\nb");
  CHECK(failed.error().detail == "c");
  CHECK(failed.error().hint == "d");
  CHECK(failed.error().while_doing == "e");
}

TEST_CASE("a megabyte comes home from the child") {
  if (house::root_is_missing()) return;
  const std::string much(1 << 20, 'x');
  CHECK(house::must(host::as_user(somebody, 10s, [&]() -> Result<std::string> { return much; })) ==
        much);
}

TEST_CASE("a child that takes too long is killed and leaves no zombie") {
  if (house::root_is_missing()) return;
  const auto start = std::chrono::steady_clock::now();
  const auto late = host::as_user(somebody, 1s, []() -> Result<std::string> {
    for (;;) ::pause();
  });
  REQUIRE_FALSE(late);
  CHECK(late.error().message.find("longer than 1 s") != std::string::npos);
  CHECK(std::chrono::steady_clock::now() - start < 5s);
  CHECK(::waitpid(-1, nullptr, WNOHANG) == -1);
}

TEST_CASE("a child that dies is an error") {
  if (house::root_is_missing()) return;
  const auto died = host::as_user(somebody, 10s, []() -> Result<std::string> { ::_exit(3); });
  REQUIRE_FALSE(died);
  CHECK(died.error().message.find("died without an answer") != std::string::npos);
}

TEST_CASE("an exception in the child does not run the parent's code a second time") {
  if (house::root_is_missing()) return;
  const pid_t parent = ::getpid();
  // Both processes see it: an answer through the child's own pipe would be lost with it.
  void* shared = ::mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  REQUIRE(shared != MAP_FAILED);
  auto* escaped = static_cast<bool*>(shared);
  try {
    const auto died = host::as_user(
        somebody, 10s, []() -> Result<std::string> { throw std::runtime_error("thrown"); });
    CHECK_FALSE(died);
  } catch (const std::runtime_error&) {
    *escaped = true;
  }
  if (::getpid() != parent) ::_exit(9);
  CHECK_FALSE(*escaped);
  ::munmap(shared, 4096);
}

TEST_CASE("a child keeps none of the files that were open") {
  if (house::root_is_missing()) return;
  const int kept = ::open("/etc/passwd", O_RDONLY);  // not close-on-exec: forks inherit it anyway
  const auto open_ones = house::must(host::as_user(somebody, 10s, []() -> Result<std::string> {
    std::string numbers;
    struct stat null {};
    ::stat("/dev/null", &null);
    for (int fd = 0; fd < 1024; ++fd) {
      struct stat state {};
      if (::fstat(fd, &state) != 0) continue;
      if (fd < 3 && state.st_rdev == null.st_rdev) continue;
      numbers += fmt::format("{} ", fd);
    }
    return numbers;
  }));
  ::close(kept);
  CHECK(open_ones == "3 ");
}

TEST_CASE("a child's environment is HOME, USER and PATH") {
  if (house::root_is_missing()) return;
  ::setenv("PGPASSWORD", "secret", 1);
  const auto variables = house::must(host::as_user(somebody, 10s, []() -> Result<std::string> {
    std::string all;
    for (char** one = environ; *one != nullptr; ++one) all += std::string(*one) + "\n";
    return all;
  }));
  ::unsetenv("PGPASSWORD");
  CHECK(variables == "HOME=/usr/sbin\nUSER=daemon\nPATH=/usr/bin:/bin\n");
}

// The address sanitizer of gcc 12 does not hold its allocator's locks over a fork, as the C library
// does.
#ifndef __SANITIZE_ADDRESS__
TEST_CASE("children are made from several threads at once") {
  if (house::root_is_missing()) return;
  std::vector<std::thread> threads;
  std::atomic<int> good{0};
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([&, i] {
      for (int k = 0; k < 25; ++k) {
        const auto answer = host::as_user(
            somebody, 20s, [&]() -> Result<std::string> { return fmt::format("{} {}", i, k); });
        if (answer && *answer == fmt::format("{} {}", i, k)) ++good;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(good == 200);
}
#endif

TEST_CASE("a user that does not exist is named with the command that makes it") {
  const auto missing = host::find_user("no-such-user-here");
  REQUIRE_FALSE(missing);
  CHECK(missing.error().code == base::Code::user_missing);
  CHECK(missing.error().hint.find("useradd") != std::string::npos);
}
