// SPDX-License-Identifier: PostgreSQL
// Generated rules that load, and connections to the installed server under them: what explain
// foretells is what happens. A disagreement prints file, connection and seed; PGSEAL_HBA_FILES=N
// tries N files, PGSEAL_HBA_SEED=N begins elsewhere.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <cstdio>
#include <cstdlib>

#include "server/tried_rules.h"

namespace {

using admission::Connection;
using admission::Decision;
using tried_rules::Outcome;

struct Tally {
  int connections = 0;
  int outcomes[6] = {};
  int wrong = 0;
};

void compare(const scratch::Server& server, std::uint64_t seed, Tally& tally) {
  tried_rules::InForce tried(server, seed);
  const std::string& text = tried.text;
  const admission::Rules judge(tried.rules, tried.idents, tried.roles, tried.version, {});
  for (int i = 0; i < 12; ++i) {
    const Connection asked = tried.writer.connection();
    const Decision decision = judge.explain(asked);
    const std::string said = tried_rules::answer(server, asked);
    const Outcome real = tried_rules::outcome_of(said);
    ++tally.connections;
    ++tally.outcomes[static_cast<int>(real)];
    if (decision.outcome == real) continue;
    ++tally.wrong;
    std::fputs(
        fmt::format("PGSEAL_HBA_SEED={} PGSEAL_HBA_FILES=1\n{}{}\nours: {}, the server: {}\n", seed,
                    text, to_string(asked), static_cast<int>(decision.outcome), said)
            .c_str(),
        stdout);
  }
}

}  // namespace

TEST_CASE("what explain foretells is what the installed server does") {
  scratch::Server* server = tried_rules::server_for_rules();
  if (server == nullptr) return;
  const std::uint64_t first = scratch::setting("PGSEAL_HBA_SEED", 1);
  const std::uint64_t files =
      scratch::setting("PGSEAL_HBA_FILES", ::getenv("PGSEAL_FULL") != nullptr ? 500 : 30);
  Tally tally;
  for (std::uint64_t seed = first; seed < first + files && tally.wrong < 10; ++seed)
    compare(*server, seed, tally);
  std::fputs(fmt::format("{} connections: {} accepted, {} rejected, {} unmatched, {} without a "
                         "certificate, {} with another's, {} disagreements\n",
                         tally.connections, tally.outcomes[0], tally.outcomes[1], tally.outcomes[2],
                         tally.outcomes[3], tally.outcomes[4], tally.wrong)
                 .c_str(),
             stdout);
  CHECK(tally.wrong == 0);
  if (files < 30) return;
  for (int outcome = 0; outcome < 5; ++outcome) {
    CAPTURE(outcome);
    CHECK(tally.outcomes[outcome] > 0);
  }
}
