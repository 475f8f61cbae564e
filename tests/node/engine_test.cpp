// SPDX-License-Identifier: PostgreSQL
#include "node/engine.h"

#include <sys/wait.h>

#include <optional>

#include "slots/house.h"
#include "slots/mark.h"

using base::Code;
using fleet::ActKind;
using house::House;
using house::must;

namespace {

class Silence : public fleet::Prober {
 public:
  fleet::ServedFacts handshake(const fleet::HandshakeQuery& query) override {
    fleet::ServedFacts facts;
    facts.problem = "asked " + query.address;
    return facts;
  }
};

fleet::Brief brief_of(bool database = false) {
  fleet::Brief brief;
  brief.environment = "shop";
  brief.host = "app1";
  brief.database = database;
  brief.client_slots = {fleet::client_slot("app", "deploy"), fleet::client_slot("app", "missing")};
  return brief;
}

fleet::Act mark(const std::string& ledger, std::int64_t generation, bool take_over = false) {
  fleet::Act act = house::act(ActKind::mark_host, fleet::server_slot("app1"));
  act.mark = {"e-1", ledger, generation, ""};
  act.take_over = take_over;
  return act;
}

}  // namespace

TEST_CASE("an observation tells the host, its mark and every slot, whatever one of them lacks") {
  if (house::root_is_missing()) return;
  House host;
  Silence silence;
  auto engine = must(node::Engine::make(brief_of(), silence, host.world));
  const auto facts = must(engine->observe());
  CHECK(facts.host == "app1");
  CHECK_FALSE(facts.hostname.empty());
  CHECK_FALSE(facts.running_machine.empty());
  CHECK(facts.running_machine == must(engine->observe()).running_machine);
  CHECK_FALSE(facts.architecture.empty());
  CHECK(facts.node_version == PGSEAL_VERSION);
  CHECK(facts.clock > 1'700'000'000);
  CHECK_FALSE(facts.mark);
  CHECK_FALSE(facts.server_slot);
  REQUIRE(facts.client_slots.size() == 2);
  CHECK(facts.client_slots[0].user_exists);
  CHECK_FALSE(facts.client_slots[1].user_exists);
}

TEST_CASE("an observation makes neither file nor folder") {
  if (house::root_is_missing()) return;
  House host;
  Silence silence;
  const std::string before = house::snapshot(host.root);
  must(must(node::Engine::make(brief_of(true), silence, host.world))->observe());
  CHECK(house::snapshot(host.root) == before);
}

TEST_CASE("a handshake asked of a host is the prober's, and says who asked") {
  if (house::root_is_missing()) return;
  House host;
  Silence silence;
  auto engine = must(node::Engine::make(brief_of(), silence, host.world));
  const auto served = must(engine->handshake({"db9", 5432, ""}));
  CHECK(served.problem == "asked db9");
  CHECK(served.asked_from == "app1");
}

TEST_CASE("an act on a slot that is not this host's is refused") {
  if (house::root_is_missing()) return;
  House host;
  Silence silence;
  auto engine = must(node::Engine::make(brief_of(), silence, host.world));
  for (const fleet::Slot& slot :
       {fleet::client_slot("other", "deploy"), fleet::server_slot("app1"),
        fleet::client_slot("app", "deploy", fleet::SlotPlace::environment)}) {
    const auto refused = engine->perform(house::act(ActKind::make_key, slot));
    REQUIRE_FALSE(refused);
    CHECK(refused.error().code == Code::protocol_value);
  }
  CHECK_FALSE(engine->perform(house::act(ActKind::reload, fleet::server_slot("app1"))));
  CHECK(engine->perform(house::act(ActKind::make_key, fleet::client_slot("app", "deploy"))));
}

TEST_CASE("a node at work keeps a second one out, which is told who it is") {
  if (house::root_is_missing()) return;
  House host;
  Silence silence;
  auto second = must(node::Engine::make(brief_of(), silence, host.world));
  const auto act = house::act(ActKind::make_key, fleet::client_slot("app", "deploy"));
  std::optional<host::HostLock> at_work =
      must(host::HostLock::take(host.world.lock, house::noon()));
  const auto refused = second->perform(act);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == Code::host_locked);
  CHECK(refused.error().detail.find(fmt::format("process {} since ", ::getpid())) !=
        std::string::npos);
  CHECK(second->observe());
  at_work.reset();
  CHECK(second->perform(act));
}

TEST_CASE("a node that waits for its next request is in nobody's way") {
  if (house::root_is_missing()) return;
  House host;
  Silence silence;
  auto cut_off = must(node::Engine::make(brief_of(), silence, host.world));
  auto next = must(node::Engine::make(brief_of(), silence, host.world));
  const auto act = house::act(ActKind::make_key, fleet::client_slot("app", "deploy"));
  must(cut_off->perform(act));
  CHECK(must(next->perform(act)).request == must(cut_off->perform(act)).request);
}

