// SPDX-License-Identifier: PostgreSQL
#include "server_log/prefix.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"

namespace server_log {
namespace {

constexpr std::string_view known = "abcdehilmnpqrstuvxLPQ";
/// Texts of clients, or of any letters.
constexpr std::string_view free_texts = "abdiu";
constexpr std::size_t longest_text = 256;
/// So many steps are enough for any line of a server, and end any other soon.
constexpr int most_steps = 512;

bool is_digit(char c) { return c >= '0' && c <= '9'; }

template <typename Wanted>
std::size_t run(std::string_view text, Wanted wanted) {
  return static_cast<std::size_t>(std::find_if_not(text.begin(), text.end(), wanted) -
                                  text.begin());
}

/// The length of what an escape stands for, where its letters say where it ends.
std::size_t length_of(char escape, std::string_view text) {
  switch (escape) {
    case 'm':
      return length_of_time(text, Fraction::milliseconds);
    case 't':
    case 's':
      return length_of_time(text, Fraction::none);
    case 'c':
      return run(text, [](char c) { return is_digit(c) || (c >= 'a' && c <= 'f') || c == '.'; });
    case 'n':
      return run(text, [](char c) { return is_digit(c) || c == '.'; });
    case 'e':
      return std::min<std::size_t>(5, text.size());
    case 'Q':
      return run(text, [](char c) { return is_digit(c) || c == '-'; });
    default:  // p P l x
      return run(text, is_digit);
  }
}

bool may_be_empty(char escape) { return escape == 'P'; }

}  // namespace

/// One attempt at one line.
class Prefix::Matching {
 public:
  Matching(const Prefix& prefix, Entry& entry) : parts_(prefix.parts_), entry_(entry) {}

  /// Up to the first text of a client.
  bool begin(std::string_view text) {
    only_begin_ = true;
    return from(0, text);
  }

  bool from(std::size_t part, std::string_view text) {
    if (++steps_ > most_steps) return false;
    if (only_begin_ && part < parts_.size() &&
        (parts_[part].escape == 'q' ||
         free_texts.find(parts_[part].escape) != std::string_view::npos))
      return part > 0;
    if (part == parts_.size()) return severity(text);
    const Part& at = parts_[part];
    if (at.escape == 0)
      return text.starts_with(at.literal) && from(part + 1, text.substr(at.literal.size()));
    // Behind %q a process without a session writes nothing.
    if (at.escape == 'q') return severity(text) || from(part + 1, text);
    if (std::string_view("abdiuhrvL").find(at.escape) != std::string_view::npos)
      return free_text(part, text);
    const std::size_t blanks = run(text, [](char c) { return c == ' '; });
    const std::size_t before = std::min(blanks, at.width);
    const std::size_t length = length_of(at.escape, text.substr(before));
    if (length == 0 && !may_be_empty(at.escape)) return false;
    if (!keep(at.escape, text.substr(before, length))) return false;
    text.remove_prefix(before + length);
    for (std::size_t had = before + length; had < at.width && text.starts_with(' '); ++had)
      text.remove_prefix(1);
    return from(part + 1, text);
  }

 private:
  bool severity(std::string_view text) {
    text.remove_prefix(run(text, [](char c) { return c == ' '; }));
    if (!take_severity(text, entry_.severity)) return false;
    entry_.message = text;
    return true;
  }

  /// The shortest text with which the rest of the line fits; where a literal follows, only what
  /// ends before one is tried.
  bool free_text(std::size_t part, std::string_view text) {
    const char escape = parts_[part].escape;
    const bool is_free = free_texts.find(escape) != std::string_view::npos;
    std::string_view follows;
    if (part + 1 < parts_.size()) follows = parts_[part + 1].literal;
    std::size_t most = std::min(text.size(), longest_text);
    if (!is_free) most = std::min(most, text.find(' '));
    for (std::size_t length = parts_[part].width; steps_ <= most_steps; ++length) {
      if (!follows.empty()) length = text.find(follows, length);
      if (length > most) return false;
      if (from(part + 1, text.substr(length))) return keep(escape, text.substr(0, length));
    }
    return false;
  }

  bool keep(char escape, std::string_view text) {
    switch (escape) {
      case 't':
      case 'm':
      case 'n':
        entry_.time = text;
        return true;
      case 'p':
        return read_number(text, entry_.process);
      case 'c':
        return read_session_id(text, entry_);
      case 'u':
        entry_.user = unless_unknown(base::trim(text));
        entry_.tells_user = true;
        return true;
      case 'd':
        entry_.database = unless_unknown(base::trim(text));
        entry_.tells_database = true;
        return true;
      case 'h':
        entry_.host = text;
        return true;
      case 'r':
        entry_.host = without_port(text);
        return true;
      default:
        return true;
    }
  }

