// SPDX-License-Identifier: PostgreSQL
// The pure half of discovery: what pid files and units say.
#include <charconv>

#include "base/text.h"
#include "server/discovery.h"

namespace server {
namespace {

template <class Number>
std::optional<Number> number(std::string_view text) {
  text = base::trim(text);
  Number value = 0;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (problem != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

/// Words as systemd splits them: blanks outside of quotes; quotes are taken off.
std::vector<std::string> words_of(std::string_view line) {
  std::vector<std::string> words;
  std::string word;
  bool within = false;
  char quote = 0;
  for (const char c : line) {
    if (quote != 0) {
      if (c == quote) {
        quote = 0;
      } else {
        word += c;
      }
    } else if (c == '"' || c == '\'') {
      quote = c;
      within = true;
    } else if (c == ' ' || c == '\t') {
      if (within || !word.empty()) words.push_back(std::move(word));
      word.clear();
      within = false;
    } else {
      word += c;
    }
  }
  if (within || !word.empty()) words.push_back(std::move(word));
  return words;
}

/// Lines with those that end in a backslash joined to the next (systemd.syntax).
std::vector<std::string> logical_lines(std::string_view text) {
  std::vector<std::string> lines;
  std::string joined;
  for (std::string_view line : base::split(text, '\n')) {
    if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
    if (!line.empty() && line.back() == '\\') {
      joined.append(line.substr(0, line.size() - 1)).append(" ");
      continue;
    }
    joined.append(line);
    lines.push_back(std::move(joined));
    joined.clear();
  }
  if (!joined.empty()) lines.push_back(std::move(joined));
  return lines;
}

}  // namespace

std::optional<PostmasterFile> parse_postmaster_file(std::string_view text) {
  const std::vector<std::string_view> lines = base::split(text, '\n');
  const auto line = [&](std::size_t index) {
    return index < lines.size() ? std::string(base::trim(lines[index])) : std::string();
  };
  PostmasterFile file;
  const std::optional<pid_t> pid = number<pid_t>(line(0));
  file.data_directory = line(1);
  if (!pid || *pid <= 0 || file.data_directory.empty()) return std::nullopt;
  file.pid = *pid;
  file.start = number<std::int64_t>(line(2)).value_or(0);
  file.port = number<int>(line(3)).value_or(0);
  file.socket_directory = line(4);
  file.listen_address = line(5);
  file.status = line(7);  // line 6 is the shared memory's key
  return file;
}

std::vector<std::string> data_directories_of_unit(std::string_view unit) {
  constexpr std::string_view key = "Environment";
  constexpr std::string_view variable = "PGDATA=";
  std::vector<std::string> found;
  for (const std::string& whole : logical_lines(unit)) {
    std::string_view line = base::trim(whole);
    if (!line.starts_with(key)) continue;
    line = base::trim(line.substr(key.size()));
    if (!line.starts_with('=')) continue;  // EnvironmentFile
    for (std::string& word : words_of(line.substr(1))) {
      if (!word.starts_with(variable) || word.find('%') != std::string::npos) continue;
      word.erase(0, variable.size());
      if (word.starts_with('/')) found.push_back(std::move(word));
    }
  }
  return found;
}

}  // namespace server
