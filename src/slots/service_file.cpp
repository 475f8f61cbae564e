// SPDX-License-Identifier: PostgreSQL
#include "slots/service_file.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "host/folder.h"

namespace slots {
namespace {

using base::Code;
using base::Error;
using base::Result;

constexpr std::size_t line_bytes = 255;
constexpr std::size_t file_bytes = 1U << 20;
constexpr const char* file_name = ".pg_service.conf";

std::string begin_of(const ServiceEntry& entry) {
  return fmt::format("# begin {}: written by pgseal, changes are lost\n", entry.section);
}

std::string end_of(const ServiceEntry& entry) { return fmt::format("# end {}\n", entry.section); }

std::string block_of(const ServiceEntry& entry) {
  return begin_of(entry) +
         fmt::format("[{}]\nuser={}\nsslmode=verify-full\nsslcert={}\nsslkey={}\nsslrootcert={}\n",
                     entry.section, entry.user, entry.certificate, entry.key, entry.trust) +
         end_of(entry);
}

Error refused(std::string message) { return base::error(Code::file_unsafe, std::move(message)); }

/// A line is "name=value" to its end, blanks at both ends cut; there is no quoting (fe-connect.c,
/// parseServiceFile).
Result<void> check_values(const ServiceEntry& entry, const std::string& block) {
  for (const std::string& value :
       {entry.section, entry.user, entry.certificate, entry.key, entry.trust}) {
    const bool control = std::any_of(value.begin(), value.end(),
                                     [](char c) { return static_cast<unsigned char>(c) < 0x20; });
    if (control || value.empty() || base::trim(value) != value)
      return refused(
          fmt::format("\"{}\" cannot stand in a service file", base::printable_line(value)));
  }
  if (entry.section.find(']') != std::string::npos)
    return refused(
        fmt::format("\"{}\" cannot be a service's name", base::printable_line(entry.section)));
  for (const std::string_view line : base::split(block, '\n'))
    if (line.size() > line_bytes)
      return refused("a line of the service file would be longer than older libpq can read");
  return {};
}

bool has_section(std::string_view text, const std::string& section) {
  const auto lines = base::split(text, '\n');
  return std::any_of(lines.begin(), lines.end(), [&](std::string_view line) {
    return base::trim(line).starts_with("[" + section + "]");
  });
}

/// Of a marker that is a whole line.
std::size_t find_line(std::string_view text, const std::string& line) {
  auto at = text.find(line);
  while (at != std::string_view::npos && at != 0 && text[at - 1] != '\n')
    at = text.find(line, at + 1);
  return at;
}

Result<std::string> write_as_user(const host::OsUser& user, const ServiceEntry& entry) {
  const host::Folder home = TRY(host::Folder::open(user.home, user));
  TRY(home.clean_leftovers());
  const host::FileState state = TRY(home.look(file_name));
  const std::string text = state.exists() ? TRY(home.read(file_name, file_bytes)) : std::string();
  const std::string wanted = TRY(with_entry(text, entry));
  if (wanted == text) return std::string();
  host::Ownership ownership{user.uid, user.gid, 0600};
  if (state.exists())
    ownership = {user.uid, state.uid == user.uid ? state.gid : user.gid, state.mode & 0755};
  host::Replacement next = TRY(home.stage(file_name, ownership));
  TRY(next.write(wanted));
  TRY(std::move(next).commit());
  return std::string("changed");
}

}  // namespace

Result<std::string> with_entry(std::string_view text, const ServiceEntry& entry) {
  const std::string block = block_of(entry);
  TRY(check_values(entry, block));
  const std::string end_line = end_of(entry);
  // A marker counts at the end of a file without a last newline too.
  const std::string lines = std::string(text) + (text.ends_with('\n') ? "" : "\n");
  const auto begin = find_line(lines, begin_of(entry));
  const auto end = begin == std::string::npos ? begin : lines.find(end_line, begin);
  if (begin != std::string_view::npos && end == std::string_view::npos)
    return refused(fmt::format("the block of \"{}\" has no end line", entry.section));
  std::string before(text.substr(0, begin));
  const std::string_view after = begin == std::string_view::npos
                                     ? std::string_view()
                                     : text.substr(std::min(end + end_line.size(), text.size()));
  if (has_section(before, entry.section) || has_section(after, entry.section))
    return refused(fmt::format("a section [{}] that pgseal did not write is there", entry.section));
  if (begin == std::string_view::npos && !before.empty() && before.back() != '\n') before += '\n';
  return before.append(block).append(after);
}

Result<bool> write_service_entry(const host::OsUser& user, const ServiceEntry& entry) {
  const std::string done = TRY(
      host::as_user(user, std::chrono::seconds(20), [&] { return write_as_user(user, entry); }));
  return !done.empty();
}

}  // namespace slots
