// SPDX-License-Identifier: PostgreSQL
// Connection strings: one keyword is set, and all others keep their values. The first line of the
// input is the value.
#include "fuzz/fuzzed.h"
#include "settings/conninfo.h"

using fuzzed::must;

namespace {

void check_set(const settings::Conninfo& conninfo, std::string_view keyword,
               std::string_view value) {
  const auto set = settings::with_keyword(conninfo, keyword, value);
  if (!set) return;  // NUL, or a part of a URI's authority
  const auto back = settings::parse_conninfo(*set);
  must(static_cast<bool>(back), "a string with a keyword set is accepted");
  const settings::ConninfoItem* item = back->find(keyword);
  must(item != nullptr && item->value == value, "the keyword has its value");
  for (const settings::ConninfoItem& each : conninfo.items) {
    if (each.keyword == keyword) continue;
    const settings::ConninfoItem* now = back->find(each.keyword);
    must(now != nullptr && now->value == conninfo.find(each.keyword)->value,
         "every other keyword keeps its value");
  }
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view text = fuzzed::text(data, size);
  const std::string_view value = fuzzed::first_line(text);
  const auto conninfo = settings::parse_conninfo(text);
  if (!conninfo) return 0;
  must(conninfo->text == text, "the text is kept");
  for (const settings::ConninfoItem& item : conninfo->items) {
    must(item.text.begin <= item.value_text.begin && item.value_text.end <= item.text.end &&
             item.text.end <= text.size(),
         "an item lies within the text");
  }
  check_set(*conninfo, "sslmode", value);
  check_set(*conninfo, "host", value);
  return 0;
}
