// SPDX-License-Identifier: PostgreSQL
// log_destination = csvlog: records of 23 fields, 24 in PostgreSQL 13, 26 from 14 on
// (src/backend/utils/error/csvlog.c); within quotes they go over several lines.
#include <algorithm>
#include <array>

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
  command_tag,
  session_start,
  virtual_transaction,
  transaction,
  error_severity,
  state_code,
  message,
  detail,
  query = 19,
  kept,
};

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
    quoted_[at] = rest_.starts_with('"');
    if (quoted_[at]) return quoted(at);
    const std::size_t end = std::min(rest_.find(','), rest_.size());
    fields_[at] = rest_.substr(0, end);
    rest_.remove_prefix(end);
    return fields_[at].find('"') == string_view::npos;
  }
  [[nodiscard]] bool at_end() const { return rest_.empty(); }
  [[nodiscard]] bool is_quoted(std::size_t field) const { return quoted_[field]; }
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
    std::string& made = made_[at];
    made.clear();
    const string_view from = fields_[at];
    for (std::size_t i = 0; i < from.size(); ++i) {
      made += from[i];
      if (from[i] == '"') ++i;
    }
    fields_[at] = made;
  }

  string_view rest_;
  std::size_t count_ = 0;
  std::array<string_view, kept> fields_;
  std::array<std::string, kept> made_;
  std::array<bool, kept> quoted_{};
};

bool is_number(string_view text) {
  std::uint64_t number = 0;
  return read_number(text, number);
}

bool is_sqlstate(string_view text) {
  return text.size() == 5 && std::all_of(text.begin(), text.end(), [](char c) {
           return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z');
         });
}

/// Whether a line has a message that may be about a connection behind its own severity and state.
bool has_message(string_view line) {
  for (const string_view severity : {",LOG,", ",FATAL,"}) {
    const std::size_t at = line.find(severity);
    if (at == string_view::npos) continue;
    const string_view behind = line.substr(at + severity.size());
    if (behind.size() < 8 || !is_sqlstate(behind.substr(0, 5)) || behind.substr(5, 2) != ",\"")
      continue;
    if (severity == ",FATAL," ? behind[7] != '"' : may_be_event(behind.substr(7))) return true;
  }
  return false;
}

/// Each line is judged by itself, wherever a quoted field begins or ends above it: the server
/// doubles every quote within one, so none of its lines has a field that begins with one quote and
/// a letter, behind the unquoted ones that stand before a message.
class Csv : public Dialect {
 public:
  using Dialect::Dialect;

  [[nodiscard]] char behind_fatal() const override { return ','; }

  void add(string_view line, bool) override {
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (!told(line) && has_message(line)) ++unreadable_;
  }

 private:
  /// False for what may be about a connection and is not whole.
  bool told(string_view line) {
    Entry entry;
    if (!fields_.read(line, message) || !is_message(entry)) return false;
    const bool whole = fields_.read_next();
    const string_view text = fields_[message];
    // Of a field's doubled quotes one could be taken for the quote that begins a message.
    if (!fields_.is_quoted(message) || text.starts_with('"')) return false;
    const bool about = entry.severity == Severity::fatal ||
                       (entry.severity == Severity::log && may_be_event(text));
    if (!about || !whole) return !about;
    entry.message = text;
    entry.time = fields_[log_time];
    entry.host = without_port(fields_[connection_from]);
    entry.user = unless_unknown(fields_[user_name]);
    entry.database = unless_unknown(fields_[database_name]);
    entry.tells_user = entry.tells_database = true;
    entry.starting = fields_[command_tag] == "startup";
    entry.foreign = entry.severity == Severity::log && has_additions();
    tell_(entry);
    return true;
  }

  /// What stands before a message, as the server writes it.
  bool is_message(Entry& entry) {
    for (const Field each : {log_time, process_id, session_id, session_line, session_start,
                             virtual_transaction, transaction, error_severity, state_code})
      if (fields_.is_quoted(each)) return false;
    const string_view severity = fields_[error_severity];
    entry.severity = severity == "LOG"     ? Severity::log
                     : severity == "FATAL" ? Severity::fatal
                                           : Severity::other;
    return is_time(log_time, Fraction::milliseconds) && is_time(session_start, Fraction::none) &&
           is_session(entry) && is_number(fields_[session_line]) &&
           is_number(fields_[transaction]) && is_sqlstate(fields_[state_code]);
  }

  bool is_session(Entry& entry) const {
    std::uint64_t process = 0;
    return read_session_id(fields_[session_id], entry) &&
           read_number(fields_[process_id], process) && process == entry.process;
  }

  [[nodiscard]] bool is_time(Field field, Fraction fraction) const {
    return !fields_[field].empty() &&
           length_of_time(fields_[field], fraction) == fields_[field].size();
  }

  /// Whether the message of a record has what only a statement's has.
  bool has_additions() {
    if (is_command(fields_[command_tag])) return true;
    for (std::size_t field = detail; field <= query && !fields_.at_end(); ++field)
      if (!fields_.read_next() || !fields_[field].empty()) return true;
    return false;
  }

  Fields fields_;
};

}  // namespace

std::unique_ptr<Dialect> csv_dialect(const Dialect::Tell& tell) {
  return std::make_unique<Csv>(tell);
}

bool begins_csv(string_view line) {
  const std::size_t time = length_of_time(line, Fraction::milliseconds);
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
