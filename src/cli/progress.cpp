// SPDX-License-Identifier: PostgreSQL
#include "cli/progress.h"

#include <fmt/format.h>

#include "base/text.h"

namespace cli {

void Progress::wipe() {
  if (standing_) fmt::print(speech_.talk(), "\r\x1b[K");
  standing_ = false;
}

void Progress::host_asked(const std::string& host, std::size_t done, std::size_t total) {
  if (!live_ || speech_.quiet()) return;
  const std::lock_guard lock(one_line_at_a_time_);
  wipe();
  if (done < total) {
    fmt::print(speech_.talk(), "observing: {} of {} hosts, {}", done, total,
               base::printable_line(host));
    standing_ = true;
  }
  std::fflush(speech_.talk());
}

void Progress::phase_begins(planning::Phase phase, std::size_t steps) {
  const std::lock_guard lock(one_line_at_a_time_);
  wipe();
  speech_.say(fmt::format("{}: {} ({})", planning::name(phase), planning::row(phase).sentence,
                          count(steps, "step", "steps")));
}

void Progress::step_ends(const planning::Step& step, const std::string& text) {
  const std::lock_guard lock(one_line_at_a_time_);
  wipe();
  const Ink ink = speech_.talk_ink();
  const bool done = step.state == planning::StepState::done;
  speech_.say(fmt::format("  {} {:<10} {} {}: {}",
                          done ? ink(Tone::good, "ok    ") : ink(Tone::bad, "FAILED"), step.host,
                          fleet::to_string(step.act.kind), fleet::subject(step.act),
                          base::printable_line(text)));
}

}  // namespace cli
