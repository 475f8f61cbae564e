// SPDX-License-Identifier: PostgreSQL
// What is noted of a string on trial, and who may read it.
#include "server/trial.h"

#include <doctest/doctest.h>

#include "server/scratch.h"
#include "slots/house.h"

namespace {

slots::SlotFiles ours(const scratch::Server& server) {
  return slots::server_files(server.etc, fleet::server_slot("db1"),
                             host::find_user("postgres").value())
      .value();
}

}  // namespace

TEST_CASE("a trial is noted for root alone, until it ends") {
  scratch::Server* server = scratch::Server::fresh();
  if (server == nullptr) return;
  const slots::SlotFiles files = ours(*server);
  CHECK_FALSE(house::must(server::noted_trial(files)));
  const std::string former = "host=db1 user=replicator password=secret";
  const server::Trial trial = server::trial_of(former, former + " sslmode=verify-full");
  REQUIRE(server::note_trial(files, server::trial_of("older", "old")));
  REQUIRE(server::note_trial(files, trial));
  const auto noted = house::must(server::noted_trial(files));
  REQUIRE(noted);
  CHECK(noted->former == former);
  CHECK(noted->wanted_sha256 == trial.wanted_sha256);
  const struct stat state =
      house::seen(server->etc + "/archive/server:db1/primary_conninfo.untried");
  CHECK(state.st_uid == 0);
  CHECK((state.st_mode & 07777U) == 0600);
  REQUIRE(server::end_trial(files));
  REQUIRE(server::end_trial(files));
  CHECK_FALSE(house::must(server::noted_trial(files)));
}

TEST_CASE("a string is on trial while it stands in the file or the server goes by it") {
  const server::Trial trial = server::trial_of("former", "wanted");
  CHECK(server::on_trial(trial, "wanted", "former"));  // not loaded yet
  CHECK(server::on_trial(trial, "wanted", "wanted"));
  CHECK(server::on_trial(trial, "former", "wanted"));  // put back, and not loaded
  CHECK_FALSE(server::on_trial(trial, "former", "former"));
  CHECK_FALSE(server::on_trial(trial, "another", "another"));
}

TEST_CASE("a note that is broken is an error that names it") {
  scratch::Server* server = scratch::Server::fresh();
  if (server == nullptr) return;
  const slots::SlotFiles files = ours(*server);
  REQUIRE(server::note_trial(files, server::trial_of("former", "wanted")));
  scratch::shell("echo x >'" + server->etc + "/archive/server:db1/primary_conninfo.untried'");
  const auto broken = server::noted_trial(files);
  REQUIRE_FALSE(broken);
  CHECK(broken.error().message.find("primary_conninfo.untried") != std::string::npos);
  REQUIRE(server::end_trial(files));
}
