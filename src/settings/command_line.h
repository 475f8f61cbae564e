// SPDX-License-Identifier: PostgreSQL
// Settings given on a postmaster's command line (app-postgres): they beat postgresql.conf and ALTER
// SYSTEM alike, and no reload changes them, so whoever wants to turn TLS on must see them first.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/finding.h"

namespace settings {

struct CommandLineSetting {
  std::string name;      ///< lower case, hyphens turned into underscores as the server does
  std::string value;     ///< "" for "-c name="
  std::string argument;  ///< as given: "-p 5433", "--ssl=on"
  bool operator==(const CommandLineSetting&) const = default;
};

struct CommandLine {
  std::string program;         ///< argv[0]
  std::string data_directory;  ///< -D; it may hold only the configuration. Empty: not given
  std::vector<CommandLineSetting> settings;  ///< in order; the last one of a name wins
  base::Findings findings;  ///< what the server would refuse, code "settings.command-line"

  /// The last one of this name (any case), or null.
  [[nodiscard]] const CommandLineSetting* effective(std::string_view name) const;
  /// Those that count and that our ssl.conf would want to set.
  [[nodiscard]] std::vector<CommandLineSetting> overriding() const;
};

CommandLine parse_command_line(const std::vector<std::string>& argv);

/// Arguments from the bytes of /proc/PID/cmdline (each ends in NUL).
std::vector<std::string> argv_of_cmdline(std::string_view bytes);
/// Arguments from postmaster.opts: the program, then each argument in double quotes, nothing
/// escaped.
std::vector<std::string> argv_of_options_file(std::string_view text);

/// A warning (settings.overridden) for each of `overriding()`.
base::Findings findings_of(const CommandLine& command_line);

}  // namespace settings