  const std::vector<Part>& parts_;
  Entry& entry_;
  int steps_ = 0;
  bool only_begin_ = false;
};

bool Prefix::match(std::string_view line, Entry& entry) const {
  entry = {};
  return Matching(*this, entry).from(0, line);
}

bool Prefix::begins(std::string_view line) const {
  Entry entry;
  return Matching(*this, entry).begin(line);
}

base::Result<std::size_t> Prefix::parse_escape(std::size_t at) {
  Part part;
  const std::size_t digits = at + (at < setting_.size() && setting_[at] == '-' ? 1 : 0);
  at = digits;
  while (at < setting_.size() && is_digit(setting_[at])) ++at;
  std::uint64_t width = 0;
  if (at > digits && read_number(std::string_view(setting_).substr(digits, at - digits), width))
    part.width = std::min<std::size_t>(width, longest_text);
  const char escape = at < setting_.size() ? setting_[at] : '\0';
  if (escape == '%') {
    parts_.push_back({0, "%", 0});
    return at + 1;
  }
  // The server leaves out what it does not know.
  if (escape == '\0' || known.find(escape) == std::string_view::npos)
    return base::error(base::Code::usage,
                       fmt::format("the log_line_prefix \"{}\" has an escape that is not known",
                                   base::printable_line(setting_)))
        .with_hint("Give it as the server shows it: SHOW log_line_prefix.");
  part.escape = escape;
  free_text_ = free_text_ || free_texts.find(escape) != std::string_view::npos;
  names_ = names_ || escape == 'u' || escape == 'd';
  parts_.push_back(std::move(part));
  return at + 1;
}

base::Result<Prefix> Prefix::parse(std::string_view setting) {
  Prefix made;
  made.setting_ = setting;
  for (std::size_t at = 0; at < setting.size();) {
    if (setting[at] == '%') {
      at = TRY(made.parse_escape(at + 1));
      continue;
    }
    const std::size_t end = std::min(setting.find('%', at), setting.size());
    made.parts_.push_back({0, std::string(setting.substr(at, end - at)), 0});
    at = end;
  }
  const bool names_process =
      std::any_of(made.parts_.begin(), made.parts_.end(),
                  [](const Part& part) { return part.escape == 'p' || part.escape == 'c'; });
  if (names_process) return made;
  return base::error(base::Code::usage,
                     fmt::format("the log_line_prefix \"{}\" has neither %p nor %c",
                                 base::printable_line(setting)))
      .with_detail("The lines of one connection are known by the process that wrote them.")
      .with_hint("Let the server write %p, or a csvlog or jsonlog, for a while.");
}

std::vector<Prefix> Prefix::well_known() {
  std::vector<Prefix> made;
  for (const char* setting : {
           "%m [%p] %q%u@%d ",                                 // the default, and Debian's
           "%t [%p]: [%l-1] user=%u,db=%d,app=%a,client=%h ",  // pgBadger's
           "%t [%p]: user=%u,db=%d,app=%a,client=%h ",         // pgBadger's newer one
           "%m [%p]: [%l-1] user=%u,db=%d,app=%a,client=%h ",  //
           "%m [%p]: user=%u,db=%d,app=%a,client=%h ",         //
           "%t [%p]: [%l-1] %quser=%u,db=%d ",                 // of old
           "%t:%r:%u@%d:[%p]:",                                // Amazon RDS
           "%m:%r:%u@%d:[%p]:",                                //
           "%m:%r:%u@%d:[%p]:%l:%e:%s:%v:%x:%c:%q%a:",         // Amazon RDS, Aurora
           "%t-%c-",                                           // Azure
           "%m [%p]: [%l-1] db=%d,user=%u ",                   // Google Cloud SQL
           "%t [%p] %q%u@%d ",                                 //
           "%t [%p]: [%l-1] %q%u@%d ",                         //
           "%m [%p]: [%l-1] %q%u@%d ",                         //
           "%m %u@%d %p %r ",                                  // Google AlloyDB
           "%t [%p-%l] %q%u@%d ",                              // Debian's before 10
           "%m [%p] %b ",                                      // with the backend's kind
           "%m [%p] [%a] %q%u@%d ",                            //
           "%m [%c] %q%u@%d ",
       }) {
    auto prefix = parse(setting);
    if (prefix) made.push_back(std::move(prefix).value());
  }
  return made;
}

}  // namespace server_log
