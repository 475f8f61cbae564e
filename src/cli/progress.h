// SPDX-License-Identifier: PostgreSQL
// What is shown while an operation runs: one line that is overwritten where standard error is a
// terminal, plain lines otherwise.
#pragma once

#include <mutex>
#include <string>

#include "cli/speech.h"
#include "operations/world.h"

namespace cli {

class Progress : public operations::Listener {
 public:
  /// `live`: standard error is a terminal.
  Progress(Speech& speech, bool live) : speech_(speech), live_(live) {}

  void host_asked(const std::string& host, std::size_t done, std::size_t total) override;
  void phase_begins(planning::Phase phase, std::size_t steps) override;
  void step_ends(const planning::Step& step, const std::string& text) override;

 private:
  void wipe();

  std::mutex one_line_at_a_time_;
  Speech& speech_;
  bool live_;
  bool standing_ = false;  ///< a live line stands on the terminal
};

}  // namespace cli
