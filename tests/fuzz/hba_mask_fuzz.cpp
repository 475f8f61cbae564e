// SPDX-License-Identifier: PostgreSQL
// Secrets of pg_hba.conf: what stands behind ldapbindpasswd= or radiussecrets= never survives, and
// a text without these words is unchanged. The first line of the input is what precedes the secret
// in its value, the rest what stands around the option.
#include <algorithm>

#include "base/text.h"
#include "fuzz/fuzzed.h"
#include "hba/mask.h"

using fuzzed::must;

namespace {
constexpr std::string_view secret = "S3CRETBYTES";
bool holds(std::string_view text, std::string_view what) {
  return text.find(what) != std::string_view::npos;
}
}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view around = fuzzed::text(data, size);
  const std::string safe = hba::mask_secrets(around);
  must(std::count(safe.begin(), safe.end(), '\n') == std::count(around.begin(), around.end(), '\n'),
       "lines keep their numbers");
  const std::string lower = base::lower(around);
  if (!holds(lower, "://") && !holds(lower, "pass") && !holds(lower, "secret") &&
      !holds(lower, "\"") && !holds(lower, "\\")) {
    must(safe == around, "a text without secrets is unchanged");
  }
  if (holds(around, secret)) return 0;

  const std::string_view value = fuzzed::first_line(around);
  if (value.find_first_of(" \t\r\n\",#\\") != std::string_view::npos ||
      holds(value, std::string_view("\0", 1)) || value.find('=') != std::string_view::npos)
    return 0;
  const std::size_t half = around.size() / 2;
  const std::string before(around.substr(0, half));
  // Within an open quote or behind a comment, what follows is another's value or prose.
  if (before.find_first_of("\"#\\") != std::string::npos) return 0;
  for (const char* option :
       {"ldapbindpasswd=", "radiussecrets=", "ldapbindpasswd=\"a b\" radiussecrets="}) {
    const std::string text = before + " " + option + std::string(value) + std::string(secret) +
                             " " + std::string(around.substr(half));
    must(!holds(hba::mask_secrets(text), secret), "an option's secret is masked");
    const std::string quoted = before + " " + option + "\"" + std::string(value) + " x,#" +
                               std::string(secret) + "\" " + std::string(around.substr(half));
    must(!holds(hba::mask_secrets(quoted), secret), "a quoted secret is masked");
  }
  return 0;
}
