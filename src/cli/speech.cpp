// SPDX-License-Identifier: PostgreSQL
#include "cli/speech.h"

#include <errno.h>
#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"

namespace cli {

using base::printable;
using base::printable_line;

std::string Ink::operator()(Tone tone, std::string_view word) const {
  if (!on) return std::string(word);
  const int number = tone == Tone::good ? 32 : tone == Tone::middling ? 33 : 31;
  return fmt::format("\x1b[{}m{}\x1b[0m", number, word);
}

std::string Ink::operator()(base::Severity severity) const {
  const char* word = to_string(severity);
  if (severity == base::Severity::note) return word;
  return (*this)(severity == base::Severity::error ? Tone::bad : Tone::middling, word);
}

void Speech::result(const std::string& text) {
  errno = 0;
  const bool whole = std::fwrite(text.data(), 1, text.size(), out_.file) == text.size();
  if ((std::fflush(out_.file) != 0 || !whole) && lost_ == 0) lost_ = errno == 0 ? EIO : errno;
}

void Speech::say(const std::string& line) {
  if (quiet_) return;
  fmt::print(talk_.file, "{}\n", line);
  std::fflush(talk_.file);
}

void Speech::error(const base::Error& error) {
  fmt::print(talk_.file, "{}", text_of(error, talk_.ink));
}

namespace {

/// Continuation lines stand under the text that they continue.
std::string indented(const std::string& text, const char* pad) {
  std::string result;
  for (const char c : text) {
    result += c;
    if (c == '\n') result += pad;
  }
  return result;
}

std::string labelled(const char* label, const std::string& text) {
  if (text.empty()) return {};
  return fmt::format("{}{}\n", label, indented(printable(text), "         "));
}

}  // namespace

std::string text_of(const base::Error& error, Ink ink) {
  const auto& row = base::error_row(error.code);
  std::string text =
      fmt::format("pgseal: {}: {}\n", ink(base::Severity::error), printable_line(error.message));
  text += labelled("DETAIL:  ", error.detail);
  text += labelled("HINT:    ", error.hint.empty() ? std::string(row.remedy) : error.hint);
  text += labelled("CONTEXT: ", error.while_doing);
  text += fmt::format("CODE:    {} ({})\n", static_cast<int>(error.code), row.name);
  return text;
}

std::string text_of(const base::Finding& finding, Ink ink) {
  std::string place;
  if (!finding.host.empty()) place += printable_line(finding.host) + " ";
  if (!finding.file.empty()) {
    place += printable_line(finding.file);
    if (finding.line > 0) place += fmt::format(":{}", finding.line);
    place += " ";
  }
  std::string text = fmt::format("{}{} {}: {}\n", place, ink(finding.severity), finding.code,
                                 printable_line(finding.message));
  text += labelled("  detail: ", finding.detail);
  text += labelled("  hint:   ", finding.hint);
  if (!finding.clause.empty()) text += fmt::format("  clause: {}\n", finding.clause);
  return text;
}

std::string text_of(const base::Findings& findings, Ink ink) {
  std::vector<const base::Finding*> sorted;
  for (const base::Finding& found : findings) sorted.push_back(&found);
  std::stable_sort(sorted.begin(), sorted.end(),
                   [](const auto* a, const auto* b) { return a->severity > b->severity; });
  std::string text;
  for (const base::Finding* found : sorted) text += text_of(*found, ink);
  return text;
}

std::string count(std::size_t number, const char* one, const char* many) {
  return fmt::format("{} {}", number, number == 1 ? one : many);
}

}  // namespace cli
