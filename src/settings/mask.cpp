// SPDX-License-Identifier: PostgreSQL
#include "settings/mask.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <optional>

#include "base/text.h"
#include "settings/configuration_file.h"
#include "settings/conninfo.h"

namespace settings {
namespace {

constexpr std::array<std::string_view, 13> secret_endings = {
    "password", "passwd",  "pass",    "passphrase", "pwd",        "secret",       "token",
    "apikey",   "api_key", "api-key", "access_key", "access-key", "authorization"};

bool white(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }
bool word_byte(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
         c == '-' || c == '.';
}

bool secret_word(std::string_view word) {
  const std::string lower = base::lower(word);
  return std::any_of(secret_endings.begin(), secret_endings.end(),
                     [&](std::string_view ending) { return lower.ends_with(ending); });
}

bool secret_keyword(std::string_view keyword) {
  return secret_word(keyword) || keyword == "scram_client_key" || keyword == "scram_server_key";
}

std::size_t after_blanks(std::string_view text, std::size_t at) {
  while (at < text.size() && white(text[at])) ++at;
  return at;
}

/// The end of the shell's word that begins at `at`: quotes in pairs, an escaped byte whole.
std::size_t shell_word_end(std::string_view text, std::size_t at) {
  constexpr std::string_view stops = " \t\r\n;&|)<>";
  char quote = '\0';
  for (; at < text.size(); ++at) {
    const char c = text[at];
    if (c == '\\' && quote != '\'') {
      ++at;
    } else if (quote != '\0') {
      if (c == quote) quote = '\0';
    } else if (c == '\'' || c == '"' || c == '`') {
      quote = c;
    } else if (stops.find(c) != std::string_view::npos) {
      break;
    }
  }
  return std::min(at, text.size());
}

/// Where the value begins that belongs to the secret word [begin, end); null where none follows.
std::optional<std::size_t> value_after(std::string_view text, std::size_t begin, std::size_t end) {
  std::size_t at = end;
  if (at < text.size() && (text[at] == '"' || text[at] == '\'')) ++at;  // "password": "x"
  const std::size_t sign = after_blanks(text, at);
  if (sign < text.size() && (text[sign] == '=' || text[sign] == ':')) {
    return after_blanks(text, sign + 1);
  }
  if (sign >= text.size() || sign == end) return std::nullopt;
  const bool quote = text[sign] == '\'' || text[sign] == '"';
  const bool option = text[begin] == '-' && text[sign] != '-' &&
                      !text.substr(begin, end - begin).starts_with("--no-");
  return option || quote ? std::optional(sign) : std::nullopt;
}

/// "Authorization: Bearer …": the scheme's word is no secret, what follows it is.
std::size_t end_of_value(std::string_view text, std::string_view word, std::size_t begin) {
  std::size_t end = shell_word_end(text, begin);
  if (!base::lower(word).ends_with("authorization")) return end;
  return shell_word_end(text, after_blanks(text, end));
}

std::string mask_secret_words(std::string_view text) {
  std::string safe;
  std::size_t at = 0;
  while (at < text.size()) {
    if (!word_byte(text[at])) {
      safe += text[at++];
      continue;
    }
    std::size_t end = at;
    while (end < text.size() && word_byte(text[end])) ++end;
    const std::string_view word = text.substr(at, end - at);
    const auto value = secret_word(word) ? value_after(text, at, end) : std::nullopt;
    if (!value || *value >= text.size()) {
      safe += word;
      at = end;
      continue;
    }
    safe += text.substr(at, *value - at);
    const std::size_t value_end = end_of_value(text, word, *value);
    if (value_end > *value) safe += masked;
    at = value_end;
  }
  return safe;
}

/// scheme://user:password@: from the first colon to the last "@" that can belong to it. An
/// unescaped
/// "/" in the password makes libpq see no password; a person would.
std::string mask_uris(std::string_view text) {
  std::string safe;
  while (true) {
    const std::size_t scheme = text.find("://");
    if (scheme == std::string_view::npos) return safe + std::string(text);
    safe += text.substr(0, scheme + 3);
    text.remove_prefix(scheme + 3);
    const std::string_view uri = text.substr(0, text.find_first_of(" \t\r\n"));
    const std::string_view authority = uri.substr(0, uri.find('/'));
    const std::string_view path = uri.substr(0, uri.find('?'));
    std::size_t at_sign = authority.rfind('@');
    if (at_sign == std::string_view::npos) at_sign = path.rfind('@');
    const std::size_t colon = uri.find(':');
    if (at_sign == std::string_view::npos || colon == std::string_view::npos || colon > at_sign) {
      continue;
    }
    safe += text.substr(0, colon + 1);
    if (at_sign > colon + 1) safe += masked;
    text.remove_prefix(at_sign);
  }
}

/// Passwords that programs take without saying so: sshpass -p X, curl -u user:X.
std::string mask_options(std::string_view text) {
  std::string safe;
  const bool sshpass = text.find("sshpass") != std::string_view::npos;
  const bool curl = text.find("curl") != std::string_view::npos;
  for (std::size_t at = 0; at < text.size();) {
    const bool start = at == 0 || white(text[at - 1]);
    const std::string_view option = start ? text.substr(at, 2) : std::string_view();
    if (!((curl && option == "-u") || (sshpass && option == "-p"))) {
      safe += text[at++];
      continue;
    }
    std::size_t begin = after_blanks(text, at + 2);
    const std::size_t end = shell_word_end(text, begin);
    const std::size_t colon = text.substr(0, end).find(':', begin);
    if (option == "-u") begin = colon == std::string_view::npos ? end : colon + 1;
    safe += text.substr(at, begin - at);
    if (end > begin) safe += masked;
    at = end;
  }
  return safe;
}

/// One line that is not (yet) a setting: a comment, a bad line. `depth`: how many more settings may
/// be looked for in comments behind comments.
std::string mask_loose_line(std::string_view line, int depth);

/// `line` with its one assignment masked; null where it is none.
std::optional<std::string> mask_assignment_line(std::string_view line, int depth) {
  const ConfigurationFile one = parse(line);
  if (one.assignments.size() != 1 || one.lines.size() != 1) return std::nullopt;
  const Assignment& assignment = one.assignments[0];
  const std::string shown = mask_setting(assignment.name, assignment.value);
  std::string safe(line.substr(0, assignment.value_text.begin));
  if (shown == assignment.value) {
    safe += line.substr(assignment.value_text.begin,
                        assignment.value_text.end - assignment.value_text.begin);
  } else {
    safe += quoted(shown);
  }
  return safe + mask_loose_line(line.substr(assignment.value_text.end), depth);
}

std::string mask_loose_line(std::string_view line, int depth) {
  const std::size_t start = line.find_first_not_of("# \t");
  if (start != std::string_view::npos && start > 0 && depth > 0) {
    if (auto safe = mask_assignment_line(line.substr(start), depth - 1)) {
      return std::string(line.substr(0, start)) + *safe;
    }
  }
  const std::string lower = base::lower(line);
  for (const std::string_view name : {"conninfo", "ssl_passphrase_command"}) {
    const std::size_t at = lower.find(name);
    if (at == std::string::npos) continue;
    // A connection string that does not parse, perhaps for want of a quote: nothing of it is safe.
    const std::size_t end = at + name.size();
    if (line.find_first_of("=':", end) == std::string_view::npos) continue;
    const std::string_view newline = line.ends_with('\n') ? "\n" : "";
    return mask_words(line.substr(0, end)) + " " + std::string(masked) + std::string(newline);
  }
  return mask_words(line);
}

bool connection_setting(std::string_view lower_name) {
  return lower_name.find("conninfo") != std::string_view::npos;
}

}  // namespace

std::string mask_conninfo(std::string_view text) {
  const auto conninfo = parse_conninfo(text);
  if (!conninfo) return std::string(masked);
  std::string safe;
  std::size_t at = 0;
  for (const ConninfoItem& item : conninfo->items) {
    if (item.value_text.begin < at) continue;  // a URI's ports lie within its hosts
    safe += text.substr(at, item.value_text.begin - at);
    at = item.value_text.end;
    const std::string_view written = text.substr(item.value_text.begin, at - item.value_text.begin);
    if (!secret_keyword(base::lower(item.keyword))) {
      safe += item.keyword == "options" ? mask_words(written) : written;
    } else if (!item.value.empty()) {
      safe += masked;
    } else {
      safe += written;
    }
  }
  return mask_uris(safe + std::string(text.substr(at)));
}

std::string mask_words(std::string_view text) {
  return mask_options(mask_uris(mask_secret_words(text)));
}

std::string mask_setting(std::string_view name, std::string_view value) {
  const std::string lower = base::lower(name);
  if (value.empty()) return {};
  if (connection_setting(lower)) return mask_conninfo(value);
  if (lower == "ssl_passphrase_command" || secret_word(lower)) return std::string(masked);
  return mask_words(value);
}

std::string mask_configuration(std::string_view text) {
  std::string safe;
  for (const Line& line : parse(text).lines) {
    auto assignment = mask_assignment_line(line.text, 2);
    safe += assignment ? *assignment : mask_loose_line(line.text, 2);
  }
  return safe;
}

}  // namespace settings
