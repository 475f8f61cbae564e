// SPDX-License-Identifier: PostgreSQL
// A certificate in DER: read or refused; what is read can be written as PEM, and every text of it
// is harmless.
#include "base/text.h"
#include "fuzz/fuzzed.h"
#include "x509/certificate.h"

using fuzzed::must;

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view der = fuzzed::text(data, size);
  const auto strict = x509::Certificate::from_der(der);
  const auto decoded = x509::Certificate::decode(der);
  must(!strict || decoded, "what the library takes too is decoded");
  if (!decoded) return 0;
  must(decoded->der == der, "all bytes are the certificate's");
  for (const std::string* text : {&decoded->subject, &decoded->issuer})
    must(base::printable_line(*text) == *text, "a name is printable");
  for (const auto* list : {&decoded->common_names, &decoded->dns_names, &decoded->other_names})
    for (const std::string& text : *list)
      must(base::printable_line(text) == text, "a name is printable");
  if (!strict) return 0;
  const auto back = x509::Certificate::from_pem(strict->to_pem());
  must(back && *back == *strict, "PEM gives the same certificate");
  (void)strict->signed_by(*strict);
  return 0;
}
