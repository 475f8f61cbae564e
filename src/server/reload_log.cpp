// SPDX-License-Identifier: PostgreSQL
#include "server/reload_log.h"

#include <algorithm>
#include <initializer_list>

#include "base/text.h"
#include "settings/mask.h"

namespace server {
namespace {

constexpr std::size_t shown_bytes = 8192;

bool says(std::string_view line, std::initializer_list<std::string_view> words) {
  return std::any_of(words.begin(), words.end(),
                     [&](std::string_view word) { return line.find(word) != line.npos; });
}

bool shows_secrets(std::string_view line) {
  return says(line, {"conninfo", "ssl_passphrase_command"});
}

bool of_interest(std::string_view line) {
  return says(line,
              {"SSL", "ssl_", "\"ssl\"", "TLS", "not reloaded", "private key file", "certificate",
               "configuration file", "cipher", "ECDH", "DH parameters", "DH: ", "group names"});
}

/// What belongs to the line before it.
bool continues(std::string_view line) {
  return line.starts_with('\t') || says(line, {"DETAIL:  ", "HINT:  "});
}

}  // namespace

ReloadLog read_reload_log(std::string_view text) {
  ReloadLog log;
  bool kept = false;
  for (const std::string_view line : base::split(text, '\n')) {
    kept =
        !line.empty() && !shows_secrets(line) && (of_interest(line) || (kept && continues(line)));
    // 16 and later name the file with its path, which may be any.
    const bool refused = says(line, {" was not reloaded"});
    const bool about_tls = says(line, {"SSL configuration was not reloaded"});
    log.tls_refused = log.tls_refused || about_tls;
    log.rules_refused = log.rules_refused || (refused && !about_tls);
    if (!kept || log.lines.size() > shown_bytes) continue;
    if (!log.lines.empty()) log.lines += '\n';
    log.lines += settings::mask_words(line);
  }
  return log;
}

}  // namespace server
