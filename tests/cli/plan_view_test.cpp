// SPDX-License-Identifier: PostgreSQL
// A plan's text: a step a line with its reason, and once for each act what will prove it.
#include <doctest/doctest.h>

#include "cli/views.h"

using planning::StepState;

namespace {

planning::Step step(const char* host, fleet::ActKind kind, const char* proof, StepState state) {
  planning::Step made;
  made.host = host;
  made.act.kind = kind;
  made.reason = "no key yet";
  made.proof = proof;
  made.state = state;
  return made;
}

std::size_t times(const std::string& text, std::string_view part) {
  std::size_t number = 0;
  for (auto at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++number;
  return number;
}

std::string shown(StepState state) {
  planning::PlannedPhase phase;
  for (const char* host : {"db1", "db2"}) {
    phase.steps.push_back(step(host, fleet::ActKind::make_key, "the host answers", state));
    phase.steps.push_back(step(host, fleet::ActKind::reload, "a handshake shows it", state));
  }
  planning::Plan plan;
  plan.phases = {phase};
  return cli::text_of(plan, cli::Ink{});
}

}  // namespace

TEST_CASE("a plan says once for each act of a phase what will prove it") {
  const std::string text = shown(StepState::pending);
  CHECK(times(text, "no key yet") == 4);
  CHECK(times(text, "  proof ") == 2);
  CHECK(times(text, "make key: the host answers\n") == 1);
  CHECK(times(text, "reload: a handshake shows it\n") == 1);
}

TEST_CASE("what was done is not to be proved any more") {
  CHECK(times(shown(StepState::done), "proof") == 0);
}