TEST_CASE("the lock goes with its holder, however that ended") {
  if (house::root_is_missing()) return;
  House host;
  const pid_t child = ::fork();
  if (child == 0) {
    auto lock = host::HostLock::take(host.world.lock, house::noon());
    ::_exit(lock ? 0 : 1);
  }
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  REQUIRE(status == 0);
  CHECK(host::HostLock::take(host.world.lock, house::noon()));
}

TEST_CASE("a lock file that is a link is not followed") {
  if (house::root_is_missing()) return;
  House host;
  host.put(host.root + "/victim", "untouched");
  REQUIRE(::symlink((host.root + "/victim").c_str(), host.world.lock.c_str()) == 0);
  CHECK_FALSE(host::HostLock::take(host.world.lock, house::noon()));
  CHECK(house::content(host.root + "/victim") == "untouched");
}

TEST_CASE("a mark is written once, read again, and raised by its own ledger") {
  if (house::root_is_missing()) return;
  House host;
  Silence silence;
  auto engine = must(node::Engine::make(brief_of(), silence, host.world));
  CHECK(must(engine->perform(mark("l-1", 3))).changed);
  CHECK_FALSE(must(engine->perform(mark("l-1", 3))).changed);
  CHECK(must(engine->perform(mark("l-1", 4))).changed);
  CHECK(must(engine->observe()).mark == fleet::Mark{"e-1", "l-1", 4, "app1"});
  CHECK(house::seen(host.etc + "/mark/shop").st_mode == (S_IFREG | 0644));
}

TEST_CASE("another ledger, another environment and an older state are refused by the mark") {
  if (house::root_is_missing()) return;
  House host;
  Silence silence;
  auto engine = must(node::Engine::make(brief_of(), silence, host.world));
  must(engine->perform(mark("l-1", 3)));
  auto other = mark("l-1", 5);
  other.mark.environment_id = "e-2";
  for (const fleet::Act& act : {mark("l-2", 9), mark("l-1", 2), other}) {
    const auto refused = engine->perform(act);
    REQUIRE_FALSE(refused);
    CHECK(refused.error().code == Code::refused_mark);
  }
  auto as_another = brief_of();
  as_another.host = "app2";
  const auto mistaken =
      must(node::Engine::make(as_another, silence, host.world))->perform(mark("l-1", 5));
  REQUIRE_FALSE(mistaken);
  CHECK(mistaken.error().detail == "It names this host \"app1\".");
  CHECK(must(engine->observe()).mark == fleet::Mark{"e-1", "l-1", 3, "app1"});
  CHECK(must(engine->perform(mark("l-2", 1, true))).changed);
  CHECK(must(engine->observe()).mark == fleet::Mark{"e-1", "l-2", 1, "app1"});
  CHECK(std::filesystem::exists(host.etc + "/archive/mark:shop/index"));
}

TEST_CASE("a mark that cannot be read is a finding, and is replaced by a take-over alone") {
  if (house::root_is_missing()) return;
  House host;
  Silence silence;
  auto engine = must(node::Engine::make(brief_of(), silence, host.world));
  must(engine->perform(mark("l-1", 3)));
  host.put(host.etc + "/mark/shop", "generation = many\n");
  const auto facts = must(engine->observe());
  CHECK(std::any_of(facts.findings.begin(), facts.findings.end(),
                    [](const base::Finding& finding) { return finding.code == "mark"; }));
  const auto refused = engine->perform(mark("l-1", 3));
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == Code::mark);
  CHECK(must(engine->perform(mark("l-1", 3, true))).changed);
}

TEST_CASE("a mark's text is read as it is written, and nothing else is") {
  const fleet::Mark mark{"e", "l", 7, ""};
  CHECK(must(slots::parse_mark(slots::format_mark(mark))) == mark);
  const fleet::Mark named{"e", "l", 7, "app1"};
  CHECK(must(slots::parse_mark(slots::format_mark(named))) == named);
  for (const char* text : {"", "environment_id = e\nledger_id = l\n", "generation = -1\n",
                           "environment_id = e\nledger_id = l\ngeneration = 1x\n",
                           "environment_id = e\nledger_id = l\ngeneration = 1\nmore = 1\n",
                           "environment_id = e\nledger_id = l\nhost = app1\n",
                           "environment_id = e\nenvironment_id = l\ngeneration = 1\n"}) {
    CAPTURE(text);
    CHECK_FALSE(slots::parse_mark(text));
  }
}
