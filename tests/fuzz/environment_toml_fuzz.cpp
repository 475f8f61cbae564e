// SPDX-License-Identifier: PostgreSQL
// pgseal.toml: any text is an environment or a list of problems, each with its place.
#include <algorithm>

#include "base/text.h"
#include "configuration/environment_toml.h"
#include "fuzz/fuzzed.h"

using fuzzed::must;

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto loaded =
      configuration::parse_environment(fuzzed::text(data, size), "/etc/pgseal/pgseal.toml");
  const bool wrong =
      std::any_of(loaded.findings.begin(), loaded.findings.end(),
                  [](const base::Finding& each) { return each.severity == base::Severity::error; });
  must(wrong == loaded.error.has_value(), "there is an error where a finding is one");
  if (loaded.error) must(base::exit_status(loaded.error->code) == 10, "its exit status is 10");
  const auto lines = std::count(data, data + size, '\n') + 1;
  for (const base::Finding& each : loaded.findings) {
    must(!each.message.empty() && !each.code.empty(), "a finding says what and has a code");
    must(each.line >= 0 && each.line <= lines, "a finding's line is in the text");
    must(base::printable_line(each.message) == each.message, "a message is printable");
  }
  return 0;
}
