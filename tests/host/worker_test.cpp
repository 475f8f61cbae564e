// SPDX-License-Identifier: PostgreSQL
#include "host/worker.h"

#include <errno.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <thread>

#include "slots/house.h"

using namespace std::chrono_literals;
using base::Result;
using host::Worker;

namespace {

const host::OsUser somebody{"daemon", 1, 1, "/usr/sbin"};

/// Memory that the child shares with the test.
struct Shared {
  std::atomic<int> rests{0};
};

Shared* share() {
  void* memory =
      ::mmap(nullptr, sizeof(Shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  REQUIRE(memory != MAP_FAILED);
  return new (memory) Shared;
}

class Duty : public Worker::Duty {
 public:
  explicit Duty(Shared* shared = nullptr) : shared_(shared) {}

  Result<std::string> answer(std::string_view question) override {
    ++asked_;
    if (question == "die") ::_exit(3);
    if (question == "hang") ::pause();
    if (question == "fail")
      return base::error(base::Code::file_unsafe, "a\nb").with_detail("c").with_hint("d");
    if (question == "who") return fmt::format("{} {} {}", ::getpid(), ::geteuid(), ::getegid());
    if (question == "open") return open_ones();
    return fmt::format("{} {}", asked_, question);
  }
  void rest() override {
    if (shared_ != nullptr) ++shared_->rests;
  }

 private:
  static std::string open_ones() {
    std::string numbers;
    struct stat state {};
    for (int fd = 3; fd < 1024; ++fd)
      if (::fstat(fd, &state) == 0) numbers += fmt::format("{} ", fd);
    return numbers;
  }

  Shared* shared_;
  int asked_ = 0;
};

std::unique_ptr<Worker> start(Duty& duty, std::chrono::milliseconds idle = 60s) {
  return house::must(Worker::start(somebody, idle, duty));
}

}  // namespace

TEST_CASE("one child that has become the user answers question after question") {
  if (house::root_is_missing()) return;
  Duty duty;
  const auto worker = start(duty);
  const std::string who = house::must(worker->ask("who", 10s));
  CHECK(who.ends_with(" 1 1"));
  CHECK(who != fmt::format("{} 1 1", ::getpid()));
  CHECK(house::must(worker->ask("who", 10s)) == who);
  CHECK(house::must(worker->ask("third", 10s)) == "3 third");
  CHECK(house::must(worker->ask("open", 10s)) == "3 ");
}

TEST_CASE("a megabyte goes to the child and comes back") {
  if (house::root_is_missing()) return;
  Duty duty;
  const auto worker = start(duty);
  const std::string much(1 << 20, 'x');
  CHECK(house::must(worker->ask(much, 20s)) == "1 " + much);
}

TEST_CASE("an error of one question does not end the child") {
  if (house::root_is_missing()) return;
  Duty duty;
  const auto worker = start(duty);
  const auto failed = worker->ask("fail", 10s);
  REQUIRE_FALSE(failed);
  CHECK(failed.error().code == base::Code::file_unsafe);
  CHECK(failed.error().message == "a\nb");
  CHECK(failed.error().detail == "c");
  CHECK(failed.error().hint == "d");
  CHECK_FALSE(worker->over());
  CHECK(house::must(worker->ask("next", 10s)) == "2 next");
}

TEST_CASE("a child that dies is over, and so is one that takes too long") {
  if (house::root_is_missing()) return;
  struct Case {
    const char* question;
    std::chrono::seconds limit;
    const char* message;
  };
  for (const Case& each :
       {Case{"die", 10s, "died without an answer"}, Case{"hang", 1s, "longer than 1 s"}}) {
    CAPTURE(each.question);
    Duty duty;
    const auto worker = start(duty);
    const auto failed = worker->ask(each.question, each.limit);
    REQUIRE_FALSE(failed);
    CHECK(failed.error().message.find(each.message) != std::string::npos);
    CHECK(worker->over());
    CHECK_FALSE(worker->ask("next", 1s));
    CHECK(::waitpid(-1, nullptr, WNOHANG) == -1);  // no zombie
  }
}

TEST_CASE("a child that nobody asks rests, and answers again") {
  if (house::root_is_missing()) return;
  Shared* const shared = share();
  Duty duty(shared);
  const auto worker = start(duty, 1ms);
  const auto deadline = std::chrono::steady_clock::now() + 20s;
  while (shared->rests == 0 && std::chrono::steady_clock::now() < deadline)
    std::this_thread::yield();
  CHECK(shared->rests == 1);
  CHECK(house::must(worker->ask("next", 10s)) == "1 next");
}

TEST_CASE("a child ends with its owner, and rests before") {
  if (house::root_is_missing()) return;
  Shared* const shared = share();
  Duty duty(shared);
  start(duty).reset();
  CHECK(shared->rests == 1);
  CHECK(::waitpid(-1, nullptr, WNOHANG) == -1);
}

TEST_CASE("a child does not outlive an owner that was killed") {
  if (house::root_is_missing()) return;
  REQUIRE(::prctl(PR_SET_CHILD_SUBREAPER, 1) == 0);
  const pid_t owner = ::fork();
  if (owner == 0) {
    Duty duty;
    auto worker = Worker::start(somebody, 60s, duty);
    if (!worker || !(*worker)->ask("who", 10s)) ::_exit(9);
    ::_exit(0);  // as after a kill: nothing is told to the child
  }
  int status = 0;
  REQUIRE(::waitpid(owner, &status, 0) == owner);
  CHECK(status == 0);
  // The orphan is this process's child now: its end is awaited, or the test hangs.
  CHECK(::waitpid(-1, &status, 0) > 0);
  CHECK(WIFEXITED(status));
  ::prctl(PR_SET_CHILD_SUBREAPER, 0);
}
