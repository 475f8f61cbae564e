// SPDX-License-Identifier: PostgreSQL
#include "hba/version.h"

#include <fmt/format.h>

#include <array>
#include <charconv>

#include "base/text.h"

namespace hba {
namespace {

constexpr int oldest_major = 10;
/// By major from 10 on.
constexpr std::array<int, 9> newest_minors = {23, 22, 22, 23, 25, 20, 16, 12, 6};

base::Error no_version(std::string_view text) {
  return base::error(base::Code::usage, fmt::format("\"{}\" is no PostgreSQL version of 10 to {}",
                                                    base::printable_line(text), newest.major))
      .with_hint("Write a major version, as 15, or one with its minor, as 15.4.");
}

bool number(std::string_view text, int& value) {
  if (text.empty() || text.size() > 3 || text[0] == '+' || text[0] == '-') return false;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), value);
  return read.ec == std::errc() && read.ptr == text.data() + text.size();
}

/// Since the releases of August 2023 lines and tokens of 11 to 15 may be longer.
bool has_long_buffers(const Version& version) {
  constexpr std::array<int, 6> since = {1000, 21, 16, 12, 9, 4};  // 10 to 15
  return version.major > 15 ||
         version.minor >= since[static_cast<std::size_t>(version.major - oldest_major)];
}

}  // namespace

base::Result<Version> parse_version(std::string_view text) {
  const std::size_t dot = text.find('.');
  Version made;
  if (!number(text.substr(0, dot), made.major) || made.major < oldest_major ||
      made.major > newest.major)
    return no_version(text);
  made.minor = newest_minors[static_cast<std::size_t>(made.major - oldest_major)];
  if (dot != std::string_view::npos && !number(text.substr(dot + 1), made.minor))
    return no_version(text);
  return made;
}

std::string to_string(const Version& version) {
  return fmt::format("{}.{}", version.major, version.minor);
}

bool joins_lines(const Version& version) { return version.major >= 14; }
bool has_includes(const Version& version) { return version.major >= 16; }

std::size_t longest_name(const Version& version) {
  const bool whole = version >= Version{17, 0} && version <= Version{17, 2};
  return whole ? 0 : 63;
}

bool can_be_asked_for(const std::string& name, const Version& version) {
  const std::size_t longest = longest_name(version);
  return !name.empty() && (longest == 0 || name.size() <= longest);
}

std::string cut_name(const std::string& name, const Version& version) {
  const std::size_t longest = longest_name(version);
  return longest == 0 ? name : name.substr(0, longest);
}

std::size_t longest_token(const Version& version) {
  if (version.major >= 16) return 0;
  return has_long_buffers(version) ? 10238 : 254;
}

std::size_t line_buffer(const Version& version) {
  if (version.major >= 14) return 0;
  return has_long_buffers(version) ? 20480 : 8192;
}

}  // namespace hba
