// SPDX-License-Identifier: PostgreSQL
// Masking: a secret that libpq would read as one never survives, wherever it was planted; and
// any other text is taken. The first line of the input is what stands around the secret
// in the password, the rest is what stands around the password.
#include "fuzz/fuzzed.h"
#include "settings/configuration_file.h"
#include "settings/conninfo.h"
#include "settings/mask.h"

using fuzzed::must;

namespace {

constexpr std::string_view secret = "S3CRETBYTES";

bool shows(const std::string& text) { return text.find(secret) != std::string::npos; }

/// Whether the server or libpq would find the secret in this password at all.
bool is_the_password(const std::string& conninfo) {
  const auto parsed = settings::parse_conninfo(conninfo);
  if (!parsed) return true;  // refused, so that all of it must go
  for (const settings::ConninfoItem& item : parsed->items)
    if (shows(item.value)) return item.keyword == "password";
  return false;
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view around = fuzzed::text(data, size);
  const std::string text(around);
  settings::mask_words(text);
  settings::mask_configuration(text);
  if (shows(text) || text.find('\0') != std::string::npos) return 0;

  const std::string_view in_password = fuzzed::first_line(around);
  const std::string value = std::string(in_password) + std::string(secret);
  const std::size_t half = around.size() / 2;
  const std::string conninfo = std::string(around.substr(0, half)) +
                               " password=" + settings::conninfo_quoted(value) + " " +
                               std::string(around.substr(half));
  if (!is_the_password(conninfo)) return 0;
  must(!shows(settings::mask_conninfo(conninfo)), "a password in a connection string is masked");
  for (const char* line :
       {"primary_conninfo = ", "#primary_conninfo = ", "x = 1 #primary_conninfo="})
    must(!shows(settings::mask_configuration(line + settings::quoted(conninfo))),
         "a password in a configuration is masked");
  return 0;
}
