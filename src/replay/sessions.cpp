// SPDX-License-Identifier: PostgreSQL
#include "replay/sessions.h"

#include <csv.h>
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <map>
#include <optional>

#include "base/text.h"

namespace replay {
namespace {

using admission::Transport;
using base::printable_line;
using base::Result;
using Cells = std::vector<std::string>;

constexpr std::string_view columns[] = {"user",  "database",    "address",     "tls",
                                        "gss",   "certificate", "replication", "application",
                                        "count", "last_seen"};
constexpr std::size_t needed_columns = 3;
// NAMEDATALEN - 1 bytes of a subject are in pg_stat_ssl (src/include/utils/backend_status.h).
constexpr std::size_t longest_subject = 63;

/// The rows of a CSV text; libcsv calls back for each cell and each row.
class Rows {
 public:
  static Result<std::vector<Cells>> read(const std::string& file, std::string_view text) {
    csv_parser parser{};
    if (csv_init(&parser, CSV_STRICT | CSV_STRICT_FINI) != 0)
      return base::error(base::Code::internal, "libcsv could not begin");
    Rows rows;
    // csv_fini would begin anew after an error and forget it.
    const bool whole =
        csv_parse(&parser, text.data(), text.size(), &on_cell, &on_row, &rows) == text.size() &&
        csv_fini(&parser, &on_cell, &on_row, &rows) == 0;
    const int why = csv_error(&parser);
    csv_free(&parser);
    if (whole) return std::move(rows.rows_);
    return base::error(base::Code::parse,
                       fmt::format("{}: row {} is no CSV: {}", printable_line(file),
                                   rows.rows_.size() + 1, csv_strerror(why)));
  }

 private:
  static void on_cell(void* cell, std::size_t length, void* self) {
    static_cast<Rows*>(self)->row_.emplace_back(static_cast<const char*>(cell), length);
  }
  static void on_row(int, void* self) {
    auto& rows = *static_cast<Rows*>(self);
    rows.rows_.push_back(std::exchange(rows.row_, {}));
  }

  std::vector<Cells> rows_;
  Cells row_;
};

class Reader {
 public:
  explicit Reader(const std::string& file) : file_(file) {}

  Result<void> header(const Cells& names) {
    for (std::size_t at = 0; at < names.size(); ++at) {
      if (std::find(std::begin(columns), std::end(columns), names[at]) == std::end(columns))
        return wrong(1, fmt::format("there is no column \"{}\"", printable_line(names[at])));
      if (!place_.emplace(names[at], at).second)
        return wrong(1, fmt::format("the column \"{}\" stands twice", names[at]));
    }
    for (std::size_t at = 0; at < needed_columns; ++at)
      if (!place_.contains(columns[at]))
        return wrong(1, fmt::format("the column \"{}\" is missing", columns[at]));
    return {};
  }

  Result<Session> session(std::size_t number, const Cells& cells) {
    if (cells.size() != place_.size())
      return wrong(number, fmt::format("{} cells under {} columns", cells.size(), place_.size()));
    number_ = number;
    cells_ = &cells;
    Session made;
    made.application = text("application");
    made.last_seen = text("last_seen");
    made.count = TRY(count());
    made.connection = TRY(connection(made.name_unknown));
    return made;
  }

 private:
  [[nodiscard]] base::Error wrong(std::size_t number, const std::string& what) const {
    return base::error(base::Code::parse,
                       fmt::format("{}: row {}: {}", printable_line(file_), number, what))
        .with_hint(fmt::format("The first row names the columns: {}.", fmt::join(columns, ", ")));
  }

  [[nodiscard]] std::string text(std::string_view column) const {
    const auto found = place_.find(column);
    return found == place_.end() ? std::string() : (*cells_)[found->second];
  }

  [[nodiscard]] base::Error bad(std::string_view column) const {
    return wrong(number_,
                 fmt::format("{} \"{}\" is not understood", column, printable_line(text(column))));
  }

  [[nodiscard]] Result<bool> flag(std::string_view column) const {
    const std::string value = text(column);
    for (const char* yes : {"on", "t", "true", "yes", "1"})
      if (value == yes) return true;
    for (const char* no : {"", "off", "f", "false", "no", "0"})
      if (value == no) return false;
    return bad(column);
  }

  [[nodiscard]] Result<std::uint64_t> count() const {
    const std::string value = text("count");
    if (value.empty()) return std::uint64_t(1);
    std::uint64_t read = 0;
    const auto [end, problem] = std::from_chars(value.data(), value.data() + value.size(), read);
    if (problem != std::errc() || end != value.data() + value.size()) return bad("count");
    return read;
  }

  [[nodiscard]] Result<admission::Connection> connection(bool& name_unknown) const {
    admission::Connection made;
    made.user = text("user");
    if (made.user.empty()) return wrong(number_, "the user is missing");
    made.physical_replication = TRY(flag("replication"));
    made.database = text("database");
    if (made.database.empty()) made.database = made.user;
    const bool tls = TRY(flag("tls"));
    const bool gss = TRY(flag("gss"));
    const std::string address = text("address");
    if (!address.empty()) {
      const hba::NumericAddress read = hba::read_address(address);
      if (read.state != hba::NumericAddress::State::address) return bad("address");
      made.address = read.address;
    }
    if ((tls && gss) || (address.empty() && (tls || gss)))
      return wrong(number_, "a session is on TLS or on GSS, and on neither by a socket");
    made.transport = address.empty() ? Transport::local
                     : tls           ? Transport::tls
                     : gss           ? Transport::gss
                                     : Transport::plain;
    const std::string certificate = text("certificate");
    if (certificate.empty()) return made;
    if (!tls) return wrong(number_, "a certificate is shown over TLS only");
    if (certificate.starts_with("CN=") || certificate.find(",CN=") != std::string::npos)
      return wrong(number_,
                   "a certificate is given by its CN alone, or with slashes as pg_stat_ssl does");
    const std::optional<std::string> name = common_name(certificate);
    name_unknown = !name;
    made.certificate = name.value_or(certificate);
    return made;
  }

  const std::string& file_;
  std::map<std::string, std::size_t, std::less<>> place_;
  std::size_t number_ = 0;
  const Cells* cells_ = nullptr;
};

}  // namespace

// X509_NAME_oneline's form begins with a slash.
std::optional<std::string> common_name(const std::string& certificate) {
  if (!certificate.starts_with('/')) return certificate;
  const std::size_t at = certificate.find("/CN=");
  if (at == std::string::npos) return std::nullopt;
  const std::size_t begin = at + 4;
  const std::size_t end = certificate.find('/', begin);
  if (end == std::string::npos && certificate.size() >= longest_subject) return std::nullopt;
  if (end != std::string::npos && certificate.find('=', end) == std::string::npos)
    return std::nullopt;
  return certificate.substr(begin, end - begin);
}

Result<std::vector<Session>> read_sessions(const std::string& file, std::string_view text) {
  const std::vector<Cells> rows = TRY(Rows::read(file, text));
  Reader reader(file);
  TRY(reader.header(rows.empty() ? Cells() : rows.front()));
  std::vector<Session> sessions;
  sessions.reserve(rows.size());
  for (std::size_t at = 1; at < rows.size(); ++at)
    sessions.push_back(TRY(reader.session(at + 1, rows[at])));
  return sessions;
}

}  // namespace replay
