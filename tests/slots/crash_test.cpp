// SPDX-License-Identifier: PostgreSQL
// The node, its host or its link may end at any point of an act. What lies on disk then must still
// be a pair, and the same act again must lead to the end.
#include <poll.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "slots/actors.h"
#include "slots/changes.h"
#include "slots/house.h"
#include "x509/pair.h"

using fleet::ActKind;
using fleet::KeyState;
using house::House;
using house::must;
using house::Office;

namespace {

const fleet::Slot client = fleet::client_slot("app", "deploy");
const fleet::Slot server = fleet::server_slot("db1");

slots::SlotFiles files_of(const House& host, const fleet::Slot& slot) {
  if (slot == server) return must(slots::server_files(host.etc, slot, host.server));
  return must(slots::client_files("shop", slot, host.user));
}

x509::AuthorityKind kind_of(const fleet::Slot& slot) {
  return slot == server ? x509::AuthorityKind::server : x509::AuthorityKind::client;
}

/// Absent, or a key that belongs to the certificate.
void check_pair(House& host, const fleet::Slot& slot) {
  const auto facts = must(host.slots().look(slot));
  CHECK(facts.unsafe.empty());
  CHECK((facts.key == KeyState::absent || facts.key == KeyState::good));
  if (!facts.certificate.empty()) CHECK(facts.key == KeyState::good);
}

/// A process that does `steps` first steps of an act and is gone.
void die_after(const slots::SlotFiles& files, slots::Changes changes, std::size_t steps) {
  changes.steps.resize(steps);
  const pid_t child = ::fork();
  if (child == 0) {
    const auto done = slots::carry_out(files, changes);
    ::_exit(done ? 0 : 1);
  }
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  REQUIRE(status == 0);
}

struct Started {
  std::string old_certificate;
  fleet::Act act;
};

/// An act that will give the slot its first pair, or a second one with another key.
Started start(House& host, const fleet::Slot& slot, bool first) {
  auto slots = host.slots();
  Office office = Office::open(kind_of(slot));
  Started started;
  std::string expected;
  if (!first) {
    started.old_certificate = house::issue(slots, slot, office);
    expected = house::fingerprint(started.old_certificate);
  }
  const auto made = must(slots.make_key(house::act(ActKind::make_key, slot)));
  started.act = house::install(slot, office.sign(made.request), expected);
  return started;
}

void crash_between_steps(const fleet::Slot& slot, bool first) {
  for (std::size_t step = 0;; ++step) {
    House host;
    CAPTURE(step);
    const Started started = start(host, slot, first);
    const auto files = files_of(host, slot);
    const auto seen = must(slots::Actors().see(files));
    const auto decision =
        must(slots::decide_certificate({files, seen, house::noon()}, started.act));
    if (step > decision.changes.steps.size()) break;
    die_after(files, decision.changes, step);
    check_pair(host, slot);
    must(host.slots().install_certificate(started.act));
    const auto facts = must(host.slots().look(slot));
    CHECK(facts.certificate == started.act.certificate);
    CHECK(facts.key == KeyState::good);
    CHECK_FALSE(facts.pending);
  }
}

/// A process that is killed after `delay`, wherever it is, unless it has ended by then.
void kill_after(House& host, const fleet::Act& act, std::chrono::microseconds delay) {
  const pid_t child = ::fork();
  if (child == 0) {
    (void)::setpgid(0, 0);  // with the child that works in the home
    const auto done = host.slots().install_certificate(act);
    ::_exit(done ? 0 : 1);
  }
  (void)::setpgid(child, child);
  const base::Fd ended(static_cast<int>(::syscall(SYS_pidfd_open, child, 0)));
  REQUIRE(ended.open());
  const timespec deadline{0, std::chrono::nanoseconds(delay).count()};
  pollfd end{ended.get(), POLLIN, 0};
  (void)::ppoll(&end, 1, &deadline, nullptr);
  ::kill(-child, SIGKILL);
  REQUIRE(::waitpid(child, nullptr, 0) == child);
}

}  // namespace

TEST_CASE("a server's first pair, cut short between any two steps, is none or whole") {
  if (house::root_is_missing()) return;
  crash_between_steps(server, true);
}

TEST_CASE("a server's new key, cut short between any two steps, is the old pair or the new") {
  if (house::root_is_missing()) return;
  crash_between_steps(server, false);
}

TEST_CASE("a client's first pair, cut short between any two steps, is none or whole") {
  if (house::root_is_missing()) return;
  crash_between_steps(client, true);
}

TEST_CASE("a client's new key, cut short between any two steps, is the old pair or the new") {
  if (house::root_is_missing()) return;
  crash_between_steps(client, false);
}

