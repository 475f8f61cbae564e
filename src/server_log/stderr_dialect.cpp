// SPDX-License-Identifier: PostgreSQL
// log_destination = stderr: a prefix, a severity, a message; further lines of a message begin with
// a tab. The names in a prefix get no tab (log_status_format, elog.c), so a client that sends line
// breaks in them makes lines of its own. Before and behind such lines stand the pieces of his
// prefix, and of what functions write (RAISE LOG) a CONTEXT or a STATEMENT stands behind it: the
// server writes each message with all that belongs to it at once.
#include "server_log/candidates.h"
#include "server_log/dialect.h"
#include "server_log/wording.h"

namespace server_log {
namespace {

class Stderr : public Dialect {
 public:
  Stderr(std::vector<Prefix> prefixes, const Tell& tell)
      : Dialect(tell),
        prefixes_(std::move(prefixes)),
        names_(std::any_of(prefixes_.begin(), prefixes_.end(),
                           [](const Prefix& prefix) { return prefix.has_names(); })) {}

  [[nodiscard]] char behind_fatal() const override { return ':'; }

  void pass(std::string_view text) override {
    if (within_line_) {
      const std::size_t newline = text.find('\n');
      if (newline == std::string_view::npos) return;
      text.remove_prefix(newline + 1);
      within_line_ = false;
    }
    if (text.empty()) return;
    for (std::size_t at = 0; waiting_ != nullptr && at < text.size();) {
      const std::size_t end = text.find('\n', at);
      Entry entry;
      const std::string_view line = text.substr(at, end - at);
      const Prefix* prefix = line.starts_with('\t') ? nullptr : recognised(line, entry);
      settle({line, entry, prefix, end != std::string_view::npos});
      at = end == std::string_view::npos ? end : end + 1;
    }
    note_last(text);
    within_line_ = text.back() != '\n';
  }

  void add(std::string_view line, bool cut) override {
    Line& made = lines_[waiting_ == lines_ ? 1 : 0];
    if (line.front() == '\t') {
      if (waiting_ != nullptr) settle({line, made.entry, nullptr, !cut});
      return;
    }
    if (line.ends_with('\r')) line.remove_suffix(1);
    made.text = line;
    made.entry = {};
    const Prefix* prefix = recognised(made.text, made.entry);
    if (waiting_ != nullptr) settle({made.text, made.entry, prefix, !cut});
    // No LOCATION is about a connection.
    if (waiting_ != nullptr) return;
    const bool after_piece = piece_;
    piece_ = names_ && prefix == nullptr && !has_severity(made.text);
    if (is_event(made, prefix, cut)) {
      made.entry.foreign = made.entry.foreign || after_piece;
      waiting_ = &made;
    }
  }

  void end() override {
    if (waiting_ != nullptr) tell_(waiting_->entry);
    waiting_ = nullptr;
  }

 private:
  struct Line {
    std::string text;
    Entry entry;
  };
  struct Next {
    std::string_view text;
    const Entry& entry;
    const Prefix* prefix;
    bool whole;
  };

  /// Counts what may be one and is not understood.
  bool is_event(Line& line, const Prefix* prefix, bool cut) {
    Entry& entry = line.entry;
    const bool about = prefix == nullptr || entry.severity == Severity::fatal ||
                       (entry.severity == Severity::log && may_be_event(entry.message));
    if (!about) return false;
    // Of a line that is cut off, names may be cut as well; and a name with "LOG:  " in it could
    // make any message look like another.
    if (prefix == nullptr || (cut && !line.text.ends_with(')'))) {
      ++unreadable_;
      return false;
    }
    entry.foreign = (names_ || prefix->has_free_text()) && has_severity(entry.message);
    return true;
  }

  /// What the line behind it says of the message that waits.
  void settle(const Next& next) {
    Entry& entry = waiting_->entry;
    const bool of_log = entry.severity == Severity::log;
    if (next.text.starts_with('\t')) {
      entry.foreign = entry.foreign || of_log;
    } else if (next.prefix == nullptr) {
      // The last line of a log that is being written may be cut off anywhere; and the next message
      // may be the one whose names have line breaks.
      entry.foreign = entry.foreign || (names_ && next.whole && !begins(next.text));
    } else if (of_log && next.entry.process == entry.process) {
      if (next.entry.severity == Severity::location) return;
      entry.foreign = entry.foreign || next.entry.severity == Severity::addition;
    }
    waiting_ = nullptr;
    tell_(entry);
  }

  /// Whether the last line of a text that begins with a line and not with a tab is the beginning of
  /// a message without the message.
  void note_last(std::string_view text) {
    if (!names_) return;
    while (!text.empty()) {
      const std::size_t begin = begin_of_line(text.substr(0, text.size() - 1));
      if (text[begin] != '\t') {
        piece_ = !has_severity(text.substr(begin));
        return;
      }
      text = text.substr(0, begin);
    }
  }

  [[nodiscard]] bool begins(std::string_view line) const {
    return std::any_of(prefixes_.begin(), prefixes_.end(),
                       [&](const Prefix& prefix) { return prefix.begins(line); });
  }

  /// The prefix that a line has; the last one first.
  const Prefix* recognised(std::string_view line, Entry& entry) {
    if (last_ < prefixes_.size() && prefixes_[last_].match(line, entry)) return &prefixes_[last_];
    for (std::size_t at = 0; at < prefixes_.size(); ++at) {
      if (at == last_ || !prefixes_[at].match(line, entry)) continue;
      last_ = at;
      return &prefixes_[at];
    }
    return nullptr;
  }

  std::vector<Prefix> prefixes_;
  bool names_;
  std::size_t last_ = 0;
  bool within_line_ = false;  ///< what is passed next goes on with a line
  bool piece_ = false;        ///< as note_last says
  Line lines_[2];
  Line* waiting_ = nullptr;  ///< for the line behind it
};

}  // namespace

std::unique_ptr<Dialect> stderr_dialect(std::vector<Prefix> prefixes, const Dialect::Tell& tell) {
  return std::make_unique<Stderr>(std::move(prefixes), tell);
}

bool begins_stderr(std::string_view line, const std::vector<Prefix>& prefixes) {
  Entry entry;
  return std::any_of(prefixes.begin(), prefixes.end(),
                     [&](const Prefix& prefix) { return prefix.match(line, entry); });
}

}  // namespace server_log
