// SPDX-License-Identifier: PostgreSQL
// A postmaster's command line, from /proc and from postmaster.opts.
#include <algorithm>

#include "fuzz/fuzzed.h"
#include "settings/command_line.h"

using fuzzed::must;

namespace {

void check(const std::vector<std::string>& argv) {
  const settings::CommandLine line = settings::parse_command_line(argv);
  for (const settings::CommandLineSetting& each : line.settings)
    must(line.effective(each.name) != nullptr, "a setting is found by its name");
  must(settings::findings_of(line).size() == line.overriding().size(),
       "each setting that beats ours is a finding");
  std::vector<std::string> names;
  for (const settings::CommandLineSetting& each : line.overriding()) names.push_back(each.name);
  std::sort(names.begin(), names.end());
  must(std::adjacent_find(names.begin(), names.end()) == names.end(), "the last of a name counts");
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = fuzzed::text(data, size);
  const std::vector<std::string> argv = settings::argv_of_cmdline(text);
  std::string joined;
  for (const std::string& argument : argv) joined += argument + std::string(1, '\0');
  must(joined == text || joined == std::string(text) + '\0', "no argument is lost");
  check(argv);
  check(settings::argv_of_options_file(text));
  return 0;
}
