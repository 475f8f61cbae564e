// SPDX-License-Identifier: PostgreSQL
// Colours in reports: on states and verdicts, as wide as without, and never the only sign.
#include <doctest/doctest.h>

#include <array>

#include "cli/progress.h"
#include "cli/views.h"

using planning::StepState;

namespace {

constexpr std::array states = {StepState::pending, StepState::done, StepState::owed,
                               StepState::failed};

planning::Step step(StepState state) {
  planning::Step made;
  made.host = "db1";
  made.reason = "no key yet";
  made.state = state;
  return made;
}

planning::Plan plan() {
  planning::PlannedPhase phase;
  for (const StepState state : states) phase.steps.push_back(step(state));
  planning::Plan made;
  made.phases = {phase};
  return made;
}

operations::VerifyReport proofs() {
  operations::VerifyReport report;
  report.connections.resize(2);
  report.connections[0].ok = true;
  return report;
}

std::string without_colors(std::string text) {
  for (auto at = text.find('\x1b'); at != std::string::npos; at = text.find('\x1b'))
    text.erase(at, text.find('m', at) + 1 - at);
  return text;
}

bool has(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("a step's state has its colour, what is only planned has none") {
  const std::string text = cli::text_of(plan(), cli::Ink{true});
  CHECK(has(text, "\n  +      db1 "));
  CHECK(has(text, "\x1b[32mok    \x1b[0m db1 "));
  CHECK(has(text, "\x1b[33mowed  \x1b[0m db1 "));
  CHECK(has(text, "\x1b[31mFAILED\x1b[0m db1 "));
}

TEST_CASE("a proof's verdict has its colour") {
  const std::string text = cli::text_of(proofs(), cli::Ink{true});
  CHECK(has(text, "\x1b[32mok    \x1b[0m"));
  CHECK(has(text, "\x1b[31mFAILED\x1b[0m"));
  CHECK(has(text, "\x1b[31mNOT proven\x1b[0m"));
}

TEST_CASE("without its colours a report is the report without colours") {
  CHECK(without_colors(cli::text_of(plan(), cli::Ink{true})) ==
        cli::text_of(plan(), cli::Ink{false}));
  CHECK(without_colors(cli::text_of(proofs(), cli::Ink{true})) ==
        cli::text_of(proofs(), cli::Ink{false}));
  for (const auto severity : {base::Severity::note, base::Severity::warning, base::Severity::error})
    CHECK(without_colors(cli::Ink{true}(severity)) == cli::Ink{false}(severity));
}

TEST_CASE("a warning and an error differ in colour, a note has none") {
  const cli::Ink ink{true};
  CHECK(ink(base::Severity::note) == "note");
  CHECK(ink(base::Severity::warning) == "\x1b[33mwarning\x1b[0m");
  CHECK(ink(base::Severity::error) == "\x1b[31merror\x1b[0m");
}
