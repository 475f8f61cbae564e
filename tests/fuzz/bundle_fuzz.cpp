// SPDX-License-Identifier: PostgreSQL
// A PEM text: a bundle that is read can be written, and is the same then; a pair is read or
// refused.
#include "fuzz/fuzzed.h"
#include "x509/bundle.h"
#include "x509/pair.h"

using fuzzed::must;

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view pem = fuzzed::text(data, size);
  if (const auto bundle = x509::Bundle::from_pem(pem)) {
    const auto back = x509::Bundle::from_pem(bundle->to_pem());
    must(back && *back == *bundle, "a bundle that is written is read back");
    must(bundle->merged(*bundle).certificates().size() <= bundle->certificates().size(),
         "merging twins adds none");
    for (const x509::Certificate& each : bundle->certificates())
      must(bundle->contains(each) && !bundle->without(each).contains(each),
           "what is taken out is not in it");
  }
  if (const auto pair = x509::parse_pair(pem)) {
    must(pair->has_key || !pair->key_matches, "no key matches where there is none");
    must(pair->leaf || pair->chain.empty(), "no chain without its leaf");
  }
  return 0;
}
