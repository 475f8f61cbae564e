// SPDX-License-Identifier: PostgreSQL
// The DER reader: it walks any bytes without leaving them, and an element that it takes is written
// again byte for byte: DER has one form.
#include "fuzz/fuzzed.h"
#include "x509/der.h"

using fuzzed::must;
namespace der = x509::der;

namespace {

void walk(std::string_view bytes, int depth) {
  der::Reader reader(bytes);
  std::string again;
  while (!reader.at_end()) {
    const auto element = reader.any("element");
    if (!element) return;
    must(der::wrap(element->tag, element->content) == element->whole, "an element has one form");
    again += element->whole;
    if ((element->tag & 0x20U) != 0 && depth < 32) walk(element->content, depth + 1);
    if (element->tag == der::object_identifier) {
      const auto digits = der::object_identifier_text(element->content);
      if (digits)
        must(der::object_identifier_content(*digits) == element->content,
             "an object identifier has one form");
    }
  }
  must(again == bytes, "the elements are all of the bytes");
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes = fuzzed::text(data, size);
  walk(bytes, 0);
  (void)der::Reader(bytes).boolean_or_false("boolean");
  (void)der::Reader(bytes).small_integer("integer");
  (void)der::Reader(bytes).whole_octets("bits");
  (void)der::Reader(bytes).time("time");
  (void)x509::read_spki(bytes);
  (void)x509::signature_algorithm_name(bytes);
  return 0;
}
