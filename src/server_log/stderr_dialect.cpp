// SPDX-License-Identifier: PostgreSQL
// log_destination = stderr: a prefix, a severity, a message; further lines of a message begin with
// a tab. The names in a prefix get no tab (log_status_format, elog.c), so a client that sends line
// breaks in them makes lines of its own. Before and behind such lines stand the pieces of his
// prefix, and of what functions write (RAISE LOG) a CONTEXT or a STATEMENT stands behind it: the
// server writes each message with all that belongs to it at once.
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
    for (std::size_t at = 0; waits_ && at < text.size();) {
      const std::size_t end = text.find('\n', at);
      settle(text.substr(at, end - at), end != std::string_view::npos);
      at = end == std::string_view::npos ? end : end + 1;
    }
    note_last(text);
    within_line_ = text.back() != '\n';
  }

  void add(std::string_view line, bool cut) override {
    if (waits_) settle(line, !cut);
    // No LOCATION is about a connection.
    if (waits_ || line.front() == '\t') return;
    if (line.ends_with('\r')) line.remove_suffix(1);
    line_ = line;
    entry_ = {};
    const Prefix* prefix = recognised(line_, entry_);
    const bool after_piece = piece_;
    piece_ = names_ && prefix == nullptr && !has_severity(line_);
    const bool about = prefix == nullptr || entry_.severity == Severity::fatal ||
                       (entry_.severity == Severity::log && may_be_event(entry_.message));
    if (!about) return;
    // Of a line that is cut off, names may be cut as well; and a name with "LOG:  " in it could
    // make any message look like another.
    const bool whole = !cut || line_.ends_with(')');
    if (prefix == nullptr || !whole) {
      ++unreadable_;
      return;
    }
    const bool clear = !((names_ || prefix->has_free_text()) && has_severity(entry_.message));
    entry_.foreign = after_piece || !clear;
    waits_ = true;
  }

  void end() override {
    if (waits_) tell_(entry_);
    waits_ = false;
  }

 private:
  /// What the line behind it says of the message that waits.
  void settle(std::string_view next, bool whole) {
    Entry beside;
    const bool of_log = entry_.severity == Severity::log;
    if (next.starts_with('\t')) {
      entry_.foreign = entry_.foreign || of_log;
    } else if (recognised(next, beside) == nullptr) {
      // The last line of a log that is being written may be cut off anywhere; and the next message
      // may be the one whose names have line breaks.
      entry_.foreign = entry_.foreign || (names_ && whole && !begins(next));
    } else if (of_log && beside.process == entry_.process) {
      if (beside.severity == Severity::location) return;
      entry_.foreign = entry_.foreign || beside.severity == Severity::addition;
    }
    waits_ = false;
    tell_(entry_);
  }

  /// Whether the last line of a text that begins with a line and not with a tab is the beginning of
  /// a message without the message.
  void note_last(std::string_view text) {
    if (!names_) return;
    while (!text.empty()) {
      const std::size_t before = text.substr(0, text.size() - 1).rfind('\n');
      const std::size_t begin = before == std::string_view::npos ? 0 : before + 1;
      if (text[begin] != '\t') {
        Entry last;
        piece_ =
            recognised(text.substr(begin), last) == nullptr && !has_severity(text.substr(begin));
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
  bool waits_ = false;        ///< `entry_`, for the line behind it
  std::string line_;
  Entry entry_;  ///< of `line_`
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
