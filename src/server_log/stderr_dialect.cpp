// SPDX-License-Identifier: PostgreSQL
// log_destination = stderr: a prefix, a severity, a message; further lines of a message begin with
// a tab.
#include "server_log/dialect.h"
#include "server_log/wording.h"

namespace server_log {
namespace {

class Stderr : public Dialect {
 public:
  explicit Stderr(std::vector<Prefix> prefixes) : prefixes_(std::move(prefixes)) {}

  void pass(std::string_view) override {}
  [[nodiscard]] char behind_fatal() const override { return ':'; }

  void add(std::string_view line, bool cut, const Tell& tell) override {
    if (line.front() == '\t') return;
    if (line.ends_with('\r')) line.remove_suffix(1);
    Entry entry;
    const Prefix* prefix = recognised(line, entry);
    const bool about = prefix == nullptr || entry.severity == Severity::fatal ||
                       (entry.severity == Severity::log && may_be_event(entry.message));
    if (!about) return;
    // Of a line that is cut off, names may be cut as well; and a name with "LOG:  " in it could
    // make any message look like another.
    const bool whole = !cut || line.ends_with(')');
    const bool clear =
        prefix != nullptr && !(prefix->has_free_text() && has_severity(entry.message));
    if (whole && clear)
      tell(entry);
    else
      ++unreadable_;
  }

 private:
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
  std::size_t last_ = 0;
};

}  // namespace

std::unique_ptr<Dialect> stderr_dialect(std::vector<Prefix> prefixes) {
  return std::make_unique<Stderr>(std::move(prefixes));
}

bool begins_stderr(std::string_view line, const std::vector<Prefix>& prefixes) {
  Entry entry;
  return std::any_of(prefixes.begin(), prefixes.end(),
                     [&](const Prefix& prefix) { return prefix.match(line, entry); });
}

}  // namespace server_log
