// SPDX-License-Identifier: PostgreSQL
#include "server_log/wording.h"

#include <string.h>

#include <algorithm>
#include <iterator>
#include <optional>

namespace server_log {
namespace {

using Kind = Event::Kind;
using std::string_view;
constexpr auto npos = string_view::npos;

// Names have at most 63 bytes; subjects and applications more, but no server writes this much.
constexpr std::size_t longest_message = 4096;

constexpr string_view received = "connection received: host=";
constexpr string_view authenticated = "connection authenticated: ";
constexpr string_view authorized = "connection authorized: user=";
constexpr string_view replication = "replication connection authorized: user=";
constexpr string_view application = " application_name=";
constexpr string_view tls = " SSL enabled (";
constexpr string_view gss = " GSS (authenticated=";

bool take(string_view& text, string_view what) {
  if (!text.starts_with(what)) return false;
  text.remove_prefix(what.size());
  return true;
}

/// What ends a session before it begins, whatever the rules say: ProcessStartupPacket, InitPostgres
/// and process_startup_options.
bool is_at_start(string_view message) {
  constexpr string_view beginnings[] = {"database \"",
                                        "role \"",
                                        "role with OID",
                                        "permission denied for database",
                                        "permission denied to",
                                        "too many connections for",
                                        "sorry, too many clients",
                                        "remaining connection slots",
                                        "the database system is",
                                        "must be superuser",
                                        "must be ",
                                        "number of requested standby connections",
                                        "new replication connections",
                                        "cannot connect to ",
                                        "could not access file",
                                        "could not load library",
                                        "conversion between ",
                                        "invalid value for parameter",
                                        "parameter \"",
                                        "unrecognized configuration parameter",
                                        "invalid command-line argument"};
  return std::any_of(std::begin(beginnings), std::end(beginnings),
                     [&](string_view each) { return message.starts_with(each); });
}

/// What stands in quotes behind `key`; names with a quote in them are cut there.
string_view quoted(string_view message, string_view key) {
  const std::size_t found = message.find(key);
  if (found == npos) return {};
  const string_view rest = message.substr(found + key.size());
  const std::size_t end = rest.find('"');
  return end == npos ? string_view() : rest.substr(0, end);
}

Event failed(const Entry& entry) {
  Event event;
  event.kind = Kind::failed;
  event.at_start = entry.starting || is_at_start(entry.message);
  event.user = entry.user.empty() ? quoted(entry.message, "user \"") : entry.user;
  event.database = entry.database.empty() ? quoted(entry.message, "database \"") : entry.database;
  return event;
}

/// Who connects is not known yet, and from where a format tells besides.
Event of_received(string_view rest, const Entry& entry) {
  Event event;
  const std::size_t port = rest.rfind(" port=");
  event.host = rest.substr(0, port);
  std::uint64_t number = 0;
  const bool numbered =
      port == npos ? event.host == "[local]" : read_number(rest.substr(port + 6), number);
  const bool agrees = entry.user.empty() && entry.database.empty() &&
                      (entry.host.empty() || entry.host == event.host);
  const bool good = numbered && agrees && !event.host.empty() && event.host.find(' ') == npos;
  event.kind = good ? Kind::received : Kind::garbled;
  return event;
}

/// identity="…" method=M (FILE:LINE), or user="…" for trust, from 17 on. The identity may have
/// anything in it, so what follows is read from the end.
Event of_authenticated(string_view rest) {
  Event event;
  event.kind = Kind::garbled;
  if (!take(rest, "identity=\"") && !take(rest, "user=\"")) return event;
  const std::size_t end = rest.rfind("\" method=");
  if (end == npos || !rest.ends_with(')')) return event;
  const string_view how = rest.substr(end + 9, rest.size() - end - 10);
  const std::size_t place = how.find(" (");
  const std::size_t colon = how.rfind(':');
  if (place == npos || colon == npos || colon < place) return event;
  event.identity = rest.substr(0, end);
  event.method = how.substr(0, place);
  event.file = how.substr(place + 2, colon - place - 2);
  if (read_number(how.substr(colon + 1), event.line)) event.kind = Kind::authenticated;
  return event;
}

template <typename Wanted>
bool take_run(string_view& text, Wanted wanted) {
  const auto end = std::find_if_not(text.begin(), text.end(), wanted);
  const auto length = static_cast<std::size_t>(end - text.begin());
  text.remove_prefix(length);
  return length > 0;
}

bool is_alphanumeric(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/// "protocol=TLSv1.3, cipher=TLS_AES_256_GCM_SHA384, bits=256)", before 14 with compression.
bool is_of_tls(string_view text) {
  return take(text, "protocol=") &&
         take_run(text, [](char c) { return is_alphanumeric(c) || c == '.'; }) &&
         take(text, ", cipher=") &&
         take_run(text, [](char c) { return is_alphanumeric(c) || c == '-' || c == '_'; }) &&
         take(text, ", bits=") && take_run(text, [](char c) { return c >= '0' && c <= '9'; }) &&
         (text == ")" || text == ", compression=off)" || text == ", compression=on)");
}

/// What is said of TLS off the end.
bool take_tls(string_view& text) {
  if (!text.ends_with(')')) return false;
  const void* last = ::memrchr(text.data(), '(', text.size());
  if (last == nullptr) return false;
  const std::size_t inner =
      static_cast<std::size_t>(static_cast<const char*>(last) - text.data()) + 1;
  if (!text.substr(0, inner).ends_with(tls) || !is_of_tls(text.substr(inner))) return false;
  text = text.substr(0, inner - tls.size());
  return true;
}

/// What is said of GSS off the end: "yes, encrypted=yes, principal=…)". A principal may have
/// parentheses. True where it encrypts.
std::optional<bool> take_ticket(string_view& text) {
  const std::size_t found = text.ends_with(')') ? text.rfind(gss) : npos;
  if (found == npos) return std::nullopt;
  string_view ticket = text.substr(found + gss.size());
  if (!take(ticket, "yes, encrypted=") && !take(ticket, "no, encrypted=")) return std::nullopt;
  text = text.substr(0, found);
  return ticket.starts_with("yes");
}

/// " SSL enabled (…)" and " GSS (…)" off the end, in this order. An application's name may look
/// like them: it may have any printable letters (pg_clean_ascii). Where it ends so, nothing is
/// known.
void take_encryption(string_view& text, Event& event) {
  using Encryption = Connection::Encryption;
  bool by_tls = take_tls(text);
  std::optional<bool> by_ticket;
  if (!by_tls) {
    by_ticket = take_ticket(text);
    by_tls = take_tls(text);
  }
  string_view before = text;
  const bool named = text.ends_with(')') && text.find(application) != npos;
  event.encryption_unknown = named && (take_tls(before) || take_ticket(before));
  if (event.encryption_unknown) return;
  if (by_tls)
    event.encryption = Encryption::tls;
  else if (by_ticket == std::optional(true))
    event.encryption = Encryption::gss;
}

/// The part of `text` up to the first of what may follow it.
string_view take_until(string_view& text, std::initializer_list<string_view> followers) {
  std::size_t end = text.size();
  for (const string_view each : followers) end = std::min(end, text.find(each));
  const string_view taken = text.substr(0, end);
  text.remove_prefix(end);
  return taken;
}

/// user, database and application: names may have blanks, and what a format tells besides decides.
bool take_names(string_view& text, const Entry& entry, Event& event) {
  event.user = entry.user;
  if (entry.tells_user ? !take(text, entry.user) : false) return false;
  if (!entry.tells_user)
    event.user =
        event.replication ? take_until(text, {application}) : take_until(text, {" database="});
  if (event.replication) {
    event.database = entry.database;
  } else {
    if (!take(text, " database=")) return false;
    event.database = entry.database;
    if (entry.tells_database ? !take(text, entry.database) : false) return false;
    if (!entry.tells_database) event.database = take_until(text, {application});
  }
  event.application = text;
  const bool good = take(event.application, application) || text.empty();
  return good && !event.user.empty();
}

Event of_authorized(string_view rest, const Entry& entry, bool for_replication) {
  Event event;
  event.replication = for_replication;
  take_encryption(rest, event);
  event.kind = take_names(rest, entry, event) ? Kind::authorized : Kind::garbled;
  return event;
}

}  // namespace

bool may_be_event(string_view message) {
  return message.starts_with("connection ") || message.starts_with("replication c");
}

Event event_of(const Entry& entry) {
  Event garbled;
  garbled.kind = Kind::garbled;
  if (entry.severity == Severity::fatal) return entry.foreign ? garbled : failed(entry);
  if (entry.severity != Severity::log || !may_be_event(entry.message)) return {};
  if (entry.foreign) return garbled;
  string_view rest = entry.message;
  const bool fits = rest.size() <= longest_message;
  if (take(rest, received)) return fits ? of_received(rest, entry) : garbled;
  if (take(rest, authenticated)) return fits ? of_authenticated(rest) : garbled;
  if (take(rest, authorized)) return fits ? of_authorized(rest, entry, false) : garbled;
  if (take(rest, replication)) return fits ? of_authorized(rest, entry, true) : garbled;
  Event event;
  if (take(rest, "connection ready: ")) event.kind = Kind::alive;
  return event;
}

}  // namespace server_log
