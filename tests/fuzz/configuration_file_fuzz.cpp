// SPDX-License-Identifier: PostgreSQL
// postgresql.conf: any text is written back byte for byte, and our include block goes in and out
// without a trace.
#include "fuzz/fuzzed.h"
#include "settings/configuration_file.h"
#include "settings/edit.h"

using fuzzed::must;

namespace {

void check_places(std::string_view text, const settings::ConfigurationFile& file) {
  for (const settings::Assignment& each : file.assignments) {
    must(each.text.begin <= each.value_text.begin && each.value_text.end <= each.text.end &&
             each.text.end <= text.size(),
         "an assignment lies within the text");
    must(each.line >= 1 && static_cast<std::size_t>(each.line) <= file.lines.size(),
         "an assignment stands on a line");
    const std::string again = "x = " + settings::quoted(each.value);
    if (each.value.find('\0') != std::string::npos) continue;
    const auto back = settings::parse(again);
    must(back.assignments.size() == 1 && back.assignments[0].value == each.value,
         "a value that is quoted is read back");
  }
}

void check_edit(std::string_view text) {
  const std::string path = "/etc/pgseal/server/db1/ssl.conf";
  const std::string plain = settings::without_include(text);
  must(settings::without_include(plain) == plain, "no block is left of an include taken out");
  const auto with = settings::with_include(plain, path);
  must(static_cast<bool>(with), "an include of an absolute path can be written");
  must(settings::without_include(*with) == plain, "taking the include out gives the former text");
  must(settings::standing(settings::parse(*with), path).as_wanted(), "our include counts");
  const auto twice = settings::with_include(*with, path);
  must(twice && *twice == *with, "an include that stands is left alone");
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = fuzzed::text(data, size);
  const settings::ConfigurationFile file = settings::parse(text);
  must(file.write() == text, "what was parsed is written byte for byte");
  check_places(text, file);
  check_edit(text);
  return 0;
}
