// SPDX-License-Identifier: PostgreSQL
// Works on the logical line without its quotes, so that no way of quoting or continuing hides a
// keyword; each byte remembers where it came from.
#include "hba/mask.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <cstddef>
#include <string>
#include <vector>

#include "base/text.h"

namespace hba {
namespace {

constexpr std::string_view masked = "********";
constexpr std::array<std::string_view, 2> secrets = {"ldapbindpasswd", "radiussecrets"};
/// Every option of versions 10 to 18: the value before one of them ends there.
constexpr std::array<std::string_view, 29> every_option = {"map",
                                                           "clientcert",
                                                           "clientname",
                                                           "include_realm",
                                                           "krb_realm",
                                                           "compat_realm",
                                                           "upn_username",
                                                           "pamservice",
                                                           "ldapserver",
                                                           "ldapport",
                                                           "ldapscheme",
                                                           "pam_use_hostname",
                                                           "ldaptls",
                                                           "ldapprefix",
                                                           "ldapsuffix",
                                                           "ldapbasedn",
                                                           "ldapbinddn",
                                                           "ldapbindpasswd",
                                                           "ldapsearchattribute",
                                                           "ldapsearchfilter",
                                                           "ldapurl",
                                                           "radiusservers",
                                                           "radiussecrets",
                                                           "radiusports",
                                                           "radiusidentifiers",
                                                           "issuer",
                                                           "scope",
                                                           "validator",
                                                           "delegate_ident_mapping"};

/// A byte of the logical line, quotes left out.
struct Byte {
  char c;
  std::size_t at;  ///< in the text
  bool quoted;
};

struct Region {
  std::size_t begin;
  std::size_t end;
};

bool blank(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\0'; }
bool separates(const Byte& byte) { return !byte.quoted && (blank(byte.c) || byte.c == ','); }

/// Length of a continuation (backslash, carriage returns, newline) at `at`, or 0.
std::size_t continuation(std::string_view text, std::size_t at) {
  if (text[at] != '\\') return 0;
  std::size_t end = at + 1;
  while (end < text.size() && text[end] == '\r') ++end;
  return end < text.size() && text[end] == '\n' ? end + 1 - at : 0;
}

/// Takes one logical line off `text` at `at`, which moves behind it.
std::vector<Byte> logical_line(std::string_view text, std::size_t& at) {
  std::vector<Byte> line;
  bool quoted = false;
  while (at < text.size() && text[at] != '\n') {
    if (const std::size_t skip = continuation(text, at)) {
      at += skip;
    } else if (text[at] == '"') {
      quoted = !quoted;
      ++at;
    } else {
      line.push_back({text[at], at, quoted});
      ++at;
    }
  }
  if (at < text.size()) ++at;
  return line;
}

/// One line's secrets, from left to right.
class Finder {
 public:
  explicit Finder(const std::vector<Byte>& line) : line_(line) {
    for (const Byte& byte : line) lower_ += byte.c;
    lower_ = base::lower(lower_);
  }

  std::vector<Region> run() {
    for (std::size_t i = 0; i < line_.size();) i = step(i);
    return regions_;
  }

 private:
  [[nodiscard]] bool word_at(std::string_view word, std::size_t i) const {
    return std::string_view(lower_).substr(i).starts_with(word);
  }

  std::size_t step(std::size_t i) {
    if (word_at("://", i)) return uri(i + 3);
    for (const std::string_view secret : secrets) {
      if (word_at(secret, i)) return value(i + secret.size());
    }
    return i + 1;
  }

  /// After a keyword. The server takes only "=" without blanks; a slip must not show the secret. In
  /// prose, where no sign follows, there is nothing to hide.
  std::size_t value(std::size_t i) {
    std::size_t begin = i;
    while (begin < line_.size() && blank(line_[begin].c)) ++begin;
    if (begin >= line_.size()) return i;
    const bool sign = line_[begin].c == '=' || line_[begin].c == ':';
    if (!sign && commented(i)) return i;
    if (sign) ++begin;
    while (begin < line_.size() && blank(line_[begin].c)) ++begin;
    std::size_t end = begin;
    for (std::size_t at = begin; at < line_.size() && !ends_at(at); ++at) {
      if (!separates(line_[at])) end = at + 1;
    }
    add(begin, end);
    return std::max(end, i);
  }

  [[nodiscard]] bool commented(std::size_t i) const {
    return std::any_of(line_.begin(), line_.begin() + static_cast<std::ptrdiff_t>(i),
                       [](const Byte& byte) { return byte.c == '#' && !byte.quoted; });
  }

  /// The next option or a comment set off by a blank. What else follows a value may belong to it: a
  /// list's next item, a password with an unquoted blank.
  [[nodiscard]] bool ends_at(std::size_t at) const {
    if (at == 0 || !separates(line_[at - 1])) return false;
    if (line_[at].c == '#' && !line_[at].quoted) return true;
    return std::any_of(every_option.begin(), every_option.end(), [&](std::string_view option) {
      return word_at(option, at) && at + option.size() < line_.size() &&
             line_[at + option.size()].c == '=';
    });
  }

  /// user:password@ after "://".
  std::size_t uri(std::size_t begin) {
    std::size_t end = begin;
    while (end < line_.size() && !blank(line_[end].c)) ++end;
    const std::string_view rest = std::string_view(lower_).substr(begin, end - begin);
    const std::size_t sign = rest.substr(0, rest.find('?')).rfind('@');
    const std::size_t colon = rest.find(':');
    for (const std::string_view secret : secrets) {
      if (rest.find(secret) != std::string_view::npos) return begin;  // its value reaches further
    }
    if (sign == std::string_view::npos || colon == std::string_view::npos || colon > sign) {
      return begin;
    }
    add(begin + colon + 1, begin + sign);
    return begin + sign;
  }

  void add(std::size_t begin, std::size_t end) {
    if (begin < end) regions_.push_back({begin, end});
  }

  const std::vector<Byte>& line_;
  std::string lower_;
  std::vector<Region> regions_;
};

bool begins_with(std::string_view text, std::string_view lower_word) {
  return text.size() >= lower_word.size() &&
         std::equal(lower_word.begin(), lower_word.end(), text.begin(), [](char small, char c) {
           return small == std::tolower(static_cast<unsigned char>(c));
         });
}

/// Sure only of a text whose words no quote and no backslash takes apart.
bool surely_without_secrets(std::string_view text) {
  if (text.find_first_of("\"\\") != std::string_view::npos) return false;
  if (text.find("://") != std::string_view::npos) return false;
  for (std::size_t at = text.find_first_of("lLrR"); at != std::string_view::npos;
       at = text.find_first_of("lLrR", at + 1))
    for (const std::string_view secret : secrets)
      if (begins_with(text.substr(at), secret)) return false;
  return true;
}

/// What stands for the bytes [begin, end): the mask, a quote if theirs were odd in number, and
/// their continuations, so that lines keep their numbers.
std::string replacement(std::string_view text) {
  std::string safe(masked);
  if (std::count(text.begin(), text.end(), '"') % 2 != 0) safe += '"';
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (const std::size_t length = continuation(text, i)) safe += text.substr(i, length);
  }
  return safe;
}

/// The words of a secret as the server takes them apart: at blanks and commas, without "@".
std::vector<std::string> words_of(const std::vector<Byte>& line, const Region& region) {
  std::vector<std::string> words(1);
  for (std::size_t i = region.begin; i < region.end; ++i) {
    if (separates(line[i]))
      words.emplace_back();
    else if (line[i].c != '@' || !words.back().empty())
      words.back() += line[i].c;
  }
  std::erase(words, "");
  return words;
}

bool of_word(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0; }

/// Where it stands for itself, not within a longer word.
void mask_word(std::string& message, const std::string& word) {
  for (std::size_t at = 0; (at = message.find(word, at)) != std::string::npos;) {
    const std::size_t end = at + word.size();
    const bool within = (at > 0 && of_word(message[at - 1]) && of_word(word.front())) ||
                        (end < message.size() && of_word(message[end]) && of_word(word.back()));
    if (!within) message.replace(at, word.size(), masked);
    at = within ? at + 1 : at + masked.size();
  }
}

}  // namespace

std::string mask_message(std::string_view message, std::string_view line) {
  std::string safe(message);
  if (surely_without_secrets(line)) return safe;
  for (std::size_t at = 0; at < line.size();) {
    const std::vector<Byte> bytes = logical_line(line, at);
    for (const Region& region : Finder(bytes).run())
      for (const std::string& word : words_of(bytes, region)) mask_word(safe, word);
  }
  return safe;
}

std::string mask_secrets(std::string_view pg_hba_text) {
  std::string safe;
  std::size_t written = 0;
  for (std::size_t at = 0; at < pg_hba_text.size();) {
    const std::vector<Byte> line = logical_line(pg_hba_text, at);
    for (const Region& region : Finder(line).run()) {
      // A quote just before or after the value stays where it is.
      const std::size_t begin = line[region.begin].at;
      const std::size_t end = line[region.end - 1].at + 1;
      safe += pg_hba_text.substr(written, begin - written);
      safe += replacement(pg_hba_text.substr(begin, end - begin));
      written = end;
    }
  }
  return safe + std::string(pg_hba_text.substr(written));
}

}  // namespace hba
