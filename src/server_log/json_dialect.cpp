// SPDX-License-Identifier: PostgreSQL
// log_destination = jsonlog: an object a line (src/backend/utils/error/jsonlog.c). What is not told
// is left out.
#include "server_log/dialect.h"
#include "server_log/wording.h"

namespace server_log {
namespace {

using std::string_view;

/// The strings and numbers of a flat object.
class Object {
 public:
  explicit Object(string_view text) : text_(text) {}

  bool begin() { return take('{'); }
  /// The next member; false behind the last, or where it is none: ended() tells.
  bool next(std::string& key, std::string& value) {
    if (take('}')) {
      ended_ = true;
      return false;
    }
    if (!first_ && !take(',')) return false;
    first_ = false;
    return read_string(key) && take(':') && read_value(value);
  }
  [[nodiscard]] bool ended() const { return ended_; }

 private:
  void skip_blanks() {
    while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\t')) ++at_;
  }

  bool take(char wanted) {
    skip_blanks();
    if (at_ >= text_.size() || text_[at_] != wanted) return false;
    ++at_;
    return true;
  }

  bool read_value(std::string& value) {
    skip_blanks();
    if (at_ < text_.size() && text_[at_] == '"') return read_string(value);
    const std::size_t end = text_.find_first_of(",}", at_);
    if (end == string_view::npos) return false;
    value = text_.substr(at_, end - at_);
    at_ = end;
    return true;
  }

  bool read_string(std::string& value) {
    value.clear();
    if (!take('"')) return false;
    while (at_ < text_.size()) {
      const char c = text_[at_++];
      if (c == '"') return true;
      if (c != '\\')
        value += c;
      else if (!read_escape(value))
        return false;
    }
    return false;
  }

  /// The server escapes control characters below 32, quotes and backslashes (escape_json).
  bool read_escape(std::string& value) {
    if (at_ >= text_.size()) return false;
    const char c = text_[at_++];
    constexpr string_view letters = "bfnrt";
    constexpr string_view meant = "\b\f\n\r\t";
    const std::size_t found = letters.find(c);
    if (found != string_view::npos) {
      value += meant[found];
    } else if (c != 'u') {
      value += c;
    } else {
      unsigned code = 0;
      for (int i = 0; i < 4; ++i) {
        if (at_ >= text_.size()) return false;
        const char digit = text_[at_++];
        const std::size_t is = string_view("0123456789abcdef").find(digit | (digit > '9' ? 32 : 0));
        if (is == string_view::npos) return false;
        code = code * 16 + static_cast<unsigned>(is);
      }
      if (code > 0x7f) return false;
      value += static_cast<char>(code);
    }
    return true;
  }

  string_view text_;
  std::size_t at_ = 0;
  bool first_ = true;
  bool ended_ = false;
};

/// Texts of one object, kept while its entry is told.
struct Texts {
  std::string message, time, user, database, host, process, session, severity, display;
  std::string addition;  ///< any of those that messages about connections lack

  std::string* of(string_view key) {
    if (key == "message") return &message;
    if (key == "timestamp") return &time;
    if (key == "user") return &user;
    if (key == "dbname") return &database;
    if (key == "remote_host") return &host;
    if (key == "pid") return &process;
    if (key == "session_id") return &session;
    if (key == "ps") return &display;
    for (const string_view each : {"detail", "hint", "internal_query", "context", "statement"})
      if (key == each) return &addition;
    return key == "error_severity" ? &severity : nullptr;
  }
};

class Json : public Dialect {
 public:
  using Dialect::Dialect;

  [[nodiscard]] char behind_fatal() const override { return '"'; }

  void add(string_view line, bool) override {
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (may_be_told(line) && !read(line)) ++unreadable_;
  }

 private:
  /// A quote within a string has a backslash, so this finds the key and nothing else.
  static bool may_be_told(string_view line) {
    constexpr string_view key = "\"message\":\"";
    const std::size_t at = line.find(key);
    if (at == string_view::npos) return line.find("\"message\"") != string_view::npos;
    if (may_be_event(line.substr(at + key.size()))) return true;
    const std::size_t before = at - std::min<std::size_t>(at, 64);
    return line.substr(before, at - before).find("\"FATAL\"") != string_view::npos;
  }

  bool read(string_view line) {
    Object object(line);
    texts_ = {};
    if (!object.begin()) return false;
    while (object.next(key_, value_))
      if (std::string* text = texts_.of(key_)) text->swap(value_);
    if (!object.ended()) return false;
    Entry entry;
    if (!read_number(texts_.process, entry.process)) return false;
    const std::uint64_t process = entry.process;
    if (!texts_.session.empty() &&
        !(read_session_id(texts_.session, entry) && entry.process == process))
      return false;
    entry.severity = texts_.severity == "LOG"     ? Severity::log
                     : texts_.severity == "FATAL" ? Severity::fatal
                                                  : Severity::other;
    entry.message = texts_.message;
    entry.time = texts_.time;
    entry.host = texts_.host;
    // A connection that was only received has neither.
    entry.user = unless_unknown(texts_.user);
    entry.database = unless_unknown(texts_.database);
    entry.tells_user = entry.tells_database = true;
    entry.starting = texts_.display == "startup";
    entry.foreign =
        entry.severity == Severity::log && (!texts_.addition.empty() || is_command(texts_.display));
    tell_(entry);
    return true;
  }

  Texts texts_;
  std::string key_;
  std::string value_;
};

}  // namespace

std::unique_ptr<Dialect> json_dialect(const Dialect::Tell& tell) {
  return std::make_unique<Json>(tell);
}

bool begins_json(string_view line) {
  if (!line.starts_with('{')) return false;
  line.remove_prefix(1);
  while (line.starts_with(' ')) line.remove_prefix(1);
  return line.starts_with("\"timestamp\"");
}

}  // namespace server_log
