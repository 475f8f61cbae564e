// SPDX-License-Identifier: PostgreSQL
// The commands: options in, operation, report out. The outside world is handed in by main.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "admission/explain.h"
#include "cli/options.h"
#include "cli/speech.h"
#include "fleet/doors.h"
#include "operations/world.h"

namespace cli {

struct Doors {
  std::unique_ptr<fleet::Links> links;
  std::unique_ptr<fleet::Prober> prober;
};

/// What main builds once.
struct Outside {
  std::function<base::Result<Doors>(const fleet::Environment&)> open_doors;
  std::function<base::Time()> now;
  std::function<bool()> interrupted;
  std::string lab;      ///< the folder of the lab's script, for demo
  std::string program;  ///< this executable's path
};

/// One command at work.
struct Shell {
  const Options& options;
  Speech& speech;
  const Outside& outside;
};

/// Runs a whole command line and gives the exit status.
int run(const std::vector<std::string>& arguments, const Outside& outside);

// One function a command, each in the file of its subject. They give the exit status, or the error
// that kept them from running.
using Command = base::Result<int> (*)(Shell&);
base::Result<int> init_command(Shell& shell);
base::Result<int> plan_command(Shell& shell);
base::Result<int> apply_command(Shell& shell);
base::Result<int> verify_command(Shell& shell);
base::Result<int> status_command(Shell& shell);
base::Result<int> user_list_command(Shell& shell);
base::Result<int> host_list_command(Shell& shell);
base::Result<int> host_remove_command(Shell& shell);
base::Result<int> debt_list_command(Shell& shell);
base::Result<int> debt_forgive_command(Shell& shell);
base::Result<int> ca_show_command(Shell& shell);
base::Result<int> ca_export_command(Shell& shell);
base::Result<int> hba_show_command(Shell& shell);
base::Result<int> hba_lint_command(Shell& shell);
base::Result<int> hba_explain_command(Shell& shell);
base::Result<int> hba_prove_command(Shell& shell);
base::Result<int> hba_replay_command(Shell& shell);
/// `hba replay --log`, from where the rules are known.
base::Result<int> replay_log_command(Shell& shell, const admission::Rules& rules);
base::Result<int> hba_diff_command(Shell& shell);
base::Result<int> hba_cidr_command(Shell& shell);
base::Result<int> log_command(Shell& shell);
base::Result<int> demo_command(Shell& shell);
base::Result<int> completion_command(Shell& shell);

// What most of them need.
base::Result<fleet::Environment> configured(const Shell& shell);
operations::Operator who(const Shell& shell);
/// Text or, with --json, the document.
void show(Shell& shell, const std::string& text, const std::string& json);

}  // namespace cli
