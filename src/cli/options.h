// SPDX-License-Identifier: PostgreSQL
// The command line as a value. All options are declared in options.cpp, from which help comes too.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/result.h"

namespace cli {

enum class Color { automatic, always, never };

struct Options {
  std::string command;  ///< "apply", "ca show", …; empty where help or version was asked
  std::string configuration;
  bool json = false;
  bool quiet = false;
  Color color = Color::automatic;

  std::string hosts;   ///< --host
  std::string reason;  ///< --reason
  bool yes = false;
  bool fix = false;  ///< hba lint: --fix
  bool replace = false;
  bool take_over = false;
  bool offline = false;                 ///< status
  bool verify = false;                  ///< log
  int limit = 50;                       ///< log
  std::string format;                   ///< status: "text" or "nagios"
  std::string environment;              ///< init: the environment's name
  std::optional<std::string> discover;  ///< init: a connection string of libpq, foreign to all else
  std::string file;                     ///< init: where to write; hba: FILE
  std::string new_file;                 ///< hba diff: NEW, OLD being `file`
  std::string authority;                ///< ca export: "server" or "client"
  std::string name;                     ///< debt forgive, host remove: the host
  std::string shell;                    ///< completion
  std::string server_version;           ///< hba: --pg
  std::optional<std::string> dsn;       ///< hba: --dsn, a connection string, foreign to all else
  std::string connection;               ///< hba explain: --connection
  std::string roles_file;               ///< hba: --roles
  std::string ident_file;               ///< hba: --ident
  std::string sessions_file;            ///< hba replay: --sessions
  std::string log_file;                 ///< hba replay: --log
  std::string log_line_prefix;          ///< hba replay
  std::string require;                  ///< hba prove: "tls" or "certificate"
  std::vector<std::string> roles;       ///< hba prove: --role
  std::vector<std::string> databases;   ///< hba prove: --database
  std::vector<std::string> networks;    ///< hba prove: --network
  bool include_local = false;           ///< hba prove
  bool keep = false;                    ///< demo
};

struct Parsed {
  Options options;
  std::string text;  ///< help or version, to be printed instead
  int status = 0;    ///< of `text`
};

/// Error Code::usage that names the word; its hint has the nearest known one and names the help.
base::Result<Parsed> parse_options(const std::vector<std::string>& arguments);

/// An option or argument as it was declared, for what is drawn from the declarations.
struct DescribedOption {
  std::vector<std::string> names;  ///< "-h", "--help"; none: an argument by its place
  std::string takes;               ///< "FILE"; empty: a flag
  std::vector<std::string> words;  ///< the only values, where there are few
  std::string does;
  bool required = false;
};

struct DescribedCommand {
  std::string name;
  std::string does;
  std::string ends;  ///< what its help ends with
  std::vector<DescribedOption> options;
  std::vector<DescribedCommand> commands;  ///< of a group, or of the program
};

DescribedCommand described_program();

}  // namespace cli
