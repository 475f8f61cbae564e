// SPDX-License-Identifier: PostgreSQL
// ssl.conf: what is accepted can be written again, and means the same then.
#include "fuzz/fuzzed.h"
#include "settings/tls_settings.h"

using fuzzed::must;

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto conf = settings::parse_ssl_conf(fuzzed::text(data, size));
  if (!conf) return 0;
  for (int major = settings::oldest_major; major <= settings::newest_major; ++major) {
    const auto text = settings::ssl_conf_text(major, *conf);
    if (!text) continue;  // a relative path, an unknown protocol
    auto back = settings::parse_ssl_conf(*text);
    must(static_cast<bool>(back), "what we write is read");
    if (major < 12) back->min_protocol = conf->min_protocol;
    must(*back == *conf, "what we write is read as the same");
  }
  return 0;
}
