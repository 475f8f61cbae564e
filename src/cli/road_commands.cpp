// SPDX-License-Identifier: PostgreSQL
// The commands of the road: plan, apply, verify, status. They differ in how far they go.
#include <fmt/format.h>
#include <unistd.h>

#include <thread>

#include "cli/commands.h"
#include "cli/consent.h"
#include "cli/json.h"
#include "cli/passphrase.h"
#include "cli/progress.h"
#include "cli/views.h"

namespace cli {
namespace {

using base::Result;

/// Doors, listener and clock of one command, kept as long as it runs.
struct Road {
  fleet::Environment environment;
  Doors doors;
  Progress progress;
  operations::World world;

  Road(Shell& shell, fleet::Environment configured_environment, Doors opened)
      : environment(std::move(configured_environment)),
        doors(std::move(opened)),
        progress(shell.speech, ::isatty(STDERR_FILENO) == 1),
        world{*doors.links,
              *doors.prober,
              progress,
              shell.outside.now,
              shell.outside.interrupted,
              [](std::chrono::milliseconds span) { std::this_thread::sleep_for(span); }} {}
};

/// `asking` hosts: then each needs its address.
Result<std::unique_ptr<Road>> open_road(Shell& shell, bool asking = true) {
  fleet::Environment environment = TRY(configured(shell));
  Doors doors = TRY(shell.outside.open_doors(environment));
  for (fleet::Host& host : environment.hosts)
    if (asking && host.address.empty()) host.address = TRY(doors.links->address_of(host));
  return std::make_unique<Road>(shell, std::move(environment), std::move(doors));
}

operations::ApplyOptions apply_options(const Options& options) {
  return {options.hosts, options.replace, options.take_over};
}

bool settled(const operations::ApplyReport& report) {
  if (base::any_problem(report.plan.findings) || !report.plan.owed.empty()) return false;
  for (const auto& phase : report.plan.phases)
    for (const auto& step : phase.steps)
      if (step.state != planning::StepState::done) return false;
  return true;
}

Result<void> ask(Shell& shell, const planning::Plan& plan) {
  if (!shell.options.json) shell.speech.say(text_of(plan, shell.speech.talk_ink()));
  return consent(shell, fmt::format("carry out {}?", count(plan.pending(), "step", "steps")));
}

}  // namespace

Result<int> plan_command(Shell& shell) {
  const auto road = TRY(open_road(shell));
  const auto report = TRY(operations::plan_only(road->world, road->environment, who(shell),
                                                apply_options(shell.options)));
  show(shell, text_of(report, false, shell.speech.ink()), json_of(report, "plan"));
  return settled(report) ? 0 : 1;
}

Result<int> apply_command(Shell& shell) {
  const auto road = TRY(open_road(shell));
  const auto report = TRY(operations::apply(
      road->world, road->environment, who(shell), apply_options(shell.options),
      {[&](const planning::Plan& plan) { return ask(shell, plan); },
       passphrase_source(road->environment), passphrase_at_hand(road->environment)}));
  show(shell, text_of(report, true, shell.speech.ink()), json_of(report, "apply"));
  return settled(report) ? 0 : 1;
}

Result<int> verify_command(Shell& shell) {
  const auto road = TRY(open_road(shell));
  const auto report = TRY(operations::verify(road->world, road->environment, who(shell)));
  show(shell, text_of(report, shell.speech.ink()), json_of(report));
  return report.ok() ? 0 : 1;
}

Result<int> status_command(Shell& shell) {
  const auto road = TRY(open_road(shell, !shell.options.offline));
  const auto report =
      TRY(operations::status(road->world, road->environment, who(shell), shell.options.offline));
  if (shell.options.format == "nagios") {
    int status = 0;
    shell.speech.result(nagios_of(report, status));
    return status;
  }
  // One of both: of ten thousand hosts each costs more than the report.
  if (shell.options.json)
    shell.speech.result(json_of(report, road->environment.name));
  else
    write_text(report, road->environment, shell.speech.ink(),
               [&](const std::string& text) { shell.speech.result(text); });
  return base::any_problem(report.findings) || !report.debts.empty() ? 1 : 0;
}

}  // namespace cli
