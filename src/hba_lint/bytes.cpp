// SPDX-License-Identifier: PostgreSQL
// Lines before they are words: what an editor does not show.
#include <fmt/format.h>

#include <algorithm>

#include "hba_lint/material.h"

namespace hba_lint {
namespace {

bool blank(char c) { return c == ' ' || c == '\t' || c == '\r'; }

std::string_view without_blanks(std::string_view line) {
  while (!line.empty() && blank(line.front())) line.remove_prefix(1);
  return line;
}

/// One file's physical lines in order, with what one leaves to the next.
class Walk {
 public:
  Walk(const Material& material, const std::string& file, base::Findings& findings)
      : version_(material.subject.version),
        file_(file),
        findings_(findings),
        refused_at_once_(std::any_of(material.rules.rows.begin(), material.rules.rows.end(),
                                     [&](const hba::RuleRow& row) {
                                       return row.line == 1 && !row.rule && row.file == file;
                                     })) {}

  void run(std::string_view text) {
    if (text.starts_with(byte_order_mark) && !refused_at_once_)
      say(findings_, "hba.byte-order-mark", file_, 1, "the file begins with a byte-order mark");
    for (int number = 1; !text.empty(); ++number) {
      const std::size_t newline = text.find('\n');
      std::string_view line = text.substr(0, newline);
      text.remove_prefix(newline == std::string_view::npos ? text.size() : newline + 1);
      while (!line.empty() && line.back() == '\r') line.remove_suffix(1);
      take(number, line, text);
    }
  }

 private:
  void take(int number, std::string_view line, std::string_view rest) {
    if (line.find('\0') != std::string_view::npos)
      say(findings_, "hba.odd-character", file_, number,
          "a NUL hides what stands behind it in its line");
    for (const char c : line) {
      if (in_comment_) break;
      if (c == '"') in_quote_ = !in_quote_;
      in_comment_ = c == '#' && !in_quote_;
    }
    const bool goes_on = hba::joins_lines(version_) && line.ends_with('\\');
    const std::string_view next = without_blanks(rest.substr(0, rest.find('\n')));
    if (goes_on && in_comment_ && !next.empty() && !next.starts_with('#'))
      say(findings_, "hba.comment-continues", file_, number,
          "the comment goes on in the next line, which is no rule therefore");
    if (logical_.empty()) began_ = number;
    logical_ += goes_on ? line.substr(0, line.size() - 1) : line;
    if (goes_on) return;
    look_at_include();
    logical_.clear();
    in_comment_ = false;
    in_quote_ = false;
  }

  void look_at_include() {
    if (!hba::has_includes(version_)) return;
    const std::string_view line = without_blanks(logical_);
    if (!line.starts_with("include") && !line.starts_with("\"include")) return;
    // As a version that leaves such lines as they are.
    const hba::Tokens tokens = hba::tokenize(file_, logical_, {15, 20}, OneName());
    if (tokens.lines.size() != 1 || tokens.lines[0].fields.size() != 2) return;
    const hba::Field& names = tokens.lines[0].fields[1];
    const std::string& word = tokens.lines[0].fields[0][0].text;
    const bool includes = word == "include" || word == "include_if_exists" || word == "include_dir";
    if (includes && names.size() > 1)
      say(findings_, "hba.include-list", file_, began_,
          fmt::format("only \"{}\" is read of {} files", names[0].text, names.size()));
  }

  const hba::Version& version_;
  const std::string& file_;
  base::Findings& findings_;
  bool refused_at_once_;  ///< the server's words are said of its first line
  std::string logical_;
  int began_ = 1;
  bool in_comment_ = false;
  bool in_quote_ = false;
};

}  // namespace

void check_bytes(const Material& material, base::Findings& findings) {
  for (const auto& [file, text] : material.texts) Walk(material, file, findings).run(text);
}

}  // namespace hba_lint
