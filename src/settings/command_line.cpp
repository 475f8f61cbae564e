// SPDX-License-Identifier: PostgreSQL
#include "settings/command_line.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstddef>

#include "base/text.h"
#include "settings/tls_settings.h"

namespace settings {
namespace {

/// A letter of postmaster.c's getopt, over all versions from 10 to 18.
struct Letter {
  char letter;
  bool takes_argument;
  std::string_view setting;  ///< "": sets nothing that we follow
  std::string_view value;    ///< of a letter without argument
};
constexpr std::array<Letter, 28> letters = {{
    {'B', true, "shared_buffers", ""},
    {'C', true, "", ""},
    {'D', true, "", ""},
    {'E', false, "log_statement", "all"},
    {'F', false, "fsync", "false"},
    {'N', true, "max_connections", ""},
    {'O', false, "allow_system_table_mods", "true"},
    {'P', false, "ignore_system_indexes", "true"},
    {'S', true, "work_mem", ""},
    {'T', false, "", ""},
    {'W', true, "post_auth_delay", ""},
    {'b', false, "", ""},
    {'d', true, "", ""},
    {'e', false, "datestyle", "euro"},
    {'f', true, "", ""},
    {'h', true, "listen_addresses", ""},
    {'i', false, "listen_addresses", "*"},
    {'j', false, "", ""},
    {'k', true, "unix_socket_directories", ""},
    {'l', false, "ssl", "true"},
    {'n', false, "", ""},
    {'o', true, "", ""},
    {'p', true, "port", ""},
    {'r', true, "", ""},
    {'s', false, "log_statement_stats", "true"},
    {'t', true, "", ""},
    {'c', true, "", ""},
    {'-', true, "", ""},
}};

const Letter* find_letter(char letter) {
  const auto* row = std::find_if(letters.begin(), letters.end(),
                                 [&](const Letter& each) { return each.letter == letter; });
  return row == letters.end() ? nullptr : row;
}

/// Walks the arguments as getopt does.
class Walk {
 public:
  Walk(const std::vector<std::string>& argv, CommandLine& line) : argv_(argv), line_(line) {}

  void run() {
    while (next_ < argv_.size()) {
      const std::string& word = argv_[next_++];
      if (word == "--") break;
      if (word.size() < 2 || word[0] != '-') {
        refuse(fmt::format("invalid argument: \"{}\"", base::printable_line(word)));
      } else {
        cluster(word);
      }
    }
    for (; next_ < argv_.size(); ++next_) {
      refuse(fmt::format("invalid argument: \"{}\"", base::printable_line(argv_[next_])));
    }
  }

 private:
  /// One word with a hyphen: letters without an argument, then perhaps one that has it.
  void cluster(const std::string& word) {
    for (std::size_t i = 1; i < word.size(); ++i) {
      const Letter* letter = find_letter(word[i]);
      if (letter == nullptr) {
        refuse(fmt::format("invalid option \"{}\"", base::printable_line(word)));
        return;
      }
      if (!letter->takes_argument) {
        take(*letter, std::string(letter->value), fmt::format("-{}", letter->letter));
        continue;
      }
      const bool glued = i + 1 < word.size();
      if (!glued && next_ >= argv_.size()) {
        refuse(fmt::format("option \"-{}\" requires an argument", letter->letter));
        return;
      }
      const std::string value = glued ? word.substr(i + 1) : argv_[next_++];
      const char* between = glued ? "" : " ";
      take(*letter, value, fmt::format("-{}{}{}", letter->letter, between, value));
      return;
    }
  }

  void take(const Letter& letter, const std::string& value, std::string argument) {
    if (letter.letter == 'D') {
      line_.data_directory = value;
    } else if (letter.letter == 'c' || letter.letter == '-') {
      named(value, std::move(argument));
    } else if (!letter.setting.empty()) {
      line_.settings.push_back({std::string(letter.setting), value, std::move(argument)});
    }
  }

  /// name=value, hyphens of the name read as underscores (ParseLongOption of the server).
  void named(const std::string& text, std::string argument) {
    const std::size_t equals = text.find('=');
    if (equals == std::string::npos) {
      refuse(fmt::format("\"{}\" requires a value", base::printable_line(argument)));
      return;
    }
    std::string name = base::lower(text.substr(0, equals));
    std::replace(name.begin(), name.end(), '-', '_');
    line_.settings.push_back({std::move(name), text.substr(equals + 1), std::move(argument)});
  }

  void refuse(std::string message) {
    base::Finding finding;
    finding.severity = base::Severity::error;
    finding.code = "settings.command-line";
    finding.message = std::move(message);
    finding.clause = "postgresql app-postgres";
    line_.findings.push_back(std::move(finding));
  }

  const std::vector<std::string>& argv_;
  CommandLine& line_;
  std::size_t next_ = 1;
};

}  // namespace

const CommandLineSetting* CommandLine::effective(std::string_view name) const {
  const std::string wanted = base::lower(name);
  for (auto it = settings.rbegin(); it != settings.rend(); ++it) {
    if (it->name == wanted) return &*it;
  }
  return nullptr;
}

std::vector<CommandLineSetting> CommandLine::overriding() const {
  std::vector<CommandLineSetting> found;
  for (const CommandLineSetting& setting : settings) {
    if (ours(setting.name) && effective(setting.name) == &setting) found.push_back(setting);
  }
  return found;
}

CommandLine parse_command_line(const std::vector<std::string>& argv) {
  CommandLine line;
  if (argv.empty()) return line;
  line.program = argv[0];
  Walk(argv, line).run();
  return line;
}

std::vector<std::string> argv_of_cmdline(std::string_view bytes) {
  std::vector<std::string> argv;
  while (!bytes.empty()) {
    const std::size_t end = std::min(bytes.find('\0'), bytes.size());
    argv.emplace_back(bytes.substr(0, end));
    bytes.remove_prefix(std::min(end + 1, bytes.size()));
  }
  return argv;
}

std::vector<std::string> argv_of_options_file(std::string_view text) {
  text = text.substr(0, text.find('\n'));
  std::vector<std::string> argv;
  const std::size_t first = text.find(" \"");
  if (text.empty()) return argv;
  argv.emplace_back(text.substr(0, first));
  if (first == std::string_view::npos) return argv;
  text.remove_prefix(first + 2);
  // Nothing is escaped, so the three bytes between two arguments are what separates them.
  while (true) {
    const std::size_t end = text.find("\" \"");
    if (end == std::string_view::npos) break;
    argv.emplace_back(text.substr(0, end));
    text.remove_prefix(end + 3);
  }
  if (!text.empty() && text.back() == '"') text.remove_suffix(1);
  argv.emplace_back(text);
  return argv;
}

base::Findings findings_of(const CommandLine& command_line) {
  base::Findings findings;
  for (const CommandLineSetting& setting : command_line.overriding()) {
    base::Finding finding;
    finding.severity = base::Severity::warning;
    finding.code = "settings.overridden";
    finding.message = fmt::format("\"{}\" is set on the server's command line", setting.name);
    finding.detail = fmt::format("\"{}\" beats every file, and no reload changes it.",
                                 base::printable_line(setting.argument));
    finding.hint = "Take it out of the service's options and restart the server.";
    finding.clause = "postgresql app-postgres";
    findings.push_back(std::move(finding));
  }
  return findings;
}

}  // namespace settings
