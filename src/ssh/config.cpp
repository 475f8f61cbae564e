// SPDX-License-Identifier: PostgreSQL
#include "ssh/config.h"

#include <glob.h>
#include <pwd.h>
#include <unistd.h>

#include <algorithm>
#include <array>

#include "base/fd.h"
#include "base/text.h"

namespace ssh {
namespace {

constexpr std::size_t largest_file = std::size_t{4} << 20;
constexpr int deepest_include = 16;  // as in OpenSSH's readconf.c

void look_at(std::string_view text, Mentions& mentions) {
  const std::string lowered = base::lower(text);
  const auto has = [&lowered](std::string_view word) {
    return lowered.find(word) != std::string::npos;
  };
  mentions.jump = mentions.jump || has("proxyjump") || has("proxycommand");
  mentions.host_name = mentions.host_name || has("hostname") || has("canonical");
}

Mentions everything() { return {true, true}; }

/// The files that a pattern of an Include line names; `folder` is where relative ones begin.
std::vector<std::string> matching(std::string pattern, const std::string& home,
                                  const std::string& folder) {
  if (pattern.starts_with("~/")) pattern = home + pattern.substr(1);
  if (!pattern.starts_with('/')) pattern = folder + "/" + pattern;
  std::vector<std::string> paths;
  glob_t found = {};
  if (::glob(pattern.c_str(), 0, nullptr, &found) == 0)
    for (std::size_t i = 0; i < found.gl_pathc; ++i) paths.emplace_back(found.gl_pathv[i]);
  ::globfree(&found);
  return paths;
}

class Look {
 public:
  Look(std::string home, std::string folder) : home_(std::move(home)), folder_(std::move(folder)) {}

  void at_file(const std::string& path, int depth) {
    const auto text = base::read_file(path, largest_file);
    if (!text) return;  // ssh passes over files that are not there
    for (const auto line : base::split(*text, '\n')) at_line(base::trim(line), depth);
  }

  Mentions mentions;

 private:
  void at_line(std::string_view line, int depth) {
    if (line.empty() || line.front() == '#') return;
    if (!base::lower(line.substr(0, 7)).starts_with("include")) return look_at(line, mentions);
    std::string words(line.substr(7));
    // Quotes, tokens and variables are ssh's to understand: whatever is there may apply.
    if (depth >= deepest_include || words.find_first_of("\"'%$\\") != std::string::npos) {
      mentions = everything();
      return;
    }
    std::replace(words.begin(), words.end(), '\t', ' ');
    std::replace(words.begin(), words.end(), '=', ' ');
    for (const auto pattern : base::split(words, ' '))
      if (!pattern.empty())
        for (const auto& path : matching(std::string(pattern), home_, folder_))
          at_file(path, depth + 1);
  }

  std::string home_;
  std::string folder_;
};

/// The file of the last -F ("-F FILE", "-FFILE"), or null.
const std::string* own_file(const std::vector<std::string>& options, std::string& buffer) {
  const std::string* file = nullptr;
  for (std::size_t i = 0; i < options.size(); ++i) {
    if (options[i] == "-F" && i + 1 < options.size())
      file = &options[i + 1];
    else if (options[i].starts_with("-F") && options[i].size() > 2) {
      buffer = options[i].substr(2);
      file = &buffer;
    }
  }
  return file;
}

}  // namespace

Mentions ssh_mentions(const std::vector<std::string>& options, const std::string& home) {
  const std::string user_folder = home + "/.ssh";
  Look user(home, user_folder);
  for (const auto& option : options) {
    look_at(option, user.mentions);
    user.mentions.jump = user.mentions.jump || option.starts_with("-J");
  }
  std::string buffer;
  if (const std::string* file = own_file(options, buffer)) {
    user.at_file(*file, 0);
    return user.mentions;
  }
  user.at_file(user_folder + "/config", 0);
  Look system(home, "/etc/ssh");
  system.at_file("/etc/ssh/ssh_config", 0);
  return {user.mentions.jump || system.mentions.jump,
          user.mentions.host_name || system.mentions.host_name};
}

std::string ssh_home() {
  std::array<char, 16384> buffer{};
  struct passwd entry = {};
  struct passwd* found = nullptr;
  if (::getpwuid_r(::getuid(), &entry, buffer.data(), buffer.size(), &found) != 0 ||
      found == nullptr)
    return "";
  return found->pw_dir;
}

Resolved parse_resolved(std::string_view output) {
  Resolved resolved;
  for (const auto line : base::split(output, '\n')) {
    const auto blank = line.find(' ');
    if (blank == std::string_view::npos) continue;
    const auto key = line.substr(0, blank);
    const auto value = base::trim(line.substr(blank + 1));
    if (key == "hostname") resolved.host_name = value;
    if (value == "none") continue;
    if (key == "proxycommand") resolved.jumps.emplace_back(value);
    if (key == "proxyjump")
      for (const auto hop : base::split(value, ',')) resolved.jumps.emplace_back(hop);
  }
  auto& jumps = resolved.jumps;
  std::sort(jumps.begin(), jumps.end());
  jumps.erase(std::unique(jumps.begin(), jumps.end()), jumps.end());
  return resolved;
}

}  // namespace ssh
