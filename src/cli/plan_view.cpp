// SPDX-License-Identifier: PostgreSQL
// A plan, or what an apply did with it, as text: a phase a paragraph, a step a line.
#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "cli/speech.h"
#include "cli/views.h"

namespace cli {
namespace {

using base::printable_line;
using planning::StepState;

/// Padded before it is coloured: a terminal does not count the colour's bytes, fmt does.
std::string sign(StepState state, bool waits, Ink ink) {
  switch (state) {
    case StepState::pending:
      return waits ? ink(Tone::middling, "waits ") : "+     ";
    case StepState::done:
      return ink(Tone::good, "ok    ");
    case StepState::owed:
      return ink(Tone::middling, "owed  ");
    case StepState::failed:
      return ink(Tone::bad, "FAILED");
  }
  return "+     ";
}

std::string step_line(const planning::Step& step, bool waits, Ink ink) {
  return fmt::format("  {} {:<10} {:<22} {:<26} {}\n", sign(step.state, waits, ink),
                     printable_line(step.host), fleet::to_string(step.act.kind),
                     fleet::subject(step.act), printable_line(step.reason));
}

/// What will be looked at after the steps that are still to take: once for each act of a phase.
std::string proof_lines(const planning::PlannedPhase& phase) {
  std::string text;
  for (const planning::Step& step : phase.steps) {
    if (step.state != StepState::pending) continue;
    const std::string line =
        fmt::format("  proof  {}: {}\n", fleet::to_string(step.act.kind), step.proof);
    if (text.find(line) == std::string::npos) text += line;
  }
  return text;
}

/// `past`: what was not taken by now waits for what its phase waits for.
std::string phase_text(const planning::PlannedPhase& phase, bool past, Ink ink) {
  std::string text =
      fmt::format("{}: {}\n", planning::name(phase.phase), planning::row(phase.phase).sentence);
  const bool waits = std::any_of(phase.steps.begin(), phase.steps.end(), [](const auto& step) {
    return step.state == StepState::pending || step.state == StepState::owed;
  });
  if (waits && !phase.gate.holds()) {
    text += fmt::format("  waits until {}\n", planning::name(phase.gate.gate));
    for (const planning::Blocker& blocker : phase.gate.blockers)
      text += fmt::format("         {:<10} {}\n", blocker.host, printable_line(blocker.reason));
  }
  for (const planning::Step& step : phase.steps)
    text += step_line(step, past && !phase.gate.lets(step.host), ink);
  return past ? text : text + proof_lines(phase);
}

std::size_t in_state(const planning::Plan& plan, StepState state) {
  std::size_t number = 0;
  for (const auto& phase : plan.phases)
    for (const auto& step : phase.steps) number += step.state == state ? 1 : 0;
  return number;
}

/// Steps that failed others keep back, and what hosts are owed that could not be given any.
std::size_t owed_in(const operations::ApplyReport& report) {
  std::size_t number = in_state(report.plan, StepState::owed);
  for (const planning::Owed& owed : report.plan.owed) number += owed.steps.size();
  return number;
}

std::string plan_text(const planning::Plan& plan, bool past, Ink ink) {
  std::string text;
  for (const auto& phase : plan.phases) text += phase_text(phase, past, ink);
  for (const planning::Owed& owed : plan.owed)
    text += fmt::format("owed to {}: {}\n", owed.host, fmt::join(owed.steps, ", "));
  return text + text_of(plan.findings, ink);
}

}  // namespace

std::string text_of(const planning::Plan& plan, Ink ink) { return plan_text(plan, false, ink); }

std::string text_of(const operations::ApplyReport& report, bool past, Ink ink) {
  const planning::Plan& plan = report.plan;
  std::string text = plan_text(plan, past, ink);
  if (plan.pending() == 0) {
    text += "nothing to do: every host is as it should be\n";
    if (base::any_problem(plan.findings) || !plan.owed.empty())
      text.replace(text.rfind("nothing to do"), std::string::npos,
                   "nothing that could be done now; see above\n");
    return text;
  }
  if (!past)
    return text + fmt::format("{} to take; pgseal apply takes them\n",
                              count(plan.pending(), "step", "steps"));
  text += fmt::format("{} done, {} failed, {} owed",
                      count(in_state(plan, StepState::done), "step", "steps"),
                      in_state(plan, StepState::failed), owed_in(report));
  const std::size_t rest = in_state(plan, StepState::pending);
  if (rest != 0) text += fmt::format(", {} {}", rest, report.interrupted ? "left" : "waiting");
  text += "\n";
  if (report.interrupted) text += "interrupted: run pgseal apply again to go on\n";
  return text;
}

}  // namespace cli
