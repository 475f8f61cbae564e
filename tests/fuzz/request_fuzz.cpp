// SPDX-License-Identifier: PostgreSQL
// A signing request in DER, as a host sends it: only one that is signed by its own acceptable key
// is taken.
#include "fuzz/fuzzed.h"
#include "x509/der.h"
#include "x509/request.h"

using fuzzed::must;

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto request = x509::Request::parse(fuzzed::text(data, size));
  if (!request) return 0;
  const auto parts = x509::read_spki(request->spki());
  must(static_cast<bool>(parts), "the key that is taken is one that we read");
  must(parts->name == "P-256" || parts->name == "P-384" ||
           (parts->name == "RSA" && parts->bits >= 2048 && parts->bits <= 8192),
       "the key is of an acceptable kind");
  must(request->spki_sha256().size() == 64, "the key has a digest");
  return 0;
}