TEST_CASE("a server's act killed at any moment leaves a matching pair, and ends when repeated") {
  if (house::root_is_missing()) return;
  for (int i = 0; i < 40; ++i) {
    House host;
    CAPTURE(i);
    const Started started = start(host, server, false);
    kill_after(host, started.act, std::chrono::microseconds(100 + i * 150));
    check_pair(host, server);
    must(host.slots().install_certificate(started.act));
    const auto facts = must(host.slots().look(server));
    CHECK(facts.certificate == started.act.certificate);
    CHECK(facts.key == KeyState::good);
    for (const auto& entry : std::filesystem::recursive_directory_iterator(host.etc))
      CHECK(entry.path().filename().string().rfind(".pgseal-tmp.", 0) == std::string::npos);
  }
}

TEST_CASE("a client's act killed at any moment ends when repeated") {
  if (house::root_is_missing()) return;
  for (int i = 0; i < 40; ++i) {
    House host;
    CAPTURE(i);
    const Started started = start(host, client, false);
    kill_after(host, started.act, std::chrono::microseconds(200 + i * 200));
    must(host.slots().install_certificate(started.act));
    const auto facts = must(host.slots().look(client));
    CHECK(facts.certificate == started.act.certificate);
    CHECK(facts.key == KeyState::good);
  }
}

TEST_CASE(
    "a client whose key was changed and whose certificate was not is healed by the same act") {
  if (house::root_is_missing()) return;
  House host;
  const Started started = start(host, client, false);
  // The one window: two renames adjoin, and the host went down between them.
  const std::string pending = house::content(host.pair("postgresql.key.pending"));
  const auto key = must(x509::PrivateKey::from_pem(pending));
  host.put(host.pair("postgresql.key"), std::string(key.to_pem().expose_secret()), 0600);
  CHECK(must(host.slots().look(client)).key == KeyState::mismatched);
  must(host.slots().install_certificate(started.act));
  CHECK(must(host.slots().look(client)).key == KeyState::good);
  CHECK(must(host.slots().look(client)).certificate == started.act.certificate);
}

TEST_CASE("a first pair whose key alone arrived is completed without asking for replacement") {
  if (house::root_is_missing()) return;
  House host;
  const Started started = start(host, client, true);
  const auto key =
      must(x509::PrivateKey::from_pem(house::content(host.pair("postgresql.key.pending"))));
  host.put(host.pair("postgresql.key"), std::string(key.to_pem().expose_secret()), 0600);
  must(host.slots().install_certificate(started.act));
  CHECK(must(host.slots().look(client)).key == KeyState::good);
}

TEST_CASE("a key left pending beside its own certificate is not handed out a second time") {
  if (house::root_is_missing()) return;
  House host;
  auto slots = host.slots();
  const Started started = start(host, client, true);
  const std::string spent = house::content(host.pair("postgresql.key.pending"));
  must(slots.install_certificate(started.act));
  host.put(host.pair("postgresql.key.pending"), spent, 0600);
  const auto made = must(slots.make_key(house::act(ActKind::make_key, client)));
  const bool same_key = must(x509::Request::parse(made.request)).spki() ==
                        must(x509::Certificate::from_pem(started.act.certificate)).spki;
  CHECK_FALSE(same_key);
}

TEST_CASE("half a file that a killed act left goes with the next act") {
  if (house::root_is_missing()) return;
  for (const fleet::Slot& slot : {client, server}) {
    House host;
    const Started started = start(host, slot, true);
    const auto files = files_of(host, slot);
    const std::string left = files.path_of(host::Folder::temporary_name(files.key));
    host.put(left, "-----BEGIN PRIVATE KEY-----\n", 0600);
    must(host.slots().install_certificate(started.act));
    CHECK_FALSE(std::filesystem::exists(left));
  }
}

TEST_CASE("a file that changed between decision and act keeps all steps from being done") {
  if (house::root_is_missing()) return;
  for (const fleet::Slot& slot : {client, server}) {
    House host;
    const Started started = start(host, slot, false);
    const auto files = files_of(host, slot);
    const auto seen = must(slots::Actors().see(files));
    const auto decision =
        must(slots::decide_certificate({files, seen, house::noon()}, started.act));
    REQUIRE(::chmod(files.path_of(files.certificate).c_str(), 0400) == 0);
    const std::string before = house::snapshot(host.root);
    const auto refused = slots::carry_out(files, decision.changes);
    REQUIRE_FALSE(refused);
    CHECK(refused.error().code == base::Code::file_changed);
    CHECK(house::snapshot(host.root) == before);
  }
}
