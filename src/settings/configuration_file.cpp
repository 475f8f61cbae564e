// SPDX-License-Identifier: PostgreSQL
#include "settings/configuration_file.h"

#include <fmt/format.h>

#include <optional>

#include "base/text.h"
#include "settings/scanner.h"

namespace settings {
namespace {

/// One line's directive, or the token at which the server would call it a syntax error.
struct Parsed {
  bool good = false;
  Token name;
  Token value;
  Token wrong;
};

bool may_be_value(TokenKind kind) {
  return kind == TokenKind::name || kind == TokenKind::string || kind == TokenKind::integer ||
         kind == TokenKind::real || kind == TokenKind::unquoted;
}

Parsed parse_line(std::string_view line) {
  Parsed parsed;
  parsed.name = next_token(line, 0);
  if (parsed.name.kind != TokenKind::name && parsed.name.kind != TokenKind::qualified_name) {
    parsed.wrong = parsed.name;
    return parsed;
  }
  parsed.value = next_token(line, parsed.name.end);
  if (parsed.value.kind == TokenKind::equals) parsed.value = next_token(line, parsed.value.end);
  if (!may_be_value(parsed.value.kind)) {
    parsed.wrong = parsed.value;
    return parsed;
  }
  parsed.wrong = next_token(line, parsed.value.end);
  parsed.good = parsed.wrong.kind == TokenKind::end;
  return parsed;
}

std::optional<IncludeKind> include_kind(std::string_view name) {
  if (name == "include") return IncludeKind::file;
  if (name == "include_if_exists") return IncludeKind::if_exists;
  if (name == "include_dir") return IncludeKind::directory;
  return std::nullopt;
}

/// Collects what one file says, a line at a time.
class Reader {
 public:
  Reader(ConfigurationFile& file, std::string_view file_name) : file_(file), name_(file_name) {}

  /// `line` with its newline, if it has one; it begins at byte `begin`.
  void take(std::string_view line, std::size_t begin) {
    const std::string_view body = line.substr(0, line.find('\n'));
    LineKind kind = LineKind::blank;
    if (next_token(body, 0).kind != TokenKind::end) kind = read(body, begin);
    file_.lines.push_back({kind, std::string(line)});
  }

 private:
  [[nodiscard]] int number() const { return static_cast<int>(file_.lines.size()) + 1; }

  LineKind read(std::string_view body, std::size_t begin) {
    const Parsed parsed = parse_line(body);
    if (!parsed.good) return bad(body, parsed.wrong);
    const auto word = [&](Token token) {
      return body.substr(token.begin, token.end - token.begin);
    };
    const std::string name = base::lower(word(parsed.name));
    const std::string value = token_value(parsed.value.kind, word(parsed.value));
    const TextRange text = {begin + parsed.name.begin, begin + parsed.value.end};
    if (const auto kind = include_kind(name)) {
      file_.includes.push_back({*kind, value, number(), text});
      return LineKind::include;
    }
    const TextRange written = {begin + parsed.value.begin, begin + parsed.value.end};
    file_.assignments.push_back({name, value, number(), text, written});
    return LineKind::assignment;
  }

  LineKind bad(std::string_view body, Token wrong) {
    base::Finding finding;
    finding.severity = base::Severity::error;
    finding.code = "settings.syntax";
    finding.message =
        wrong.kind == TokenKind::end
            ? "syntax error near end of line"
            : fmt::format("syntax error near token \"{}\"",
                          base::printable_line(body.substr(wrong.begin, wrong.end - wrong.begin)));
    finding.detail = "The server refuses its whole configuration because of this line.";
    finding.hint = "Write name = 'value', with single quotes around everything but plain words.";
    finding.clause = "postgresql config-setting";
    finding.file = name_;
    finding.line = number();
    file_.findings.push_back(std::move(finding));
    return LineKind::bad;
  }

  ConfigurationFile& file_;
  std::string name_;
};

}  // namespace

const Assignment* ConfigurationFile::effective(std::string_view name) const {
  const std::string wanted = base::lower(name);
  for (auto it = assignments.rbegin(); it != assignments.rend(); ++it) {
    if (it->name == wanted) return &*it;
  }
  return nullptr;
}

std::string ConfigurationFile::write() const {
  std::string text;
  for (const Line& line : lines) text += line.text;
  return text;
}

ConfigurationFile parse(std::string_view text, std::string_view file_name) {
  ConfigurationFile file;
  Reader reader(file, file_name);
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t newline = text.find('\n', begin);
    const std::size_t end = newline == std::string_view::npos ? text.size() : newline + 1;
    reader.take(text.substr(begin, end - begin), begin);
    begin = end;
  }
  return file;
}

std::string quoted(std::string_view value) {
  std::string text = "'";
  for (const char c : value) {
    switch (c) {
      case '\'':
        text += "''";
        break;
      case '\\':
        text += "\\\\";
        break;
      case '\n':
        text += "\\n";
        break;
      case '\r':
        text += "\\r";
        break;
      default:
        text += c;
    }
  }
  return text + "'";
}

}  // namespace settings
