// SPDX-License-Identifier: PostgreSQL
// log_destination = csvlog: records of 23 fields, 24 in PostgreSQL 13, 26 from 14 on
// (src/backend/utils/error/csvlog.c); within quotes they go over several lines.
#include <array>

#include "server_log/candidates.h"
#include "server_log/dialect.h"
#include "server_log/wording.h"

namespace server_log {
namespace {

using std::string_view;

enum Field : std::uint8_t {
  log_time,
  user_name,
  database_name,
  process_id,
  connection_from,
  session_id,
  session_line,
  error_severity = 11,
  message = 13,
  needed,
};

/// So many lines that look like records within one field: a quote was lost, say when the disk was
/// full.
constexpr int most_records_in_field = 100;

/// Where the quote stands that ends a field which is within quotes; npos: nowhere. Doubled ones are
/// of the field.
std::size_t closing_quote(string_view text) {
  std::size_t end = text.find('"');
  while (end != string_view::npos && text.substr(end + 1).starts_with('"'))
    end = text.find('"', end + 2);
  return end;
}

/// Of a record's beginning; quoted fields unquoted.
class Fields {
 public:
  /// False where there are not `count` of them, or one does not end.
  bool read(string_view text, std::size_t count) {
    rest_ = text;
    for (count_ = 0; count_ < count;)
      if (!read_next()) return false;
    return true;
  }
  /// Of a field that does not end it keeps what there is, and gives false.
  bool read_next() {
    if (count_ > 0) {
      if (!rest_.starts_with(',')) return false;
      rest_.remove_prefix(1);
    }
    const std::size_t at = count_++;
    if (rest_.starts_with('"')) return quoted(at);
    const std::size_t end = std::min(rest_.find(','), rest_.size());
    fields_[at] = rest_.substr(0, end);
    rest_.remove_prefix(end);
    return true;
  }
  string_view operator[](std::size_t field) const { return fields_[field]; }

 private:
  bool quoted(std::size_t at) {
    rest_.remove_prefix(1);
    const std::size_t end = closing_quote(rest_);
    fields_[at] = rest_.substr(0, end);
    if (fields_[at].find('"') != string_view::npos) undouble(at);
    rest_.remove_prefix(end == string_view::npos ? rest_.size() : end + 1);
    return end != string_view::npos;
  }

  void undouble(std::size_t at) {
    std::string& kept = kept_[at];
    kept.clear();
    const string_view from = fields_[at];
    for (std::size_t i = 0; i < from.size(); ++i) {
      kept += from[i];
      if (from[i] == '"') ++i;
    }
    fields_[at] = kept;
  }

  string_view rest_;
  std::size_t count_ = 0;
  std::array<string_view, needed> fields_;
  std::array<std::string, needed> kept_;
};

class Csv : public Dialect {
 public:
  void pass(string_view text) override { within_field_ = within_field_ != odd_quotes(text); }
  [[nodiscard]] char behind_fatal() const override { return ','; }

  void add(string_view line, bool, const Tell& tell) override {
    if (is_record(line) && !told(line, tell)) ++unreadable_;
    pass(line);
  }

 private:
  /// Whether a line begins a record; quotes say so, until they and the line contradict each other.
  bool is_record(string_view line) {
    const bool looks_so = begins_csv(line);
    if (looks_so && within_field_ && !lost_ && ++records_in_field_ <= most_records_in_field)
      return false;
    if (looks_so) {
      within_field_ = lost_ = false;
      records_in_field_ = 0;
      return true;
    }
    // No record begins here, so this is within one: nothing is known about quotes.
    if (!within_field_) lost_ = true;
    return false;
  }

  /// False for what may be about a connection and is not whole.
  bool told(string_view line, const Tell& tell) {
    Entry entry;
    if (!fields_.read(line, message)) return false;
    if (!read_session_id(fields_[session_id], entry) ||
        !read_number(fields_[process_id], entry.process))
      return false;
    entry.severity = fields_[error_severity] == "LOG"     ? Severity::log
                     : fields_[error_severity] == "FATAL" ? Severity::fatal
                                                          : Severity::other;
    const bool whole = fields_.read_next();
    const bool about = entry.severity == Severity::fatal ||
                       (entry.severity == Severity::log && may_be_event(fields_[message]));
    if (!about || !whole) return !about;
    entry.message = fields_[message];
    entry.time = fields_[log_time];
    entry.host = without_port(fields_[connection_from]);
    entry.user = unless_unknown(fields_[user_name]);
    entry.database = unless_unknown(fields_[database_name]);
    entry.tells_user = entry.tells_database = true;
    tell(entry);
    return true;
  }

  Fields fields_;
  bool within_field_ = false;
  bool lost_ = false;
  int records_in_field_ = 0;
};

}  // namespace

std::unique_ptr<Dialect> csv_dialect() { return std::make_unique<Csv>(); }

bool begins_csv(string_view line) {
  const std::size_t time = length_of_time(line);
  if (time == 0 || time == line.size() || line[time] != ',') return false;
  // The process id is the fourth field; names are quoted, or absent.
  string_view rest = line.substr(time + 1);
  for (int name = 0; name < 2; ++name) {
    if (rest.starts_with('"')) {
      rest.remove_prefix(1);
      const std::size_t end = closing_quote(rest);
      if (end == string_view::npos) return false;
      rest.remove_prefix(end + 1);
    }
    if (!rest.starts_with(',')) return false;
    rest.remove_prefix(1);
  }
  const std::size_t end = rest.find(',');
  std::uint64_t process = 0;
  return end != string_view::npos && read_number(rest.substr(0, end), process);
}

}  // namespace server_log
