// SPDX-License-Identifier: PostgreSQL
// The connection service file: our block goes in, everything else stays byte for byte, and a second
// time changes nothing.
#include "fuzz/fuzzed.h"
#include "slots/service_file.h"

using fuzzed::must;

namespace {

/// Whether `with` is `text` with `block` put in, at most in the place of a block. A newline may
/// have been added before it.
bool stays(std::string_view text, std::string_view with, std::string_view block) {
  for (auto at = with.find(block); at != std::string_view::npos; at = with.find(block, at + 1)) {
    std::string_view before = with.substr(0, at);
    const std::string_view after = with.substr(at + block.size());
    if (after.empty() && before.size() == text.size() + 1) before.remove_suffix(1);
    if (before.size() + after.size() > text.size()) continue;
    if (!text.starts_with(before) || !text.ends_with(after)) continue;
    const std::string_view gone =
        text.substr(before.size(), text.size() - before.size() - after.size());
    if (gone.empty() || (gone.starts_with("# begin pgseal-shop-app:") &&
                         gone.find("# end pgseal-shop-app") != gone.npos))
      return true;
  }
  return false;
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = fuzzed::text(data, size);
  slots::ServiceEntry entry{"pgseal-shop-app", "app", "/h/c.crt", "/h/c.key", "/h/root.crt"};
  const auto with = slots::with_entry(text, entry);
  if (!with) {
    must(with.error().code == base::Code::file_unsafe, "a file that is refused is unsafe");
    return 0;
  }
  const auto twice = slots::with_entry(*with, entry);
  must(twice && *twice == *with, "a second time changes nothing");
  must(stays(text, *with, *slots::with_entry("", entry)), "what was there stays");
  if (text.find("pgseal-shop-deploy") != std::string_view::npos) return 0;
  // Another entry, then the first again: neither touches the other's block.
  entry.section = "pgseal-shop-deploy";
  const auto both = slots::with_entry(*with, entry);
  must(!both || both->find(*with) != std::string::npos, "another's block stays");
  return 0;
}
