// SPDX-License-Identifier: PostgreSQL
// One message of a log, whichever format it was written in.
#pragma once

#include <cstdint>
#include <string_view>

namespace server_log {

/// `addition`: DETAIL, CONTEXT, STATEMENT … of the message before it; `location`: its place in the
/// server's source, which any message may have.
enum class Severity : std::uint8_t { log, fatal, addition, location, other };

/// All views are into the reader's buffers, until the next entry.
struct Entry {
  Severity severity = Severity::other;
  std::string_view message;
  std::string_view time;  ///< "" where it is not told, as all of these
  std::string_view host;
  std::string_view user;
  std::string_view database;
  bool tells_user = false;  ///< whether the format does, though it may be ""
  bool tells_database = false;
  std::uint64_t process = 0;
  std::uint64_t started = 0;  ///< of the session id: seconds; 0 where it is not told
  bool starting = false;      ///< its process shows "startup": what ends it, ends its start
  /// A client or a function made it: it has what the server's own messages about connections lack,
  /// or stands where names with line breaks put it.
  bool foreign = false;
};

/// "65a1b2c3.4d2": when the process started, and its id (%c, session_id).
bool read_session_id(std::string_view text, Entry& entry);
/// A whole decimal number.
bool read_number(std::string_view text, std::uint64_t& number);
/// "[unknown]" is how the server writes what it does not know yet.
std::string_view unless_unknown(std::string_view name);
/// Whether a process shows that it carries out a command ("SELECT", "<FASTPATH>"); of one that
/// starts this is "" or "authentication".
bool is_command(std::string_view display);
/// "10.0.0.7:5432", "10.0.0.7(5432)" or "[local]" without the port.
std::string_view without_port(std::string_view host);
enum class Fraction : std::uint8_t { none, milliseconds };
/// Length of "2026-01-31 09:00:00 CET", with ".123" before the zone where `fraction` has it; 0: no
/// such time.
std::size_t length_of_time(std::string_view text, Fraction fraction);
/// Takes the severity and what log_error_verbosity=verbose puts behind it off a text "LOG:  …";
/// false where it begins otherwise. Only English is known.
bool take_severity(std::string_view& text, Severity& severity);
/// Whether some "LOG:  " stands in the middle: names with it in them make lines ambiguous.
bool has_severity(std::string_view text);

}  // namespace server_log
