// SPDX-License-Identifier: PostgreSQL
#include "server_log/entry.h"

#include <algorithm>
#include <charconv>
#include <iterator>

namespace server_log {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

struct Word {
  std::string_view text;
  Severity severity;
};
// error_severity and the words of send_message_to_server_log (src/backend/utils/error/elog.c).
constexpr Word words[] = {{"LOG", Severity::log},           {"STATEMENT", Severity::addition},
                          {"ERROR", Severity::other},       {"DETAIL", Severity::addition},
                          {"FATAL", Severity::fatal},       {"HINT", Severity::addition},
                          {"WARNING", Severity::other},     {"CONTEXT", Severity::addition},
                          {"NOTICE", Severity::other},      {"DEBUG", Severity::other},
                          {"DEBUG1", Severity::other},      {"DEBUG2", Severity::other},
                          {"DEBUG3", Severity::other},      {"DEBUG4", Severity::other},
                          {"DEBUG5", Severity::other},      {"INFO", Severity::other},
                          {"PANIC", Severity::other},       {"QUERY", Severity::addition},
                          {"LOCATION", Severity::location}, {"BACKTRACE", Severity::addition}};
constexpr std::size_t longest_word = 9;
// Abbreviations of zones are no shorter, nor are their numbers ("-03").
constexpr std::size_t shortest_zone = 3;

template <typename Number>
bool read_whole(std::string_view text, Number& number, int base) {
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), number, base);
  return problem == std::errc() && end == text.data() + text.size();
}

bool is_state(std::string_view text) {
  return text.size() >= 7 && text.substr(5, 2) == ": " &&
         std::all_of(text.begin(), text.begin() + 5,
                     [](char c) { return is_digit(c) || (c >= 'A' && c <= 'Z'); });
}

/// Without a way out in the middle: nearly every line begins with a time.
template <std::size_t length>
bool has_shape(std::string_view text, const char (&shape)[length]) {
  if (text.size() < length - 1) return false;
  unsigned wrong = 0;
  for (std::size_t i = 0; i < length - 1; ++i) {
    const unsigned differs = text[i] != shape[i] ? 1 : 0;
    const unsigned no_digit = static_cast<unsigned char>(text[i] - '0') > 9 ? 1 : 0;
    wrong |= shape[i] == '0' ? no_digit : differs;
  }
  return wrong == 0;
}

}  // namespace

bool read_number(std::string_view text, std::uint64_t& number) {
  return read_whole(text, number, 10);
}

bool read_session_id(std::string_view text, Entry& entry) {
  const std::size_t dot = text.find('.');
  return dot != std::string_view::npos && read_whole(text.substr(0, dot), entry.started, 16) &&
         read_whole(text.substr(dot + 1), entry.process, 16);
}

std::string_view unless_unknown(std::string_view name) {
  return name == "[unknown]" ? std::string_view() : name;
}

bool is_command(std::string_view display) {
  return !display.empty() && ((display[0] >= 'A' && display[0] <= 'Z') || display[0] == '<');
}

std::string_view without_port(std::string_view host) {
  if (host == "[local]") return host;
  if (host.ends_with(')')) return host.substr(0, host.rfind('('));
  return host.substr(0, host.rfind(':'));
}

std::size_t length_of_time(std::string_view text, Fraction fraction) {
  const bool fine = fraction == Fraction::milliseconds;
  if (!(fine ? has_shape(text, "0000-00-00 00:00:00.000 ")
             : has_shape(text, "0000-00-00 00:00:00 ")))
    return 0;
  const std::size_t zone = fine ? 24 : 20;
  std::size_t end = zone;
  if (end < text.size() && (text[end] == '+' || text[end] == '-')) {
    do ++end;
    while (end < text.size() && is_digit(text[end]));
  } else {
    while (end < text.size() && is_letter(text[end])) ++end;
  }
  return end - zone < shortest_zone ? 0 : end;
}

bool take_severity(std::string_view& text, Severity& severity) {
  for (const Word& word : words) {
    const std::size_t length = word.text.size();
    if (text.size() < length + 3 || text[0] != word.text[0] || !text.starts_with(word.text) ||
        text.substr(length, 3) != ":  ")
      continue;
    severity = word.severity;
    text.remove_prefix(length + 3);
    if (is_state(text)) text.remove_prefix(7);
    return true;
  }
  return false;
}

bool has_severity(std::string_view text) {
  for (std::size_t at = text.find(":  "); at != std::string_view::npos;
       at = text.find(":  ", at + 1)) {
    if (at == 0 || text[at - 1] >= 'a') continue;
    const std::string_view before =
        text.substr(at - std::min(at, longest_word), std::min(at, longest_word));
    if (std::any_of(std::begin(words), std::end(words),
                    [&](const Word& word) { return before.ends_with(word.text); }))
      return true;
  }
  return false;
}

}  // namespace server_log
