// SPDX-License-Identifier: PostgreSQL
#include "server_log/reader.h"

#include <errno.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/text.h"
#include "server_log/assembly.h"
#include "server_log/candidates.h"
#include "server_log/dialect.h"

namespace server_log {
namespace {

using base::Code;
using base::printable_line;
using base::Result;

struct Compression {
  std::string_view begins;
  const char* program;
};
constexpr Compression compressions[] = {{"\x1f\x8b", "zcat"},
                                        {"\x28\xb5\x2f\xfd", "zstdcat"},
                                        {std::string_view("\xfd\x37zXZ\0", 6), "xzcat"},
                                        {"BZh", "bzcat"}};

/// As a shell takes it for one word.
std::string word(const std::string& name) {
  const bool plain = name.find_first_not_of(
                         "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                         "0123456789_./+:@%=,-") == std::string::npos;
  if (plain && !name.starts_with('-')) return name;
  std::string quoted = name.starts_with('-') ? "'./" : "'";
  for (const char c : name) quoted += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return quoted + "'";
}

Result<void> must_be_plain(std::string_view first, const Settings& settings) {
  for (const Compression& each : compressions) {
    if (!first.starts_with(each.begins)) continue;
    const std::string shown =
        settings.name == "-" ? "LOGFILE" : printable_line(word(settings.name));
    return base::error(Code::parse,
                       fmt::format("\"{}\" is compressed", printable_line(settings.name)))
        .with_hint(fmt::format("Let its own program unpack it: {} {} | {}", each.program, shown,
                               settings.command));
  }
  return {};
}

/// What a log needs on its way to its connections.
class Reading {
 public:
  Reading(const Settings& settings, std::vector<Prefix> prefixes, const Take& take)
      : settings_(settings), prefixes_(std::move(prefixes)), assembly_(counted(take)) {}

  Result<Summary> all(const Read& read) {
    Blocks blocks(read, settings_.buffer);
    Block block;
    for (bool first = true; TRY(blocks.next(block)); first = false) {
      if (first) TRY(must_be_plain(block.text, settings_));
      add(block);
    }
    summary_.cut = !block.ends;
    if (dialect_) dialect_->end();
    assembly_.end();
    if (dialect_) summary_.unreadable += dialect_->unreadable();
    TRY(judge());
    return summary_;
  }

 private:
  Take counted(const Take& take) {
    return [this, &take](const Connection& connection) {
      using Ending = Connection::Ending;
      switch (connection.ending) {
        case Ending::authorized:
          ++summary_.authorized;
          break;
        case Ending::failed:
          ++summary_.failed;
          break;
        case Ending::failed_at_start:
          ++summary_.failed_at_start;
          break;
        case Ending::abandoned:
          ++summary_.abandoned;
      }
      take(connection);
    };
  }

  /// A line that no block holds is about no connection, but its quotes count.
  void add(const Block& block) {
    std::string_view text = block.text;
    if (!block.begins || (!block.ends && text.size() == settings_.buffer)) {
      const std::size_t rest = block.ends ? text.find('\n') + 1 : text.size();
      if (dialect_) dialect_->pass(text.substr(0, rest));
      text.remove_prefix(rest);
    }
    while (!dialect_ && !text.empty()) {
      dialect_ = recognised(text.substr(0, text.find('\n')));
      if (!dialect_) text.remove_prefix(std::min(text.find('\n'), text.size() - 1) + 1);
    }
    if (dialect_) add_lines(text);
  }

  void add_lines(std::string_view text) {
    std::size_t at = 0;
    for (;;) {
      const std::size_t found = find_candidate(text, at, dialect_->behind_fatal());
      if (found == std::string_view::npos) break;
      const std::size_t begin = begin_of_line(text.substr(0, found));
      const std::size_t end = text.find('\n', found);
      if (begin > at) dialect_->pass(text.substr(at, begin - at));
      const bool cut = end == std::string_view::npos;
      dialect_->add(text.substr(begin, end - begin), cut);
      if (cut) return;
      at = end + 1;
    }
    dialect_->pass(text.substr(at));
  }

  void told(const Entry& entry) {
    for (; unreadable_ < dialect_->unreadable(); ++unreadable_) assembly_.doubt();
    const Event event = event_of(entry);
    if (!assembly_.add(entry, event)) {
      ++summary_.unreadable;
      return;
    }
    if (event.kind == Event::Kind::authorized && event.replication && !entry.tells_database)
      ++summary_.perhaps_physical;
  }

  /// Of the first line that is a message of any; null before.
  std::unique_ptr<Dialect> recognised(std::string_view line) {
    if (begins_json(line)) {
      summary_.format = Format::json;
      return json_dialect(tell_);
    }
    if (begins_csv(line)) {
      summary_.format = Format::csv;
      return csv_dialect(tell_);
    }
    if (begins_stderr(line, prefixes_)) return stderr_dialect(std::move(prefixes_), tell_);
    return nullptr;
  }

  /// A log of which nothing was understood is never as good as an empty one.
  Result<void> judge() const {
    const std::string name = printable_line(settings_.name);
    if (!dialect_ && !settings_.line_prefix.empty())
      return base::error(Code::parse,
                         fmt::format("no line of \"{}\" begins as log_line_prefix says", name))
          .with_hint(
              "Ask the server with SHOW log_line_prefix. Messages in another language than English "
              "are not understood: lc_messages = 'C' changes it.");
    if (!dialect_)
      return base::error(Code::parse,
                         fmt::format("nothing in \"{}\" was recognised as a server's log", name))
          .with_detail(
              "Known are stderr with usual values of log_line_prefix, csvlog and jsonlog, each in "
              "English.")
          .with_hint(
              "Give --log-line-prefix as SHOW log_line_prefix has it. Messages in another language "
              "are not understood: lc_messages = 'C' changes it.");
    const std::uint64_t connections =
        summary_.authorized + summary_.failed + summary_.failed_at_start + summary_.abandoned;
    if (connections > 0) return {};
    return base::error(Code::parse,
                       fmt::format("\"{}\" tells of no connection that is understood", name))
        .with_detail(fmt::format("It was read as {}; lines that may be about connections and were "
                                 "not understood: {}.",
                                 to_string(summary_.format), summary_.unreadable))
        .with_hint(summary_.unreadable > 0 && settings_.line_prefix.empty() &&
                           summary_.format == Format::standard_error
                       ? "Give --log-line-prefix as SHOW log_line_prefix has it."
                       : "log_connections = on lets the server write them, lc_messages = 'C' in "
                         "English, which is what is understood.");
  }

  const Settings& settings_;
  const Dialect::Tell tell_ = [this](const Entry& entry) { told(entry); };
  std::vector<Prefix> prefixes_;
  Summary summary_;
  std::unique_ptr<Dialect> dialect_;
  std::uint64_t unreadable_ = 0;  ///< of the dialect's, those that were told to the assembly
  Assembly assembly_;
};

Result<base::Fd> open_log(const std::string& path) {
  base::Fd file(path == "-" ? ::fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 0)
                            : ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY));
  struct stat status {};
  if (!file.open() || ::fstat(file.get(), &status) != 0)
    return base::system_error(Code::file_io,
                              fmt::format("could not open \"{}\"", printable_line(path)), errno);
  const bool device =
      S_ISBLK(status.st_mode) || (S_ISCHR(status.st_mode) && ::isatty(file.get()) == 0);
  if (device || S_ISDIR(status.st_mode))
    return base::error(Code::file_io, fmt::format("\"{}\" is a {}, not a log", printable_line(path),
                                                  device ? "device" : "folder"));
  return file;
}

bool is_shorter(const base::Fd& file, std::uint64_t than) {
  struct stat status {};
  return ::fstat(file.get(), &status) == 0 && S_ISREG(status.st_mode) &&
         static_cast<std::uint64_t>(status.st_size) < than;
}

}  // namespace

