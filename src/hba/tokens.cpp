// SPDX-License-Identifier: PostgreSQL
#include "hba/tokens.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <utility>

namespace hba {
namespace {

// CONF_FILE_MAX_DEPTH of 16 and later.
constexpr std::size_t deepest = 10;
// To 15 descriptors are the limit: about half of the 1000 of max_files_per_process.
constexpr std::size_t deepest_before_16 = 400;
// Each of 10 levels may name the level below many times: some end must be.
constexpr std::size_t most_files = 10000;

constexpr std::size_t usual_fields = 6;

// initStringInfo's.
constexpr std::size_t first_room = 1024;

bool blank(char c) { return c == ' ' || c == '\t' || c == '\r'; }

/// Means nothing but itself, within quotes and without.
bool plain(char c) { return !blank(c) && c != ',' && c != '"' && c != '#'; }

/// A line that may go on: what was not read of it yet.
struct Rest {
  std::string_view text;
  std::size_t at = 0;
  [[nodiscard]] bool over() const { return at >= text.size(); }
};

struct NextToken {
  Token token;
  bool found = false;
  bool comma = false;  ///< more of the same field follows
};

/// What one line became, or why it became nothing.
struct Outcome {
  std::vector<Field> fields;
  std::string error;
};

constexpr std::size_t most_reserved = 1'000'000;

class Tokenizer {
 public:
  Tokenizer(const Version& version, const Sources& sources)
      : version_(version), sources_(sources) {}

  Tokens take() && { return {{}, std::move(remarks_)}; }

  void file(const std::string& path, std::string_view text, std::vector<Line>& lines) {
    open_.push_back(path);
    const std::size_t outer_room = std::exchange(room_, first_room);
    std::size_t at = 0;
    int number = 1;
    while (at < text.size()) {
      Line line;
      line.number = number;
      line.begin = at;
      number += joins_lines(version_) ? join(text, at, line.text) : chunk(text, at, line);
      line.end = at;
      if (line.text.empty() && line.error.empty()) continue;
      line.file = path;
      if (!line.error.empty()) {
        lines.push_back(std::move(line));
        continue;
      }
      Outcome outcome = fields_of(line);
      line.fields = std::move(outcome.fields);
      line.error = std::move(outcome.error);
      if (line.fields.empty() && line.error.empty()) continue;
      if (has_includes(version_) && line.error.empty() && line.fields.size() == 2 &&
          include(line, lines))
        continue;
      lines.push_back(std::move(line));
    }
    open_.pop_back();
    room_ = outer_room;
  }

 private:
  /// What the server's line buffer reads from 14 on (src/common/pg_get_line.c): fgets by fgets into
  /// what room there is, until a newline is seen. A NUL hides the rest of what one fgets read, the
  /// newline too, and so joins the next line. False: nothing more is there.
  bool get_line(std::string_view text, std::size_t& at, std::string& logical) {
    const std::size_t before = logical.size();
    while (at < text.size()) {
      const std::string_view chunk = text.substr(at, room_ - logical.size() - 1);
      const std::string_view read = chunk.substr(0, chunk.find('\n') + 1);
      at += read.empty() ? chunk.size() : read.size();
      const std::string_view got = read.empty() ? chunk : read;
      logical += got.substr(0, got.find('\0'));
      if (logical.size() > before && logical.back() == '\n') return true;
      while (logical.size() + 128 + 1 > room_) room_ *= 2;
    }
    return logical.size() > before;
  }

  /// From 14 on: lines until one does not end in a backslash. Gives how many the server counts.
  int join(std::string_view text, std::size_t& at, std::string& logical) {
    int counted = 1;
    std::size_t continued_at = 0;
    while (get_line(text, at, logical)) {
      strip(logical);
      if (logical.size() <= continued_at || logical.back() != '\\') return counted;
      logical.pop_back();
      continued_at = logical.size();
      ++counted;
    }
    return counted;
  }

