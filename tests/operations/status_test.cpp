// SPDX-License-Identifier: PostgreSQL
#include "operations/status.h"

#include <doctest/doctest.h>

#include "fakes/world.h"
#include "ledger/scratch.h"
#include "operations/apply.h"

namespace {

class Silent : public operations::Listener {
 public:
  void host_asked(const std::string&, std::size_t, std::size_t) override {}
  void phase_begins(planning::Phase, std::size_t) override {}
  void step_ends(const planning::Step&, const std::string&) override {}
};

/// One primary without TLS, and the person who looks at it.
struct Site {
  scratch::Scratch folder;
  fakes::World hosts;
  Silent listener;
  operations::World world{hosts,
                          hosts,
                          listener,
                          [this] { return hosts.clock; },
                          [] { return false; },
                          [](std::chrono::milliseconds) {}};
  operations::Operator person{"root", "hub", 4711, "status", ""};

  Site() {
    hosts.clock = scratch::at(0);
    fleet::Environment& environment = hosts.environment;
    environment.name = "shop";
    environment.state = folder.state();
    environment.authority.unencrypted = true;
    environment.ssh.parallel = 1;
    fleet::Host& declared = environment.hosts.emplace_back();
    declared.name = "db1";
    declared.link = "ssh:db1";
    declared.address = "198.18.0.11";
    declared.database = true;
    fakes::Host& host = hosts.hosts.emplace("db1", fakes::Host("db1")).first->second;
    host.machine_id = std::string(32, 'a');
    host.postgres.emplace();
    host.postgres->install(host.disk, "");
    REQUIRE(host.postgres->start(host.disk, hosts.clock));
    hosts.join_all();
  }

  operations::StatusReport status(bool offline = false) {
    return operations::status(world, hosts.environment, person, offline).value();
  }
  std::size_t planned() {
    return operations::plan_only(world, hosts.environment, person, {}).value().plan.pending();
  }
  void apply() {
    REQUIRE(operations::apply(
        world, hosts.environment, person, {},
        {[](const planning::Plan&) { return base::Result<void>(); },
         [](bool) -> base::Result<base::Secret> { return base::Secret("never asked"); }}));
  }
};

}  // namespace

TEST_CASE("status counts the steps that plan would show, before an apply and after it") {
  Site site;
  REQUIRE(site.planned() > 0);
  CHECK(site.status().pending_steps == site.planned());
  site.apply();
  REQUIRE(site.planned() == 0);
  CHECK(site.status().pending_steps == 0);
}

TEST_CASE("a status that asks no host does not know of steps") {
  Site site;
  CHECK_FALSE(site.status(true).pending_steps.has_value());
}

TEST_CASE("a server that went back to an earlier certificate is shown as behind") {
  Site site;
  site.apply();
  REQUIRE_FALSE(site.status().hosts.front().slots.front().behind);
  const fakes::Disk before = site.hosts.hosts.at("db1").disk;
  site.hosts.clock += base::Days(80);
  site.apply();
  REQUIRE_FALSE(site.status().hosts.front().slots.front().behind);
  site.hosts.hosts.at("db1").disk = before;
  CHECK(site.status().hosts.front().slots.front().behind);
}