Result<Summary> read_connections(const Read& read, const Settings& settings, const Take& take) {
  std::vector<Prefix> prefixes;
  if (settings.line_prefix.empty())
    prefixes = Prefix::well_known();
  else
    prefixes.push_back(TRY(Prefix::parse(settings.line_prefix)));
  return Reading(settings, std::move(prefixes), take).all(read);
}

Result<Summary> read_connections(const std::string& path, const Settings& settings,
                                 const Take& take) {
  const base::Fd file = TRY(open_log(path));
  std::uint64_t offset = 0;
  bool shrunk = false;
  const Read read = [&](char* to, std::size_t room) -> Result<std::size_t> {
    ssize_t got = 0;
    do got = ::read(file.get(), to, room);
    while (got < 0 && errno == EINTR);
    if (got < 0)
      return base::system_error(Code::file_io,
                                fmt::format("could not read \"{}\"", printable_line(path)), errno);
    offset += static_cast<std::uint64_t>(got);
    shrunk = shrunk || is_shorter(file, offset);
    return static_cast<std::size_t>(got);
  };
  Summary summary = TRY(read_connections(read, settings, take));
  summary.shrunk = shrunk;
  return summary;
}

const char* to_string(Format format) {
  switch (format) {
    case Format::csv:
      return "csvlog";
    case Format::json:
      return "jsonlog";
    case Format::standard_error:
      break;
  }
  return "stderr";
}

}  // namespace server_log
