// SPDX-License-Identifier: PostgreSQL
// The mark file of a host: refused, or written again and read as the same.
#include "fuzz/fuzzed.h"
#include "slots/mark.h"

using fuzzed::must;

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto mark = slots::parse_mark(fuzzed::text(data, size));
  if (!mark) {
    must(mark.error().code == base::Code::mark, "a mark that is refused says so");
    return 0;
  }
  const auto back = slots::parse_mark(slots::format_mark(*mark));
  must(back && *back == *mark, "a mark that is written is read as the same");
  return 0;
}
