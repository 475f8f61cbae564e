// SPDX-License-Identifier: PostgreSQL
// The connection service file: our block goes in, everything else stays byte for byte, and a second
// time changes nothing.
#include "fuzz/fuzzed.h"
#include "node/service_file.h"

using fuzzed::must;

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = fuzzed::text(data, size);
  node::ServiceEntry entry{"pgseal-shop-app", "app", "/h/c.crt", "/h/c.key", "/h/root.crt"};
  const auto with = node::with_entry(text, entry);
  if (!with) {
    must(with.error().code == base::Code::file_unsafe, "a file that is refused is unsafe");
    return 0;
  }
  const auto twice = node::with_entry(*with, entry);
  must(twice && *twice == *with, "a second time changes nothing");
  if (text.find("pgseal-shop-app") != std::string_view::npos) return 0;
  must(with->starts_with(text), "what was there stays");
  // Another entry, then the first again: neither touches the other's block.
  entry.section = "pgseal-shop-deploy";
  const auto both = node::with_entry(*with, entry);
  must(!both || both->find(*with) != std::string::npos, "another's block stays");
  return 0;
}