  /// To 13: what fits the server's buffer. The rest of a longer line counts as the next.
  int chunk(std::string_view text, std::size_t& at, Line& line) const {
    std::string& logical = line.text;
    const std::size_t most = line_buffer(version_) - 1;
    const std::size_t newline = text.substr(at, most).find('\n');
    const std::size_t length =
        newline == std::string_view::npos ? std::min(most, text.size() - at) : newline + 1;
    logical = text.substr(at, length);
    at += length;
    logical = logical.substr(0, logical.find('\0'));
    if (logical.size() == most) line.error = "authentication file line too long";
    strip(logical);
    return 1;
  }

  static void strip(std::string& line) {
    while (!line.empty() && (line.back() == '\n' || line.back() == '\r')) line.pop_back();
  }

  Outcome fields_of(const Line& line) {
    Outcome outcome;
    outcome.fields.reserve(usual_fields);
    Rest rest{line.text};
    while (!rest.over() && outcome.error.empty()) {
      Field field = next_field(line, rest, outcome.error);
      if (!field.empty()) outcome.fields.push_back(std::move(field));
    }
    if (!outcome.error.empty()) outcome.fields.clear();
    return outcome;
  }

  Field next_field(const Line& line, Rest& rest, std::string& error) {
    Field field;
    NextToken next;
    do {
      next = next_token(rest, error);
      if (!next.found) break;
      const std::string& text = next.token.text;
      if (!next.token.quoted && text.size() > 1 && text[0] == '@')
        expand(line, text.substr(1), field, error);
      else
        field.push_back(std::move(next.token));
    } while (next.comma && error.empty());
    return field;
  }

  NextToken next_token(Rest& rest, std::string& error) const {
    const std::size_t longest = longest_token(version_);
    NextToken next;
    std::string& token = next.token.text;
    while (!rest.over() && (blank(rest.text[rest.at]) || rest.text[rest.at] == ',')) ++rest.at;
    bool in_quote = false;
    bool was_quote = false;
    bool saw_quote = false;
    for (; !rest.over() && (in_quote || !blank(rest.text[rest.at])); ++rest.at) {
      const char c = rest.text[rest.at];
      if (c == '#' && !in_quote) {
        rest.at = rest.text.size();
        break;
      }
      if (longest != 0 && token.size() >= longest) {
        error = "authentication file token too long";
        rest.at = rest.text.size();
        return {};
      }
      if (c == ',' && !in_quote) {
        next.comma = true;
        ++rest.at;
        break;
      }
      if (longest == 0 && plain(c)) {
        const std::size_t from = rest.at;
        while (rest.at + 1 < rest.text.size() && plain(rest.text[rest.at + 1])) ++rest.at;
        token.append(rest.text, from, rest.at + 1 - from);
        was_quote = false;
        continue;
      }
      if (c != '"' || was_quote) token += c;
      was_quote = in_quote && c == '"' && !was_quote;
      if (c != '"') continue;
      in_quote = !in_quote;
      saw_quote = true;
      if (token.empty()) next.token.quoted = true;
    }
    next.found = saw_quote || !token.empty();
    return next;
  }

  // ---- other files ----------------------------------------------------------------------------

  /// Whether `path` may be opened from where we are; else the reason, as an error.
  bool may_open(const std::string& path, std::string& error) {
    if (has_includes(version_)) {
      if (open_.size() > deepest) {
        error = fmt::format("could not open file \"{}\": maximum nesting depth exceeded", path);
        return false;
      }
    } else if (std::find(open_.begin(), open_.end(), path) != open_.end() ||
               open_.size() > deepest_before_16) {
      error = fmt::format("file \"{}\" is read within itself, without end", path);
      return false;
    }
    if (++files_ > most_files) {
      error =
          fmt::format("could not open file \"{}\": more than {} files are named", path, most_files);
      return false;
    }
    return true;
  }

  /// What the server logs where it reads a directory: 14 and later go on without it.
  void note_directory(const Line& line, const std::string& path, const std::string& why) {
    remarks_.push_back(
        {line.file, line.number, fmt::format("could not read file \"{}\": {}", path, why)});
  }

