// SPDX-License-Identifier: PostgreSQL
#include "cli/commands.h"

#include <errno.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <limits.h>
#include <pwd.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <iterator>

#include "cli/json.h"
#include "configuration/environment_toml.h"
#include "x509/huge_pages.h"

namespace cli {
namespace {

struct CommandRow {
  std::string_view name;
  Command run;
};

constexpr CommandRow rows[] = {
    {"init", init_command},
    {"plan", plan_command},
    {"apply", apply_command},
    {"verify", verify_command},
    {"status", status_command},
    {"user list", user_list_command},
    {"host list", host_list_command},
    {"host remove", host_remove_command},
    {"debt list", debt_list_command},
    {"debt forgive", debt_forgive_command},
    {"ca show", ca_show_command},
    {"ca export", ca_export_command},
    {"hba show", hba_show_command},
    {"hba lint", hba_lint_command},
    {"hba explain", hba_explain_command},
    {"hba prove", hba_prove_command},
    {"hba replay", hba_replay_command},
    {"hba diff", hba_diff_command},
    {"hba cidr", hba_cidr_command},
    {"log", log_command},
    {"demo", demo_command},
    {"completion", completion_command},
};

bool exists(const std::string& path) { return ::access(path.c_str(), F_OK) == 0; }

/// NO_COLOR counts where it is there and not empty (no-color.org); --color says more than it.
Ink ink_for(Color color, int descriptor) {
  if (color != Color::automatic) return Ink{color == Color::always};
  const char* refused = std::getenv("NO_COLOR");
  return Ink{::isatty(descriptor) == 1 && (refused == nullptr || *refused == '\0')};
}

int fail(const base::Error& error, bool json, Speech& speech) {
  if (json) speech.result(json_of(error));
  speech.error(error);
  return base::exit_status(error.code);
}

}  // namespace

base::Result<fleet::Environment> configured(const Shell& shell) {
  if (!shell.options.configuration.empty())
    return configuration::load_environment(shell.options.configuration);
  if (const char* path = std::getenv("PGSEAL_CONFIG"); path != nullptr && *path != '\0') {
    auto environment = configuration::load_environment(path);
    if (!environment)
      return std::move(environment).error().during("reading what PGSEAL_CONFIG names");
    return environment;
  }
  for (const char* path : {"pgseal.toml", "/etc/pgseal/pgseal.toml"})
    if (exists(path)) return configuration::load_environment(path);
  return base::error(base::Code::config_not_found, "there is no pgseal.toml")
      .with_detail(
          "Looked for --config, PGSEAL_CONFIG, pgseal.toml in this folder, and "
          "/etc/pgseal/pgseal.toml.")
      .with_hint("pgseal init writes one.");
}

operations::Operator who(const Shell& shell) {
  operations::Operator made;
  char host[HOST_NAME_MAX + 1] = {};
  if (::gethostname(host, HOST_NAME_MAX) == 0) made.host = host;
  // The person behind sudo, where there is one: the log is about people.
  const char* sudo = std::getenv("SUDO_USER");
  const struct passwd* entry = ::getpwuid(::getuid());
  made.user = sudo != nullptr    ? sudo
              : entry != nullptr ? entry->pw_name
                                 : fmt::to_string(::getuid());
  made.pid = ::getpid();
  made.command = shell.options.command;
  made.reason = shell.options.reason;
  return made;
}

void show(Shell& shell, const std::string& text, const std::string& json) {
  shell.speech.result(shell.options.json ? json : text);
}

namespace {

/// A result that did not reach its reader is none. A reader that has had enough (EPIPE) knows.
int reached(Speech& speech, int status) {
  const int why = speech.result_lost();
  if (why == 0) return status;
  if (why != EPIPE)
    speech.error(
        base::system_error(base::Code::file_io, "could not write to standard output", why));
  return 1;
}

}  // namespace

int run(const std::vector<std::string>& arguments, const Outside& outside) {
  x509::use_huge_pages();
  auto parsed = parse_options(arguments);
  if (!parsed) {
    Speech speech({stdout, Ink{}}, {stderr, Ink{}}, false);
    const bool json = std::find(arguments.begin(), arguments.end(), "--json") != arguments.end();
    return reached(speech, fail(parsed.error(), json, speech));
  }
  const Options& options = parsed->options;
  // A document has no colours, whatever was asked.
  const Ink ink = options.json ? Ink{} : ink_for(options.color, STDOUT_FILENO);
  Speech speech({stdout, ink}, {stderr, ink_for(options.color, STDERR_FILENO)}, options.quiet);
  if (!parsed->text.empty()) {
    speech.result(parsed->text);
    return reached(speech, parsed->status);
  }
  const auto row = std::find_if(std::begin(rows), std::end(rows),
                                [&](const CommandRow& r) { return r.name == options.command; });
  // What only reads a text has nothing to put in order before it ends.
  if (options.command.starts_with("hba "))
    for (const int number : {SIGINT, SIGTERM}) ::signal(number, SIG_DFL);
  Shell shell{options, speech, outside};
  const base::Result<int> status =
      row == std::end(rows)
          ? base::error(base::Code::internal, "no such command: " + options.command)
          : row->run(shell);
  return reached(speech, status ? *status : fail(status.error(), options.json, speech));
}

}  // namespace cli