  /// `@name`: all tokens of all lines of that file.
  void expand(const Line& line, const std::string& name, Field& field, std::string& error) {
    const std::string path = resolve_beside(line.file, name);
    if (!may_open(path, error)) return;
    const Reading reading = sources_.read(path);
    if (reading.state == Reading::State::directory) {
      if (joins_lines(version_)) return note_directory(line, path, reading.why);
      error = fmt::format("could not read file \"{}\": {}", path, reading.why);
      return;
    }
    if (reading.state != Reading::State::read) {
      error =
          has_includes(version_)
              ? fmt::format("could not open file \"{}\": {}", path, reading.why)
              : fmt::format("could not open secondary authentication file \"@{}\" as \"{}\": {}",
                            name, path, reading.why);
      return;
    }
    std::vector<Line> inner;
    file(path, reading.text, inner);
    for (Line& each : inner) {
      if (!each.error.empty()) {
        error = each.error;
        return;
      }
      for (Field& tokens : each.fields)
        for (Token& token : tokens) field.push_back(std::move(token));
    }
  }

  /// True where `line` was an include that is done with; its error stays on it.
  bool include(Line& line, std::vector<Line>& lines) {
    const std::string word = line.fields[0][0].text;
    const std::string name = line.fields[1][0].text;
    std::string error;
    if (word == "include" || word == "include_if_exists")
      splice(line, resolve_beside(line.file, name), word != "include", lines, error);
    else if (word == "include_dir")
      splice_folder(line, name, lines, error);
    else
      return false;
    if (error.empty()) return true;
    line.error = std::move(error);
    return false;
  }

  void splice(const Line& line, const std::string& path, bool may_miss, std::vector<Line>& lines,
              std::string& error) {
    if (!may_open(path, error)) return;
    const Reading reading = sources_.read(path);
    if (reading.state == Reading::State::directory) return note_directory(line, path, reading.why);
    if (reading.state == Reading::State::missing && may_miss) {
      remarks_.push_back({line.file, line.number,
                          fmt::format("skipping missing authentication file \"{}\"", path)});
      return;
    }
    if (reading.state != Reading::State::read) {
      error = fmt::format("could not open file \"{}\": {}", path, reading.why);
      return;
    }
    file(path, reading.text, lines);
  }

  /// GetConfFilesInDir: "*.conf" without a leading dot, by bytes.
  void splice_folder(const Line& line, const std::string& name, std::vector<Line>& lines,
                     std::string& error) {
    if (name.find_first_not_of(" \t\r\n") == std::string::npos) {
      error = fmt::format("empty configuration directory name: \"{}\"", name);
      return;
    }
    const std::string folder = resolve_beside(line.file, name);
    Listing listing = sources_.list(folder);
    if (!listing.opened) {
      error = fmt::format("could not open directory \"{}\"", folder);
      return;
    }
    std::erase_if(listing.files, [](const std::string& path) {
      const std::string base = path.substr(path.rfind('/') + 1);
      return base.size() < 6 || base[0] == '.' || !base.ends_with(".conf");
    });
    std::sort(listing.files.begin(), listing.files.end());
    for (const std::string& path : listing.files) {
      std::string one;
      splice(line, path, false, lines, one);
      if (!one.empty()) error += (error.empty() ? "" : "\n") + one;
    }
  }

  const Version& version_;
  const Sources& sources_;
  std::vector<std::string> open_;
  std::size_t room_ = first_room;  ///< of the server's buffer for lines, which grows
  std::vector<Remark> remarks_;
  std::size_t files_ = 0;
};

}  // namespace

Tokens tokenize(const std::string& file, std::string_view text, const Version& version,
                const Sources& sources) {
  Tokenizer tokenizer(version, sources);
  std::vector<Line> lines;
  const auto newlines = static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n'));
  lines.reserve(std::min(newlines + 1, most_reserved));
  tokenizer.file(file, text, lines);
  Tokens tokens = std::move(tokenizer).take();
  tokens.lines = std::move(lines);
  return tokens;
}

}  // namespace hba
